/* The poller for macOS and the BSDs.  As with epoll the kernel keeps the registered
   descriptors and reports those that are ready; but it has an entry, called a filter, for
   reading from a descriptor, and another for writing to it. */

#include "poller.h"

#include <sys/types.h> /* first: some systems' sys/event.h needs it */

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/event.h>
#include <sys/time.h>
#include <unistd.h>

#include "array.h"

/* EV_ADD silently changes a filter that exists, and EV_DELETE fails for one that does not.  So
   we remember which filters each descriptor has. */
struct poller {
    int kqueue;
    unsigned char *interests; /* indexed by descriptor; 0: not registered */
    size_t capacity;
};

struct poller *poller_create(void)
{
    struct poller *poller = calloc(1, sizeof *poller);

    if (poller == NULL)
        return NULL;
    poller->kqueue = kqueue();
    if (poller->kqueue == -1) {
        free(poller);
        return NULL;
    }
    fcntl(poller->kqueue, F_SETFD, FD_CLOEXEC);
    return poller;
}

static unsigned interest_of(const struct poller *poller, int fd)
{
    return fd >= 0 && (size_t)fd < poller->capacity ? poller->interests[fd] : 0;
}

/* Adds or changes the filters that INTEREST names, and deletes the others. */
static int watch(struct poller *poller, int fd, size_t token, unsigned interest)
{
    unsigned old = interest_of(poller, fd);
    struct kevent changes[2];
    int count = 0;

    if ((interest | old) & READABLE)
        EV_SET(&changes[count++], (uintptr_t)fd, EVFILT_READ,
               interest & READABLE ? EV_ADD : EV_DELETE, 0, 0, (void *)token);
    if ((interest | old) & WRITABLE)
        EV_SET(&changes[count++], (uintptr_t)fd, EVFILT_WRITE,
               interest & WRITABLE ? EV_ADD : EV_DELETE, 0, 0, (void *)token);
    /* The kernel makes the changes in order, up to one that fails: a new filter, if there is
       no memory.  So a new filter comes first; and if both are new, none may stay. */
    if (count == 2 && old == READABLE) {
        struct kevent change = changes[0];
        changes[0] = changes[1];
        changes[1] = change;
    }
    if (kevent(poller->kqueue, changes, count, NULL, 0, NULL) == -1) {
        int error = errno;
        changes[0].flags = EV_DELETE;
        if (old == 0)
            kevent(poller->kqueue, changes, 1, NULL, 0, NULL);
        errno = error;
        return -1;
    }
    poller->interests[fd] = (unsigned char)interest;
    return 0;
}

int poller_register(struct poller *poller, int fd, size_t token, unsigned interest)
{
    if (fd < 0 || interest == 0 || interest_of(poller, fd) != 0) {
        errno = fd < 0 ? EBADF : interest == 0 ? EINVAL : EEXIST;
        return -1;
    }
    size_t needed = (size_t)fd + 1;
    unsigned char *interests = array_grow(poller->interests, &poller->capacity, needed, 1);
    if (interests == NULL)
        return -1;
    poller->interests = interests;
    return watch(poller, fd, token, interest);
}

int poller_reregister(struct poller *poller, int fd, size_t token, unsigned interest)
{
    if (interest == 0 || interest_of(poller, fd) == 0) {
        errno = interest == 0 ? EINVAL : ENOENT;
        return -1;
    }
    return watch(poller, fd, token, interest);
}

int poller_deregister(struct poller *poller, int fd)
{
    if (interest_of(poller, fd) == 0) {
        errno = ENOENT;
        return -1;
    }
    return watch(poller, fd, 0, 0);
}

int poller_wait(struct poller *poller, struct event events[POLLER_MAX_EVENTS], int timeout)
{
    struct timespec time = {.tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1000000L};
    struct kevent ready[POLLER_MAX_EVENTS];
    int got = kevent(poller->kqueue, NULL, 0, ready, POLLER_MAX_EVENTS,
                     timeout < 0 ? NULL : &time);
    int count = 0;

    if (got == -1)
        return -1;
    for (int i = 0; i < got; i++) {
        /* A descriptor that is ready in both ways has two entries, but gets one event. */
        int place = 0;
        while (place < count && ready[place].ident != ready[i].ident)
            place++;
        if (place == count) {
            ready[count] = ready[i];
            events[count++] = (struct event){.token = (size_t)ready[i].udata};
        }
        events[place].readiness |= ready[i].filter == EVFILT_READ ? READABLE : WRITABLE;
    }
    return count;
}
