#include "runtime.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "array.h"
#include "clock.h"
#include "poller.h"
#include "tokenmanager.h"

struct runtime {
    struct poller *poller;
    struct token_manager tokens;
    struct task **tasks; /* indexed by token */
    size_t capacity;
    struct task *sleepers; /* the first to wake comes first */
    int error;             /* why a task's interest could not be changed; 0: none */
};

struct runtime *runtime_create(void)
{
    struct runtime *runtime = calloc(1, sizeof *runtime);

    if (runtime == NULL)
        return NULL;
    token_manager_init(&runtime->tokens);
    runtime->poller = poller_create();
    if (runtime->poller == NULL) {
        free(runtime);
        return NULL;
    }
    return runtime;
}

void runtime_destroy(struct runtime *runtime)
{
    poller_destroy(runtime->poller);
    token_manager_destroy(&runtime->tokens);
    free(runtime->tasks);
    free(runtime);
}

int runtime_spawn(struct runtime *runtime, struct task *task,
                  void (*function)(struct task *task), int fd)
{
    size_t token;
    if (allocate_token(&runtime->tokens, &token) == -1)
        return -1;

    struct task **tasks = array_grow(runtime->tasks, &runtime->capacity, token + 1,
                                     sizeof(struct task *));
    if (tasks != NULL)
        runtime->tasks = tasks;
    if (tasks == NULL || poller_register(runtime->poller, fd, token, READABLE) == -1) {
        free_token(&runtime->tokens, token);
        return -1;
    }
    *task = (struct task){.function = function,
                          .runtime = runtime,
                          .token = token,
                          .fd = fd,
                          .interest = READABLE};
    tasks[token] = task;
    function(task);
    return 0;
}

void task_finish(struct task *task)
{
    struct runtime *runtime = task->runtime;

    poller_deregister(runtime->poller, task->fd);
    runtime->tasks[task->token] = NULL;
    /* The next task gets this token.  No event of the old one can reach it: a wait
       reports each descriptor once, and a task ends only in its own turn. */
    free_token(&runtime->tokens, task->token);
}

/* Changes what the poller watches for, where it differs: most tasks await the same
   thing again and again.  Returns 0, or -1 where it can't be changed. */
static int watch_for(struct task *task, unsigned interest)
{
    struct runtime *runtime = task->runtime;

    if (task->interest == interest)
        return 0;
    if (poller_reregister(runtime->poller, task->fd, task->token, interest) == -1) {
        runtime->error = errno;
        return -1;
    }
    task->interest = interest;
    return 0;
}

static void add_sleeper(struct task *task, int ms)
{
    struct task **place = &task->runtime->sleepers;

    task->wake_at = clock_ms() + (ms > 0 ? ms : 1);
    while (*place != NULL && (*place)->wake_at <= task->wake_at)
        place = &(*place)->next_sleeper;
    task->next_sleeper = *place;
    *place = task;
}

static void remove_sleeper(struct task *task)
{
    struct task **place = &task->runtime->sleepers;

    while (*place != task)
        place = &(*place)->next_sleeper;
    *place = task->next_sleeper;
    task->wake_at = 0;
}

void task_wait(struct task *task, unsigned interest)
{
    /* Should it fail, the task tries its call again: after a while, or as soon as what
       it awaited before is ready. */
    if (watch_for(task, interest) == -1)
        add_sleeper(task, 100);
}

void task_sleep(struct task *task, int ms)
{
    watch_for(task, 0);
    add_sleeper(task, ms);
}

static void resume(struct task *task)
{
    if (task->wake_at != 0)
        remove_sleeper(task);
    task->function(task);
    /* It may have ended, and its memory be gone. */
}

/* How long the next wait may last. */
static int timeout(const struct runtime *runtime)
{
    if (runtime->sleepers == NULL)
        return -1;
    long long left = runtime->sleepers->wake_at - clock_ms();
    if (left < 0)
        return 0;
    return left < INT_MAX ? (int)left : INT_MAX;
}

int runtime_turn(struct runtime *runtime)
{
    struct event events[POLLER_MAX_EVENTS];
    int count = poller_wait(runtime->poller, events, timeout(runtime));

    if (count == -1 && errno != EINTR)
        return -1;
    for (int i = 0; i < count; i++)
        resume(runtime->tasks[events[i].token]);

    /* A task that sleeps anew gets a later time, so this ends. */
    long long now = runtime->sleepers == NULL ? 0 : clock_ms();
    while (runtime->sleepers != NULL && runtime->sleepers->wake_at <= now)
        resume(runtime->sleepers);

    if (runtime->error != 0) {
        errno = runtime->error;
        runtime->error = 0;
        return -1;
    }
    return 0;
}
