/* What the examples share about TCP sockets.  The calls that the chapter is about (accept,
   read, write, poll) are in each main.c. */

#ifndef TCP_H
#define TCP_H

#include <stdbool.h>

#include "address.h"

/* How long a server leaves new clients in the backlog after accept has failed because the
   process or the system is out of descriptors or memory, in milliseconds.  To try again
   immediately would take 100 % CPU while the condition persists. */
enum { ACCEPT_BACKOFF_MS = 100 };

/* Opens a passive (listening) socket at the address TEXT (see address.h): of the addresses
   that a name has, the first that can be bound.  With port 0 the system chooses a port.  The
   socket is closed on exec, and its port can be bound again as soon as the server has
   terminated (SO_REUSEADDR, see socket(7)).

   Returns the socket.  Returns -1 if there is none: ERROR then says why, on one line with the
   address, and errno is that of the failed call (see getaddrinfo, socket, bind and listen), or
   EINVAL for a bad address or an unknown name. */
int tcp_listen(const char *text, char error[ERROR_SIZE]);

/* Opens an active socket, connected to the address TEXT: tries each address of a name, in the
   order of getaddrinfo, until one accepts.  The socket is closed on exec.

   Returns the socket, or -1 as tcp_listen does, with the reason for the last address. */
int tcp_connect(const char *text, char error[ERROR_SIZE]);

/* Writes the address that SOCKET is bound to into TEXT (see getsockname): this is how a server
   learns which port the system chose.  "?" if it is unknown. */
void tcp_local_address(int socket, char text[ADDRESS_TEXT_SIZE]);

/* Sets what every accepted socket of these servers gets: TCP_NODELAY, so that a small answer
   leaves immediately (with Nagle's algorithm, RFC 896, it would wait until the client has
   acknowledged the one before), and close-on-exec.  Reports no error: without them the
   connection works too, if more slowly. */
void tcp_set_options(int socket);

/* Makes FD non-blocking: a call that would have to wait fails with EAGAIN or EWOULDBLOCK
   instead.  Returns 0, or -1 with errno (see fcntl). */
int set_nonblocking(int fd);

/* Whether a read or a write that failed with ERROR should be tried again: nothing was
   ready yet on a non-blocking descriptor (EAGAIN; POSIX allows EWOULDBLOCK to be another
   number), or a signal interrupted the call (EINTR). */
bool should_retry(int error);

/* Whether an accept that failed with ERROR should be tried again immediately: as above, or
   the connection that it was about to return failed in the backlog (ECONNABORTED, and the
   network errors that accept(2) says to treat like EAGAIN).  After any other error, such as
   EMFILE or ENOMEM, wait for ACCEPT_BACKOFF_MS first. */
bool should_retry_accept(int error);

#endif
