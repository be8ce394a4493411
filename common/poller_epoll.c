/* The poller for Linux.  The kernel keeps the registered descriptors, and a list of those
   that have become ready. */

#include "poller.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

struct poller {
    int epoll;
};

struct poller *poller_create(void)
{
    struct poller *poller = malloc(sizeof *poller);

    if (poller == NULL)
        return NULL;
    poller->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (poller->epoll == -1) {
        free(poller);
        return NULL;
    }
    return poller;
}

static int watch(struct poller *poller, int operation, int fd, size_t token, unsigned interest)
{
    struct epoll_event event = {.data.u64 = token};

    if (interest & READABLE)
        event.events |= EPOLLIN;
    if (interest & WRITABLE)
        event.events |= EPOLLOUT;
    if (event.events == 0) {
        errno = EINVAL;
        return -1;
    }
    return epoll_ctl(poller->epoll, operation, fd, &event);
}

int poller_register(struct poller *poller, int fd, size_t token, unsigned interest)
{
    return watch(poller, EPOLL_CTL_ADD, fd, token, interest);
}

int poller_reregister(struct poller *poller, int fd, size_t token, unsigned interest)
{
    return watch(poller, EPOLL_CTL_MOD, fd, token, interest);
}

int poller_deregister(struct poller *poller, int fd)
{
    return epoll_ctl(poller->epoll, EPOLL_CTL_DEL, fd, NULL);
}

int poller_wait(struct poller *poller, struct event events[POLLER_MAX_EVENTS], int timeout)
{
    struct epoll_event ready[POLLER_MAX_EVENTS];
    /* If more are ready than fit, the kernel reports the others next time: it moves what it
       has reported to the end of its list. */
    int count = epoll_wait(poller->epoll, ready, POLLER_MAX_EVENTS, timeout);

    for (int i = 0; i < count; i++) {
        bool failed = ready[i].events & (EPOLLERR | EPOLLHUP);
        events[i] = (struct event){.token = (size_t)ready[i].data.u64};
        if (failed || ready[i].events & EPOLLIN)
            events[i].readiness |= READABLE;
        if (failed || ready[i].events & EPOLLOUT)
            events[i].readiness |= WRITABLE;
    }
    return count;
}
