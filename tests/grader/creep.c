/* Slows down one thread of a program: its newest one runs instruction by instruction, about a
   thousand times slower than the others.  Whatever it does in several steps, such as loading
   a number, adding and storing it, takes so long that the others run in between: a race that
   would show once in a million times shows every time.

   Usage: creep PID MS

   It detaches from the thread after MS milliseconds, or on SIGUSR1, and prints "creeps" when
   it begins.  If the system does not allow it (see ptrace(2)), it prints an error and exits
   with status 1. */

#ifdef __linux__
#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/wait.h>

#include "clock.h"
#include "script.h"

static pid_t newest_thread(const char *pid)
{
    char path[64];
    long newest = 0;

    snprintf(path, sizeof path, "/proc/%.20s/task", pid);
    DIR *directory = opendir(path);
    if (directory == NULL)
        return 0;
    for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
        long thread = strtol(entry->d_name, NULL, 10);
        if (thread > newest)
            newest = thread;
    }
    closedir(directory);
    return (pid_t)newest;
}

static bool released(void)
{
    sigset_t pending;

    sigpending(&pending);
    return sigismember(&pending, SIGUSR1) == 1;
}

/* Waits until the thread stops again.  It may be in a call that waits, and must stay attached
   until then: without a tracer, the trap after the call would kill it.  Returns false if the
   thread has ended. */
static bool stops(pid_t thread, int *status)
{
    for (int i = 0;; i++) {
        pid_t pid = waitpid(thread, status, WNOHANG | __WALL);
        if (pid != 0)
            return pid == thread && WIFSTOPPED(*status);
        if (i >= 1000)
            poll(NULL, 0, 1);
    }
}

/* The signal that has stopped the thread, to be passed on to it; 0 for a single step, and for
   our own PTRACE_INTERRUPT. */
static long signal_of(int status)
{
    int number = WSTOPSIG(status);

    return status >> 16 != 0 || number == SIGTRAP ? 0L : number;
}

int main(int argc, char *argv[])
{
    int status = 0;

    if (argc != 3) {
        fprintf(stderr, "arguments: <pid> <milliseconds>\n");
        return EXIT_FAILURE;
    }
    script_start();
    pid_t thread = newest_thread(argv[1]);
    if (thread == 0 || ptrace(PTRACE_SEIZE, thread, NULL, NULL) == -1) {
        fprintf(stderr, "creep: %s\n", strerror(errno));
        return EXIT_FAILURE;
    }
    printf("creeps\n");
    fflush(stdout);
    long long end = clock_ms() + strtol(argv[2], NULL, 10);
    ptrace(PTRACE_INTERRUPT, thread, NULL, NULL);
    while (stops(thread, &status)) {
        if (clock_ms() >= end || released()) {
            ptrace(PTRACE_DETACH, thread, NULL, signal_of(status));
            break;
        }
        ptrace(PTRACE_SINGLESTEP, thread, NULL, signal_of(status));
    }
    return EXIT_SUCCESS;
}

#else /* no ptrace, or another one */

#include <stdio.h>

int main(void)
{
    fprintf(stderr, "creep needs Linux\n");
    return 1;
}

#endif
