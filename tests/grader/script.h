/* What peer and talk share: both carry out a script, word by word, on connections. */

#ifndef SCRIPT_H
#define SCRIPT_H

#include <stddef.h>

#include "address.h"

enum { SCRIPT_TEXT_SIZE = 2048, SCRIPT_SHOWN_SIZE = 256 };

/* Writes to BYTES what TEXT denotes: \n in it is a newline, \xHH a byte.  It stops after
   SCRIPT_TEXT_SIZE bytes.  Returns how many bytes it has written. */
size_t script_bytes(const char *text, char bytes[SCRIPT_TEXT_SIZE]);

/* Writes to TEXT, in quotes, what script_bytes would turn into these bytes: only the end,
   after "...", if that is long, and "nothing" if there are none.  Returns TEXT. */
char *script_show(const char *bytes, size_t length, char text[SCRIPT_SHOWN_SIZE]);

/* Connects to HOST:PORT with a small receive buffer and small segments, so that the send
   buffer of the other side, which grows with the segments, stays small as well.  Returns the
   socket, or -1 with a message in ERROR, as tcp_connect does. */
int script_connect_small(const char *text, char error[ERROR_SIZE]);

/* Closes the socket so that the other side gets a reset. */
void script_reset(int fd);

/* Blocks SIGUSR1, so that it stays pending until script_hold waits for it. */
void script_start(void);

/* Waits for SIGUSR1. */
void script_hold(void);

#endif
