/* A poller waits for many descriptors at once and tells which are ready.

   Each descriptor is registered under a token, a number of the caller's choice
   that its events carry, and with an interest: what to watch for.  Readiness is
   level-triggered: poller_wait reports a descriptor again and again for as long
   as it is ready for what its interest names.

   Two implementations stand behind this header, and the Makefile picks one:
   poller_epoll.c (Linux, see epoll(7)) costs by the descriptors that are ready,
   poller_poll.c (POSIX, see poll) by those that are registered. */

#ifndef POLLER_H
#define POLLER_H

#include <stddef.h>

/* Interest and readiness: one of these, both (READABLE | WRITABLE), or 0. */
enum {
    READABLE = 1, /* read would not block: data, end of stream, an error; accept likewise */
    WRITABLE = 2  /* write would not block: room in the send buffer, or an error */
};

enum { POLLER_MAX_EVENTS = 128 }; /* the most that one poller_wait reports */

struct event {
    size_t token;
    unsigned readiness; /* never 0; an error or a hang-up counts as both */
};

struct poller;

/* Returns a poller without descriptors, or NULL with errno: ENOMEM, or that of
   epoll_create1.  poller_destroy closes none of the registered descriptors. */
struct poller *poller_create(void);
void poller_destroy(struct poller *poller);

/* Starts to watch the open descriptor FD for INTEREST, under TOKEN.  With interest
   0 only errors and hang-ups are reported.  Deregister it before you close it.
   Returns 0, or -1 with errno: EEXIST where FD is registered, EBADF where it is
   negative, ENOMEM, or that of epoll_ctl. */
int poller_register(struct poller *poller, int fd, size_t token, unsigned interest);

/* Gives the registered FD another token or interest.  Returns 0, or -1 with errno:
   ENOENT where FD is not registered, or that of epoll_ctl. */
int poller_reregister(struct poller *poller, int fd, size_t token, unsigned interest);

/* Stops watching FD.  Returns 0, or -1 with errno as poller_reregister does. */
int poller_deregister(struct poller *poller, int fd);

/* Waits until a registered descriptor is ready, but no longer than TIMEOUT
   milliseconds (-1: without limit, 0: not at all), and fills EVENTS with at most
   POLLER_MAX_EVENTS events, one for each ready descriptor.  Where more are ready,
   those left out have their turn in the next calls.  (By then one may be ready no
   more, if it has been read from without an event: let it be non-blocking.)
   Returns the number of events, 0 after the timeout; or -1 with errno: EINTR where
   a signal came first (a stop and continue is enough, see signal(7)), or that of
   epoll_wait or poll.  poll also fails, with EINVAL, where more descriptors are
   registered than the process may now have (RLIMIT_NOFILE). */
int poller_wait(struct poller *poller, struct event events[POLLER_MAX_EVENTS], int timeout);

#endif
