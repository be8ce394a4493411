/* tests/coverage/run links this into every program.  gcc counts lines in memory, and writes
   the counts when a program exits, which the servers never do.  This makes them exit on
   SIGUSR2. */

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
    /* Safe, because a server that waits is not in another function of the C library.
       NOLINTNEXTLINE(bugprone-signal-handler,cert-sig30-c) */
    __gcov_dump();
    _exit(0);
}

/* The linker calls it instead of main (--wrap=main, see ld). */
int __wrap_main(int argc, char *argv[])
{
    signal(SIGUSR2, flush);
    return __real_main(argc, argv);
}
