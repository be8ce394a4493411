/* A small runtime for collaborative multitasking: many tasks take turns on one
   thread.  A task runs until it awaits something; then the next one that is ready
   runs.  Nobody interrupts it in between, so a task must never block.

   A task is a struct and a function.  The function returns at each await, and the
   runtime calls it again when what it awaits has come; the struct keeps what must
   live until then, the line to resume at among it.  (A compiler makes the same of a
   Rust async fn.)  A task that reads from its descriptor looks like this:

       struct reader {
           struct task task;        the runtime's part, first
           char buf[160];           the rest is the task's own
       };

       static void read_all(struct task *task)
       {
           struct reader *reader = (struct reader *)task;
           ssize_t n;

           task_begin(task);
           do {
               await_readable(task);
               n = read(reader->task.fd, reader->buf, sizeof reader->buf);
           } while (n > 0 || (n == -1 && should_retry(errno)));
           task_end(task);
           close(reader->task.fd);
           free(reader);
       }

   Between task_begin and task_end stands a hidden switch, with a case for each await.
   Hence three rules:
   - local variables stand above task_begin and are lost at each await; what must
     outlive one goes into the struct;
   - no switch stands around an await, and no break outside a loop: it would leave the
     hidden switch;
   - no line has two awaits. */

#ifndef RUNTIME_H
#define RUNTIME_H

#include <stddef.h>

#include "poller.h"

struct runtime;

/* The runtime's part of a task, for it alone to write; the task may read fd. */
struct task {
    void (*function)(struct task *task);
    struct runtime *runtime;
    struct task *next_sleeper;
    long long wake_at; /* in clock_ms time; 0: does not sleep */
    size_t token;
    int fd;
    unsigned interest; /* what the poller watches fd for */
    int line;          /* where the function resumes; 0: at its beginning */
};

/* Returns a runtime without tasks, or NULL with errno (see poller_create).
   runtime_destroy needs all tasks to have ended. */
struct runtime *runtime_create(void);
void runtime_destroy(struct runtime *runtime);

/* Starts a task, which runs FUNCTION: at once up to its first await, then in turns.
   All its awaits are for FD, which is non-blocking.  The runtime neither frees TASK nor
   closes FD: the task does, behind its task_end.

   Returns 0, or -1 with errno where resources are exhausted (see allocate_token and
   poller_register); the task has not run then. */
int runtime_spawn(struct runtime *runtime, struct task *task,
                  void (*function)(struct task *task), int fd);

/* Waits until there is a task that can go on, and lets each that can take its turn.
   Returns 0, after a signal too.  Returns -1 with errno where it can't wait, or can't
   wait for what a task awaits (see poller_wait and poller_reregister); call it again
   after a rest, for until then it may find the same task ready again and again. */
int runtime_turn(struct runtime *runtime);

/* Enclose the body of a task's function.  What stands behind task_end runs when the
   task has ended: the runtime has forgotten it by then. */
/* clang-format off */
#define task_begin(task) switch ((task)->line) { case 0:
#define task_end(task) } task_finish(task)
/* clang-format on */

/* Let the other tasks run until the task's descriptor is ready, or for MS milliseconds.
   An await may end early, as a wait on a condition variable may: try the call, and
   where it would block, await again.  So a descriptor that always has data gets one
   turn, then each other task that is ready gets one. */
#define await_readable(task) task_await(task, task_wait((task), READABLE))
#define await_writable(task) task_await(task, task_wait((task), WRITABLE))
#define await_sleep(task, ms) task_await(task, task_sleep((task), (ms)))

/* How an await works: it notes its line, says what the task waits for, and returns.
   The next call of the function jumps to the case, right behind that return. */
#define task_await(task, wait) \
    do { \
        (task)->line = __LINE__; \
        wait; \
        return; \
    case __LINE__:; \
    } while (0)

/* The functions behind the macros. */
void task_wait(struct task *task, unsigned interest);
void task_sleep(struct task *task, int ms);
void task_finish(struct task *task);

#endif
