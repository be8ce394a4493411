/* The poller for any POSIX system.  We keep the registered descriptors in an array, the
   process hands all of it to the kernel in each call of poll, and then looks through all
   of it for those that are ready. */

#include "poller.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>

#include "array.h"

/* Both arrays are indexed by descriptor.  An entry that is not registered has the
   descriptor -1, which poll skips. */
struct poller {
    struct pollfd *fds;
    size_t fds_capacity;
    size_t *tokens;
    size_t tokens_capacity;
    size_t end;  /* all registered descriptors are below */
    size_t next; /* where the search for ready descriptors continues */
};

struct poller *poller_create(void)
{
    return calloc(1, sizeof(struct poller));
}

static bool is_registered(const struct poller *poller, int fd)
{
    return fd >= 0 && (size_t)fd < poller->end && poller->fds[fd].fd == fd;
}

static int watch(struct poller *poller, int fd, size_t token, unsigned interest)
{
    short events = (short)((interest & READABLE ? POLLIN : 0) |
                           (interest & WRITABLE ? POLLOUT : 0));

    if (events == 0) {
        errno = EINVAL;
        return -1;
    }
    poller->fds[fd] = (struct pollfd){.fd = fd, .events = events};
    poller->tokens[fd] = token;
    return 0;
}

int poller_register(struct poller *poller, int fd, size_t token, unsigned interest)
{
    if (fd < 0 || is_registered(poller, fd)) {
        errno = fd < 0 ? EBADF : EEXIST;
        return -1;
    }
    size_t needed = (size_t)fd + 1;
    size_t *tokens = array_grow(poller->tokens, &poller->tokens_capacity, needed,
                                sizeof *tokens);
    if (tokens == NULL)
        return -1;
    poller->tokens = tokens;
    struct pollfd *fds = array_grow(poller->fds, &poller->fds_capacity, needed, sizeof *fds);
    if (fds == NULL)
        return -1;
    poller->fds = fds;
    for (; poller->end < needed; poller->end++)
        fds[poller->end].fd = -1;
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
    poller->fds[fd] = (struct pollfd){.fd = -1};
    while (poller->end > 0 && poller->fds[poller->end - 1].fd == -1)
        poller->end--;
    return 0;
}

int poller_wait(struct poller *poller, struct event events[POLLER_MAX_EVENTS], int timeout)
{
    int count = 0;

    /* If more were ready than fit, the next calls report them, and only then do we ask
       poll again, which is expensive. */
    while (count == 0) {
        if (poller->next >= poller->end) {
            int ready = poll(poller->fds, (nfds_t)poller->end, timeout);
            if (ready <= 0)
                return ready;
            poller->next = 0;
        }
        for (; poller->next < poller->end && count < POLLER_MAX_EVENTS; poller->next++) {
            const struct pollfd *entry = &poller->fds[poller->next];
            bool failed = entry->revents & (POLLERR | POLLHUP | POLLNVAL);
            if (entry->fd == -1 || entry->revents == 0)
                continue;
            events[count] = (struct event){.token = poller->tokens[poller->next]};
            if (failed || entry->revents & POLLIN)
                events[count].readiness |= READABLE;
            if (failed || entry->revents & POLLOUT)
                events[count].readiness |= WRITABLE;
            count++;
        }
    }
    return count;
}
