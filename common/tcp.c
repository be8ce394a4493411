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

/* Closes FD and keeps the errno of what failed before. */
static int close_failed(int fd)
{
    int error = errno;

    close(fd);
    errno = error;
    return -1;
}

static int set_close_on_exec(int fd)
{
    return fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/* Opens a passive socket at the one address AI; -1 with errno where it can't. */
static int listen_at(const struct addrinfo *ai)
{
    int on = 1;
    int fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);

    if (fd == -1)
        return -1;
    /* Connections of an earlier run may still be in TIME_WAIT at this port; with
       SO_REUSEADDR they do not keep the server from coming back. */
    if (set_close_on_exec(fd) == -1 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1 ||
        bind(fd, ai->ai_addr, ai->ai_addrlen) == -1 ||
        /* The kernel lowers the backlog to its own limit.  SOMAXCONN would be the
           limit of the day when the C library was built: 128 with musl. */
        listen(fd, INT_MAX) == -1)
        return close_failed(fd);
    return fd;
}

/* A signal has interrupted connect, but not the connection's setup, which ends
   in the background; calling connect again would be an error (POSIX, connect). */
static int finish_connect(int fd)
{
    struct pollfd wait = {.fd = fd, .events = POLLOUT};
    int error;
    socklen_t length = sizeof error;

    while (poll(&wait, 1, -1) == -1)
        if (errno != EINTR)
            return -1;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == -1)
        return -1;
    errno = error;
    return error == 0 ? 0 : -1;
}

/* Opens a socket connected to the one address AI; -1 with errno where it can't. */
static int connect_to(const struct addrinfo *ai)
{
    int fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);

    if (fd == -1)
        return -1;
    if (set_close_on_exec(fd) == -1)
        return close_failed(fd);
    if (connect(fd, ai->ai_addr, ai->ai_addrlen) == -1 &&
        (errno != EINTR || finish_connect(fd) == -1))
        return close_failed(fd);
    return fd;
}

/* Calls OPEN_AT for each address that TEXT stands for until one gives a socket.
   WHAT is what the caller wants to do, for the message. */
static int open_socket(const char *what, int (*open_at)(const struct addrinfo *),
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
        for (struct addrinfo *ai = addresses; ai != NULL && fd == -1; ai = ai->ai_next)
            fd = open_at(ai);
        failure = errno;
        reason = strerror(failure);
        freeaddrinfo(addresses);
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
    set_close_on_exec(socket);
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
#ifdef EHOSTDOWN /* not in POSIX */
    if (error == EHOSTDOWN)
        return true;
#endif
#ifdef ENONET /* Linux only */
    if (error == ENONET)
        return true;
#endif
    return should_retry(error) || error == ECONNABORTED || error == EPROTO ||
           error == ENOPROTOOPT || error == EOPNOTSUPP || error == ENETDOWN ||
           error == ENETUNREACH || error == EHOSTUNREACH;
}
