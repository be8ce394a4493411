/* The poller on any POSIX system: we keep the registered descriptors.  A call of poll
   hands all of them to the kernel, and then all of them are looked through. */

#include "poller.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>

#include "array.h"

static const size_t NOT_REGISTERED = SIZE_MAX;

/* The first two arrays run side by side; the third finds a descriptor's place in
   them. */
struct poller {
    struct pollfd *fds;
    size_t fds_capacity;
    size_t *tokens;
    size_t tokens_capacity;
    size_t count;
    size_t *places; /* indexed by descriptor */
    size_t places_capacity;
    size_t next; /* the place where the search for ready descriptors goes on */
};

struct poller *poller_create(void)
{
    return calloc(1, sizeof(struct poller));
}

void poller_destroy(struct poller *poller)
{
    free(poller->fds);
    free(poller->tokens);
    free(poller->places);
    free(poller);
}

/* Makes room for one more descriptor, and for a place of FD. */
static int make_room(struct poller *poller, int fd)
{
    struct pollfd *fds = array_grow(poller->fds, &poller->fds_capacity, poller->count + 1,
                                    sizeof *fds);
    if (fds == NULL)
        return -1;
    poller->fds = fds;

    size_t *tokens = array_grow(poller->tokens, &poller->tokens_capacity, poller->count + 1,
                                sizeof *tokens);
    if (tokens == NULL)
        return -1;
    poller->tokens = tokens;

    size_t known = poller->places_capacity;
    size_t *places = array_grow(poller->places, &poller->places_capacity, (size_t)fd + 1,
                                sizeof *places);
    if (places == NULL)
        return -1;
    poller->places = places;
    for (size_t i = known; i < poller->places_capacity; i++)
        places[i] = NOT_REGISTERED;
    return 0;
}

static size_t place_of(const struct poller *poller, int fd)
{
    if (fd < 0 || (size_t)fd >= poller->places_capacity)
        return NOT_REGISTERED;
    return poller->places[fd];
}

static void set_place(struct poller *poller, size_t place, int fd, size_t token,
                      unsigned interest)
{
    short wanted = 0;

    if (interest & READABLE)
        wanted |= POLLIN;
    if (interest & WRITABLE)
        wanted |= POLLOUT;
    poller->fds[place] = (struct pollfd){.fd = fd, .events = wanted};
    poller->tokens[place] = token;
    poller->places[fd] = place;
}

int poller_register(struct poller *poller, int fd, size_t token, unsigned interest)
{
    if (fd < 0) {
        errno = EBADF;
        return -1;
    }
    if (place_of(poller, fd) != NOT_REGISTERED) {
        errno = EEXIST;
        return -1;
    }
    if (make_room(poller, fd) == -1)
        return -1;
    set_place(poller, poller->count++, fd, token, interest);
    return 0;
}

int poller_reregister(struct poller *poller, int fd, size_t token, unsigned interest)
{
    size_t place = place_of(poller, fd);

    if (place == NOT_REGISTERED) {
        errno = ENOENT;
        return -1;
    }
    set_place(poller, place, fd, token, interest);
    return 0;
}

int poller_deregister(struct poller *poller, int fd)
{
    size_t place = place_of(poller, fd);

    if (place == NOT_REGISTERED) {
        errno = ENOENT;
        return -1;
    }
    /* The last one moves into the gap. */
    size_t last = --poller->count;
    poller->fds[place] = poller->fds[last];
    poller->tokens[place] = poller->tokens[last];
    poller->places[poller->fds[place].fd] = place;
    poller->places[fd] = NOT_REGISTERED;
    return 0;
}

static struct event event_at(const struct poller *poller, size_t place)
{
    struct event event = {.token = poller->tokens[place]};
    short got = poller->fds[place].revents;

    if (got & (POLLIN | POLLERR | POLLHUP | POLLNVAL))
        event.readiness |= READABLE;
    if (got & (POLLOUT | POLLERR | POLLHUP | POLLNVAL))
        event.readiness |= WRITABLE;
    return event;
}

int poller_wait(struct poller *poller, struct event events[POLLER_MAX_EVENTS], int timeout)
{
    int count = 0;

    /* Where more were ready than fit, the next calls report the rest before poll, which
       is dear, is asked again. */
    while (count == 0) {
        if (poller->next >= poller->count) {
            int ready = poll(poller->fds, (nfds_t)poller->count, timeout);
            if (ready <= 0)
                return ready;
            poller->next = 0;
        }
        while (poller->next < poller->count && count < POLLER_MAX_EVENTS) {
            size_t place = poller->next++;
            if (poller->fds[place].revents != 0)
                events[count++] = event_at(poller, place);
        }
    }
    return count;
}
