/* Linked into every program by tests/coverage/run.  gcc counts lines in memory, and writes
   the counts when a program exits; the servers never exit.  With this, SIGUSR2 makes
   them exit. */

#include <signal.h>
#include <unistd.h>

/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*): names that gcc and ld give. */
void __gcov_dump(void);
int __real_main(int argc, char *argv[]);
int __wrap_main(int argc, char *argv[]);
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */

static void flush(int signal)
{
    (void)signal;
    /* A server that waits is in no other function of the C library: no harm is done.
       NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c) */
    __gcov_dump();
    _exit(0);
}

/* The linker puts it in the place of main (--wrap=main, see ld). */
int __wrap_main(int argc, char *argv[])
{
    signal(SIGUSR2, flush);
    return __real_main(argc, argv);
}
