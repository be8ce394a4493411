/* The poller on Linux: the kernel keeps the registered descriptors and a list of
   those that are ready. */

#include "poller.h"

#include <stdint.h>
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

void poller_destroy(struct poller *poller)
{
    close(poller->epoll);
    free(poller);
}

static int control(struct poller *poller, int operation, int fd, size_t token,
                   unsigned interest)
{
    struct epoll_event event = {.data.u64 = token};

    if (interest & READABLE)
        event.events |= EPOLLIN;
    if (interest & WRITABLE)
        event.events |= EPOLLOUT;
    return epoll_ctl(poller->epoll, operation, fd, &event);
}

int poller_register(struct poller *poller, int fd, size_t token, unsigned interest)
{
    return control(poller, EPOLL_CTL_ADD, fd, token, interest);
}

int poller_reregister(struct poller *poller, int fd, size_t token, unsigned interest)
{
    return control(poller, EPOLL_CTL_MOD, fd, token, interest);
}

int poller_deregister(struct poller *poller, int fd)
{
    return control(poller, EPOLL_CTL_DEL, fd, 0, 0);
}

int poller_wait(struct poller *poller, struct event events[POLLER_MAX_EVENTS], int timeout)
{
    struct epoll_event ready[POLLER_MAX_EVENTS];
    /* The kernel moves what it has reported to the end of its list, so each
       ready descriptor has its turn. */
    int count = epoll_wait(poller->epoll, ready, POLLER_MAX_EVENTS, timeout);

    for (int i = 0; i < count; i++) {
        events[i].token = (size_t)ready[i].data.u64;
        events[i].readiness = 0;
        if (ready[i].events & (EPOLLIN | EPOLLERR | EPOLLHUP))
            events[i].readiness |= READABLE;
        if (ready[i].events & (EPOLLOUT | EPOLLERR | EPOLLHUP))
            events[i].readiness |= WRITABLE;
    }
    return count;
}
