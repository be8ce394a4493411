#include "tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Makes the socket FD a passive one, at the address AI.  Returns 0, or -1 with errno. */
static int listen_at(int fd, const struct addrinfo *ai)
{
    int on = 1;

    /* Connections of an earlier run may still be in TIME_WAIT at this port.  With SO_REUSEADDR
       they do not keep the server from binding it again. */
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
        bind(fd, ai->ai_addr, ai->ai_addrlen) == -1)
        return -1;
    /* The kernel lowers the backlog to its own limit.  SOMAXCONN is the limit that was current
       when the C library was built: 128 with musl. */
    return listen(fd, INT_MAX);
}

/* Connects the socket FD to the address AI.  Returns 0, or -1 with errno. */
static int connect_to(int fd, const struct addrinfo *ai)
{
    struct pollfd connected = {.fd = fd, .events = POLLOUT};
    int error;
    socklen_t length = sizeof error;

    if (connect(fd, ai->ai_addr, ai->ai_addrlen) == 0)
        return 0;
    if (errno != EINTR)
        return -1;
    /* A signal has interrupted connect, but the kernel continues to set the connection up.  To
       call connect again would be an error (POSIX, connect). */
    while (poll(&connected, 1, -1) == -1)
        if (errno != EINTR)
            return -1;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == -1)
        return -1;
    errno = error;
    return error == 0 ? 0 : -1;
}

/* Opens a socket for each address of TEXT in turn, until PREPARE succeeds with one.  WHAT is
   the verb of the error message. */
static int open_socket(const char *what, int (*prepare)(int fd, const struct addrinfo *ai),
                       const char *text, char error[ERROR_SIZE])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *addresses;
    struct address address;
    const char *reason;
    int fd = -1;

    if (address_parse(text, &address, error) == -1)
        return -1;

    int failure = getaddrinfo(address.host, address.port, &hints, &addresses);
    if (failure == 0) {
        for (struct addrinfo *ai = addresses; ai != NULL && fd == -1; ai = ai->ai_next) {
            fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
            failure = errno;
            if (fd != -1 && (fcntl(fd, F_SETFD, FD_CLOEXEC) == -1 || prepare(fd, ai) == -1)) {
                failure = errno;
                close(fd);
                fd = -1;
            }
        }
        freeaddrinfo(addresses);
        reason = strerror(failure);
    } else if (failure == EAI_SYSTEM) {
        failure = errno;
        reason = strerror(failure);
    } else {
        reason = gai_strerror(failure);
        failure = EINVAL;
    }
    if (fd == -1) {
        snprintf(error, ERROR_SIZE, "cannot %s %.300s: %s", what, text, reason);
        errno = failure;
    }
    return fd;
}

int tcp_listen(const char *text, char error[ERROR_SIZE])
{
    return open_socket("listen on", listen_at, text, error);
}

int tcp_connect(const char *text, char error[ERROR_SIZE])
{
    return open_socket("connect to", connect_to, text, error);
}

void tcp_local_address(int socket, char text[ADDRESS_TEXT_SIZE])
{
    struct sockaddr_storage sa = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof sa;

    getsockname(socket, (struct sockaddr *)&sa, &length);
    address_format((struct sockaddr *)&sa, length, text);
}

void tcp_set_options(int socket)
{
    int on = 1;

    setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    fcntl(socket, F_SETFD, FD_CLOEXEC);
}

int set_nonblocking(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    if (flags == -1)
        return -1;
    return fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

bool should_retry(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

bool should_retry_accept(int error)
{
#ifdef __linux__ /* these are not in POSIX */
    if (error == EHOSTDOWN || error == ENONET)
        return true;
#endif
    return should_retry(error) || error == ECONNABORTED || error == EPROTO ||
           error == ENOPROTOOPT || error == EOPNOTSUPP || error == ENETDOWN ||
           error == ENETUNREACH || error == EHOSTUNREACH;
}
