#include "startup.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

int startup(void)
{
    /* open takes the lowest free number, which is FD: those below it are open. */
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", O_RDWR) == -1)
            return -1;

    signal(SIGPIPE, SIG_IGN);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    return 0;
}
