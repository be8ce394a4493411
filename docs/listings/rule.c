/* Shows why a task must never block.  One task ticks three times, a tenth of a second
   apart.  Another works for a second: it either awaits the end of that second, or sleeps
   until then, and all tasks sleep with it.

   Usage: rule await, or rule block */

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "clock.h"
#include "runtime.h"

struct ticker {
    struct task task;
    int ticks;
};

struct worker {
    struct task task;
    bool blocks;
    bool done;
};

static void tick(struct task *task)
{
    struct ticker *ticker = (struct ticker *)task;

    task_begin(task);
    while (ticker->ticks < 3) {
        await_sleep(task, 100);
        printf("tick %d\n", ++ticker->ticks);
    }
    task_end(task);
}

static void work(struct task *task)
{
    struct worker *worker = (struct worker *)task;

    task_begin(task);
    printf("work begins\n");
    if (worker->blocks)
        sleep_ms(1000); /* the one thread sleeps: no task runs */
    else
        await_sleep(task, 1000); /* this task sleeps: the others run */
    printf("work is done\n");
    task_end(task);
    worker->done = true;
}

int main(int argc, char *argv[])
{
    if (argc != 2 || (strcmp(argv[1], "await") != 0 && strcmp(argv[1], "block") != 0)) {
        fprintf(stderr, "arguments: await, or block\n");
        return EXIT_FAILURE;
    }
    struct ticker ticker = {.ticks = 0};
    struct worker worker = {.blocks = strcmp(argv[1], "block") == 0};

    /* Each task needs a descriptor.  These two only sleep, so any will do. */
    int fds[2];
    struct runtime *runtime = runtime_create();
    if (runtime == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == -1 ||
        runtime_spawn(runtime, &ticker.task, tick, fds[0]) == -1 ||
        runtime_spawn(runtime, &worker.task, work, fds[1]) == -1) {
        perror("cannot start the tasks");
        return EXIT_FAILURE;
    }
    while (ticker.ticks < 3 || !worker.done) {
        if (runtime_turn(runtime) == -1) {
            perror("cannot wait");
            return EXIT_FAILURE;
        }
    }
    return EXIT_SUCCESS;
}
