/* SO_REUSEPORT is not in POSIX: glibc and Apple's headers want these. */
/* NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl*) */
#define _DEFAULT_SOURCE
#define _DARWIN_C_SOURCE
/* NOLINTEND(bugprone-reserved-identifier,cert-dcl*) */
#include "passive.h"

#include <fcntl.h>
#include <limits.h>
#include <sys/socket.h>
#include <unistd.h>

/* Opens a passive socket at the address SA, which others have too.  Returns it, or -1 with
   errno. */
static int listen_beside(const struct sockaddr_storage *sa, socklen_t length)
{
    int on = 1;
    int fd = socket(sa->ss_family, SOCK_STREAM, 0);

    if (fd != -1 &&
        (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 ||
         setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
         setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == -1 ||
         bind(fd, (const struct sockaddr *)sa, length) == -1 || listen(fd, INT_MAX) == -1)) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Each socket has its own backlog.  The kernel chooses the socket when it sets a
   connection up, by a hash of the connection's addresses and ports, and no other loop can
   accept it. */
int passive_socket(int socket, long number)
{
    struct sockaddr_storage sa;
    socklen_t length = sizeof sa;
    int on = 1;

    if (number == 0)
        return setsockopt(socket, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) == -1 ? -1
                                                                                  : socket;
    if (getsockname(socket, (struct sockaddr *)&sa, &length) == -1)
        return -1;
    return listen_beside(&sa, length);
}
