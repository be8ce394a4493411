#include "runtime.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "array.h"
#include "clock.h"

struct runtime {
    struct poller *poller;
    struct task **tasks; /* indexed by descriptor, which is the token too; NULL: no task */
    size_t capacity;
    struct task *sleepers; /* the first to wake comes first */
    struct task *running;  /* the task whose function runs; NULL when it must return */
};

struct runtime *runtime_create(void)
{
    struct runtime *runtime = calloc(1, sizeof *runtime);

    if (runtime != NULL)
        runtime->poller = poller_create();
    if (runtime == NULL || runtime->poller != NULL)
        return runtime;
    free(runtime);
    return NULL;
}

/* Calls the task's function, which returns at its next await or at its end.  By then the
   task may have freed itself, so only the runtime knows whether it has kept the rules. */
static void run(struct runtime *runtime, struct task *task)
{
    struct task *spawner = runtime->running;

    runtime->running = task;
    task->function(task);
    assert(runtime->running == NULL &&
           "a task returned without an await or task_end (rule 1 in runtime.h)");
    runtime->running = spawner;
}

/* Until it returns, the task must neither await nor end again. */
static void leave(struct task *task)
{
    assert(task->runtime->running == task &&
           "a function that the task called awaited (rule 2 in runtime.h)");
    task->runtime->running = NULL;
}

void task_lost(void)
{
    fputs("a task awaited in a second task_begin (rule 2 in runtime.h)\n", stderr);
    abort();
}

int runtime_spawn(struct runtime *runtime, struct task *task,
                  void (*function)(struct task *task), int fd)
{
    struct task **tasks = array_grow(runtime->tasks, &runtime->capacity, (size_t)fd + 1,
                                     sizeof(struct task *));
    if (tasks == NULL)
        return -1;
    runtime->tasks = tasks;
    if (tasks[fd] != NULL) {
        errno = EEXIST;
        return -1;
    }
    if (poller_register(runtime->poller, fd, (size_t)fd, READABLE) == -1)
        return -1;
    *task = (struct task){
        .function = function, .runtime = runtime, .fd = fd, .interest = READABLE};
    tasks[fd] = task;
    run(runtime, task);
    return 0;
}

static void unwatch(struct task *task)
{
    if (task->interest != 0)
        poller_deregister(task->runtime->poller, task->fd);
    task->interest = 0;
}

void task_finish(struct task *task)
{
    assert((fcntl(task->fd, F_GETFD) != -1 || errno != EBADF) &&
           "a task closed its descriptor before task_end (rule 5 in runtime.h)");
    leave(task);
    unwatch(task);
    /* The next task may get the same descriptor.  No event of this one can reach it: a wait
       reports each descriptor once, and this task's event has just been served. */
    task->runtime->tasks[task->fd] = NULL;
}

void task_sleep(struct task *task, int ms)
{
    struct task **place = &task->runtime->sleepers;

    leave(task);
    unwatch(task);
    task->wake_at = clock_ms() + (ms > 0 ? ms : 1);
    while (*place != NULL && (*place)->wake_at <= task->wake_at)
        place = &(*place)->next_sleeper;
    task->next_sleeper = *place;
    *place = task;
}

void task_wait(struct task *task, unsigned interest)
{
    struct poller *poller = task->runtime->poller;
    int status = 0;

    /* Most tasks await the same thing again and again; then there is nothing to change. */
    if (task->interest == 0)
        status = poller_register(poller, task->fd, (size_t)task->fd, interest);
    else if (task->interest != interest)
        status = poller_reregister(poller, task->fd, (size_t)task->fd, interest);
    if (status == -1) {
        task_sleep(task, 100); /* out of memory, say: wake up by time, and try again */
        return;
    }
    task->interest = interest;
    leave(task);
}

int runtime_turn(struct runtime *runtime)
{
    struct event events[POLLER_MAX_EVENTS];
    int timeout = -1;

    if (runtime->sleepers != NULL) {
        long long left = runtime->sleepers->wake_at - clock_ms();
        timeout = left > 0 ? (int)left : 0;
    }
    int count = poller_wait(runtime->poller, events, timeout);
    if (count == -1 && errno != EINTR)
        return -1;
    for (int i = 0; i < count; i++)
        run(runtime, runtime->tasks[events[i].token]);

    /* A task that sleeps again wakes up later than now, so this ends. */
    long long now = runtime->sleepers == NULL ? 0 : clock_ms();
    while (runtime->sleepers != NULL && runtime->sleepers->wake_at <= now) {
        struct task *first = runtime->sleepers;
        runtime->sleepers = first->next_sleeper;
        run(runtime, first);
    }
    return 0;
}
