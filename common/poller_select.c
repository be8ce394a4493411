/* The poller for any POSIX system, with the oldest of the four calls.  We keep two sets of
   bits, one for reading and one for writing, with a bit for each descriptor.  select gets a
   copy of both, and clears the bits of those that are not ready.  A set has FD_SETSIZE bits,
   often 1024: to set a bit beyond them would overwrite other memory. */

#include "poller.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/select.h>

struct sets {
    fd_set readable;
    fd_set writable;
};

struct poller {
    struct sets interest;
    struct sets ready; /* what the last select left */
    size_t tokens[FD_SETSIZE];
    int end;  /* all registered descriptors are below */
    int next; /* where the search for ready descriptors continues */
};

struct poller *poller_create(void)
{
    struct poller *poller = calloc(1, sizeof *poller);

    if (poller == NULL)
        return NULL;
    FD_ZERO(&poller->interest.readable);
    FD_ZERO(&poller->interest.writable);
    poller->ready = poller->interest;
    return poller;
}

/* The macros convert FD to an int on some systems, to a size_t on others: this fits both. */
static unsigned short bit(int fd)
{
    return (unsigned short)fd;
}

static bool is_registered(struct poller *poller, int fd)
{
    return fd >= 0 && fd < poller->end &&
           (FD_ISSET(bit(fd), &poller->interest.readable) ||
            FD_ISSET(bit(fd), &poller->interest.writable));
}

/* Also forgets what the last select reported of FD. */
static void unwatch(struct poller *poller, int fd)
{
    FD_CLR(bit(fd), &poller->interest.readable);
    FD_CLR(bit(fd), &poller->interest.writable);
    FD_CLR(bit(fd), &poller->ready.readable);
    FD_CLR(bit(fd), &poller->ready.writable);
}

static int watch(struct poller *poller, int fd, size_t token, unsigned interest)
{
    if (interest == 0) {
        errno = EINVAL;
        return -1;
    }
    unwatch(poller, fd);
    if (interest & READABLE)
        FD_SET(bit(fd), &poller->interest.readable);
    if (interest & WRITABLE)
        FD_SET(bit(fd), &poller->interest.writable);
    poller->tokens[fd] = token;
    if (fd >= poller->end)
        poller->end = fd + 1;
    return 0;
}

int poller_register(struct poller *poller, int fd, size_t token, unsigned interest)
{
    if (fd < 0 || fd >= FD_SETSIZE || is_registered(poller, fd)) {
        errno = fd < 0 ? EBADF : fd >= FD_SETSIZE ? EMFILE : EEXIST;
        return -1;
    }
    return watch(poller, fd, token, interest);
}

int poller_reregister(struct poller *poller, int fd, size_t token, unsigned interest)
{
    if (!is_registered(poller, fd)) {
        errno = ENOENT;
        return -1;
    }
    return watch(poller, fd, token, interest);
}

int poller_deregister(struct poller *poller, int fd)
{
    if (!is_registered(poller, fd)) {
        errno = ENOENT;
        return -1;
    }
    unwatch(poller, fd);
    while (poller->end > 0 && !is_registered(poller, poller->end - 1))
        poller->end--;
    return 0;
}

int poller_wait(struct poller *poller, struct event events[POLLER_MAX_EVENTS], int timeout)
{
    struct timeval time = {.tv_sec = timeout / 1000,
                           .tv_usec = (suseconds_t)(timeout % 1000) * 1000};
    int count = 0;

    /* If more were ready than fit, the next calls report them, and only then do we ask
       select again, which is expensive. */
    while (count == 0) {
        if (poller->next >= poller->end) {
            poller->ready = poller->interest;
            int ready = select(poller->end, &poller->ready.readable, &poller->ready.writable,
                               NULL, timeout < 0 ? NULL : &time);
            if (ready <= 0)
                return ready;
            poller->next = 0;
        }
        for (; poller->next < poller->end && count < POLLER_MAX_EVENTS; poller->next++) {
            unsigned readiness = 0;
            if (FD_ISSET(bit(poller->next), &poller->ready.readable))
                readiness |= READABLE;
            if (FD_ISSET(bit(poller->next), &poller->ready.writable))
                readiness |= WRITABLE;
            if (readiness != 0)
                events[count++] = (struct event){poller->tokens[poller->next], readiness};
        }
    }
    return count;
}
