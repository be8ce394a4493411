/* A poller waits for many file descriptors at the same time and reports which are ready.

   Each descriptor is registered under a token, a number of the caller's choice that its
   events carry, and with an interest: what to watch for.  Readiness is level-triggered:
   poller_wait reports a descriptor again and again while it is ready for what its
   interest names.  A descriptor that is not registered is never reported, so a caller
   that waits for nothing deregisters it: no interest is 0.

   A descriptor with an error or a hang-up counts as ready for whatever its interest names,
   because a call would return immediately, with the reason.  Each system reports that in its
   own way: poll and epoll add POLLERR and POLLHUP to any interest, select puts the descriptor
   into the sets that it watches, and kqueue sets EV_EOF on the filters that it has.

   make POLLER=NAME picks one of four implementations, a file each.  They differ in where they
   exist, and in what a call costs:

   poller_select.c   POSIX.  We keep the descriptors, so to register one costs nearly nothing.
                     A wait checks each of them, whether it is ready or not.  All must be
                     below FD_SETSIZE, often 1024.
   poller_poll.c     POSIX.  The same, without that limit.
   poller_epoll.c    Linux, see epoll(7).  The kernel keeps the descriptors, so each change is
                     a system call.  The cost of a wait depends on how many are ready.
   poller_kqueue.c   macOS and the BSDs, see kqueue(2).  As with epoll. */

#ifndef POLLER_H
#define POLLER_H

#include <stddef.h>

/* Interest and readiness: one of these, or both (READABLE | WRITABLE). */
enum {
    READABLE = 1, /* read would not block: data, end of stream, an error; likewise accept */
    WRITABLE = 2  /* write would not block: room in the send buffer, or an error */
};

enum { POLLER_MAX_EVENTS = 128 }; /* the most that one poller_wait reports */

struct event {
    size_t token;
    unsigned readiness; /* never 0; after an error or a hang-up, at least the interest */
};

struct poller;

/* Returns a poller without descriptors, for as long as the program runs; or NULL with errno:
   ENOMEM, or that of epoll_create1 or kqueue, which need a descriptor. */
struct poller *poller_create(void);

/* Starts to watch FD for INTEREST, under TOKEN.  Deregister FD before you close it.  Returns
   0, or -1 with errno: EINVAL if INTEREST is 0, EEXIST if FD is registered already, EBADF if
   it is negative, EMFILE if select has no bit for it (from FD_SETSIZE on), ENOMEM, or that of
   epoll_ctl or kevent. */
int poller_register(struct poller *poller, int fd, size_t token, unsigned interest);

/* Gives the registered FD another token or interest.  Returns 0; or -1, with nothing changed
   and errno EINVAL if INTEREST is 0, ENOENT if FD is not registered, or that of epoll_ctl or
   kevent. */
int poller_reregister(struct poller *poller, int fd, size_t token, unsigned interest);

/* Stops watching FD.  Returns 0, or -1 with errno ENOENT if FD is not registered; nothing else
   can go wrong, because it needs no memory. */
int poller_deregister(struct poller *poller, int fd);

/* Waits until a registered descriptor is ready, but no longer than TIMEOUT milliseconds (-1:
   without limit, 0: not at all), and stores an event for each ready descriptor in EVENTS.  If
   there are more than POLLER_MAX_EVENTS, the next calls report the others.  (By then one may
   be ready no longer, if it has been read without an event: make it non-blocking.)

   Returns the number of events, 0 after the timeout; or -1 with errno: EINTR if a signal
   arrived first (a stop and continue is enough, see signal(7)), or that of select, poll,
   epoll_wait or kevent: EINVAL from poll, for example, if RLIMIT_NOFILE is now lower than a
   registered descriptor. */
int poller_wait(struct poller *poller, struct event events[POLLER_MAX_EVENTS], int timeout);

#endif
