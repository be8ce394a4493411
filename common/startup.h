/* What a program must set up before it does anything else. */

#ifndef STARTUP_H
#define STARTUP_H

/* Call this before the program opens its first descriptor.  Afterward
   - descriptors 0, 1 and 2 are open: a server started with standard output closed would
     otherwise get its first socket as descriptor 1, and print its log to a client;
   - a write to a connection that the peer has reset fails with EPIPE, instead of raising
     SIGPIPE, which kills the process (see write in POSIX);
   - SIGINT and SIGTERM kill the process, even if a shell without job control started it
     in the background, with SIGINT ignored.
   It aborts if /dev/null cannot be opened for a descriptor that is closed.  (The Rust runtime
   does the same before it calls main, except for the last point.) */
void startup(void);

#endif
