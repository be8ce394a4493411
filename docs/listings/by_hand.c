/* The same task twice: once with the macros of runtime.h, and once as the preprocessor writes
   it.  Each counts the bytes that it reads until the end of the stream.

   Usage: by_hand */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "runtime.h"
#include "tcp.h"

struct reader {
    struct task task;
    size_t count;
    bool done;
};

static void read_all(struct task *task)
{
    struct reader *reader = (struct reader *)task;
    char buf[160];
    ssize_t n;

    task_begin(task);
    for (;;) {
        await_readable(task);
        n = read(task->fd, buf, sizeof buf);
        if (n == -1 && should_retry(errno))
            continue;
        if (n <= 0)
            break;
        reader->count += (size_t)n;
    }
    task_end(task);
    reader->done = true;
}

enum { BEGINNING = 0, READABLE_NOW = 1 };

static void read_all_by_hand(struct task *task)
{
    struct reader *reader = (struct reader *)task;
    char buf[160];
    ssize_t n;

    switch (task->line) {
    case BEGINNING:
        for (;;) {
            task->line = READABLE_NOW;
            task_wait(task, READABLE);
            return;
        case READABLE_NOW:
            n = read(task->fd, buf, sizeof buf);
            if (n == -1 && should_retry(errno))
                continue;
            if (n <= 0)
                break;
            reader->count += (size_t)n;
        }
    }
    task_finish(task);
    reader->done = true;
}

/* Sends a thousand bytes to a task that runs FUNCTION.  Returns how many it has counted, or
   -1 if the system has no descriptor or memory left. */
static long count_with(void (*function)(struct task *task))
{
    static const char bytes[1000];
    struct reader reader = {.count = 0};
    struct runtime *runtime = runtime_create();
    int fds[2];

    if (runtime == NULL || socketpair(AF_UNIX, SOCK_STREAM, 0, fds) == -1 ||
        set_nonblocking(fds[0]) == -1 ||
        runtime_spawn(runtime, &reader.task, function, fds[0]) == -1 ||
        write(fds[1], bytes, sizeof bytes) != sizeof bytes)
        return -1;
    close(fds[1]);
    while (!reader.done)
        if (runtime_turn(runtime) == -1)
            return -1;
    close(fds[0]);
    return (long)reader.count;
}

int main(void)
{
    printf("read_all: %ld bytes\n", count_with(read_all));
    printf("read_all_by_hand: %ld bytes\n", count_with(read_all_by_hand));
    return EXIT_SUCCESS;
}
