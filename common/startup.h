/* What a program needs from the process that it starts in. */

#ifndef STARTUP_H
#define STARTUP_H

/* Call it first in main.  After it,
   - descriptors 0, 1 and 2 are open.  A program started with standard output closed
     would get its first socket as descriptor 1, and print its log to a client;
   - a write to a connection that the peer has reset fails with EPIPE, where it would
     end the process by SIGPIPE;
   - SIGINT and SIGTERM end the process, even where a shell without job control has
     started it in the background, with SIGINT ignored.

   Returns 0, or -1 with errno where /dev/null can't be opened.  (The Rust runtime
   does the first two before it calls main.) */
int startup(void);

#endif
