/* A small runtime for cooperative multitasking (the chapter says collaborative): many tasks
   share one thread.  A task runs until it awaits something; then the next task that is ready
   runs.  Nothing interrupts a task in between, so it must never block.

   A task is a struct and a function.  The function returns at each await, and the runtime
   calls it again when what it awaits has happened.  The struct keeps what must survive until
   then, including the line to resume at.  (This is a stackless coroutine; a compiler makes
   the same of a Rust async fn.)  A task that reads from its descriptor looks like this:

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
               n = read(task->fd, reader->buf, sizeof reader->buf);
           } while (n > 0 || (n == -1 && should_retry(errno)));
           task_end(task);
           close(task->fd);
           free(reader);
       }

   task_begin opens a hidden switch, which has a case for each await and ends at task_end
   (Duff's device).  Hence the rules:
   1. A task leaves its body by an await or through task_end, never by a return.
   2. Only the task's own function awaits, not a function that it calls, and it has one
      task_begin and one task_end.
   3. No line has two awaits.
   4. A task is spawned once, with a descriptor that no other task has.
   5. A task closes its descriptor after task_end.
   6. Local variables are declared above task_begin, and lose their values at each await.
   7. No switch encloses an await, and no break is outside a loop: it would leave the hidden
      switch, and so end the task.
   The compiler rejects a task that breaks rule 3; an assertion stops the program when a task
   breaks rule 1, 2 or 5; and runtime_spawn fails if the descriptor has a task (rule 4). */

#ifndef RUNTIME_H
#define RUNTIME_H

#include <stdnoreturn.h>

#include "poller.h"

struct runtime;

/* The runtime's part of a task, which only the runtime writes. */
struct task {
    void (*function)(struct task *task);
    struct runtime *runtime;
    struct task *next_sleeper;
    long long wake_at; /* in clock_ms time, while it sleeps */
    int fd;
    unsigned interest; /* what the poller watches fd for; 0: not registered */
    int line;          /* where the function resumes; 0: at its beginning */
};

/* Returns a runtime without tasks, for as long as the program runs; or NULL with errno (see
   poller_create). */
struct runtime *runtime_create(void);

/* Starts a task, which runs FUNCTION: immediately up to its first await, the rest in
   runtime_turn.  All its awaits are for FD, which must be non-blocking.  The runtime neither
   frees TASK nor closes FD: the task does both after its task_end.

   Returns 0, or -1 with errno: EEXIST if a task has FD already, ENOMEM, or that of
   poller_register; then the task has not run. */
int runtime_spawn(struct runtime *runtime, struct task *task,
                  void (*function)(struct task *task), int fd);

/* Waits until a task can continue, and runs each that can, once.  Returns 0, also after a
   signal; or -1 with errno if it cannot wait (see poller_wait).  Pause before the next call
   then. */
int runtime_turn(struct runtime *runtime);

/* These enclose the body of a task's function.  What follows task_end runs when the task has
   ended, and the runtime has forgotten it. */
/* clang-format off */
#define task_begin(task) switch ((task)->line) { default: task_lost(); case 0:
#define task_end(task) } task_finish(task)
/* clang-format on */

/* Let the other tasks run until the task's descriptor is ready, or for MS milliseconds.
   While a task sleeps its descriptor is not watched.  A wait for the descriptor may end
   early (a spurious wakeup, as with a condition variable): try the call, and if it would
   block, await again.  A task that always finds data still runs only once in each turn. */
#define await_readable(task) task_await(task, task_wait((task), READABLE))
#define await_writable(task) task_await(task, task_wait((task), WRITABLE))
#define await_sleep(task, ms) task_await(task, task_sleep((task), (ms)))

/* How an await works: it notes its line, says what the task waits for, and returns.  The
   next call of the function jumps to the case, right after that return. */
#define task_await(task, wait) \
    do { \
        (task)->line = __LINE__; \
        wait; \
        return; \
    case __LINE__:; \
    } while (0)

/* The functions that the macros call. */
void task_wait(struct task *task, unsigned interest);
void task_sleep(struct task *task, int ms);
void task_finish(struct task *task);
noreturn void task_lost(void);

#endif
