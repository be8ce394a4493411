/* What startup guarantees, however the program was started. */

#include "startup.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"

static void test_descriptors(void)
{
    struct stat null, found;
    int errors = fcntl(STDERR_FILENO, F_DUPFD, 10); /* for CHECK, which needs one */

    CHECK(stat("/dev/null", &null) == 0);
    for (int fd = 0; fd <= 2; fd++)
        close(fd);
    startup();
    CHECK(dup2(STDERR_FILENO, 11) == 11);
    CHECK(dup2(errors, STDERR_FILENO) == STDERR_FILENO);
    int fds[] = {0, 1, 11};
    for (size_t i = 0; i < 3; i++)
        CHECK(fstat(fds[i], &found) == 0 && found.st_rdev == null.st_rdev);
    close(11);

    /* Descriptors that are open remain as they are. */
    int pair[2];
    CHECK(pipe(pair) == 0);
    CHECK(dup2(pair[1], STDOUT_FILENO) == STDOUT_FILENO);
    startup();
    CHECK(write(STDOUT_FILENO, "x", 1) == 1);
    char byte;
    CHECK(read(pair[0], &byte, 1) == 1 && byte == 'x');
    close(pair[0]);
}

static void test_signals(void)
{
    struct sigaction action;

    signal(SIGINT, SIG_IGN);
    signal(SIGTERM, SIG_IGN);
    signal(SIGPIPE, SIG_DFL);
    startup();
    CHECK(sigaction(SIGINT, NULL, &action) == 0 && action.sa_handler == SIG_DFL);
    CHECK(sigaction(SIGTERM, NULL, &action) == 0 && action.sa_handler == SIG_DFL);
    CHECK(sigaction(SIGPIPE, NULL, &action) == 0 && action.sa_handler == SIG_IGN);
}

int main(void)
{
    test_descriptors();
    test_signals();
    return EXIT_SUCCESS;
}
