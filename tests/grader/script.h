/* What peer and talk have in common: both play a script, word by word, on connections. */

#ifndef SCRIPT_H
#define SCRIPT_H

#include <stddef.h>

#include "address.h"

enum { SCRIPT_TEXT_SIZE = 2048, SCRIPT_SHOWN_SIZE = 256 };

/* Writes into BYTES what TEXT stands for: \n in it is a newline, \xHH a byte.  What is beyond
   SCRIPT_TEXT_SIZE bytes is left out.  Returns how many bytes that are. */
size_t script_bytes(const char *text, char bytes[SCRIPT_TEXT_SIZE]);

/* Writes into TEXT what script_bytes would make these bytes of, in quotes; where that is long,
   only its end, behind "..."; and "nothing" where there is none.  Returns TEXT. */
char *script_show(const char *bytes, size_t length, char text[SCRIPT_SHOWN_SIZE]);

/* Connects to HOST:PORT with a small receive buffer and small segments, so that also the other
   side's send buffer, which grows with the segments, stays small.  Returns the socket, or -1
   with a message in ERROR, as tcp_connect does. */
int script_connect_small(const char *text, char error[ERROR_SIZE]);

/* Closes the socket so that the other side gets a reset. */
void script_reset(int fd);

/* Blocks SIGUSR1, so that it waits until somebody asks for it. */
void script_start(void);

/* Waits for SIGUSR1. */
void script_hold(void);

#endif
