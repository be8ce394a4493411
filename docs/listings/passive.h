/* The passive sockets of a server with several loops: how the kernel gives a connection to one
   of them.  There are two implementations: passive_shared.c (POSIX), and passive_each.c, whose
   SO_REUSEPORT Linux and the BSDs have (see socket(7)). */

#ifndef PASSIVE_H
#define PASSIVE_H

/* Returns the passive socket for loop NUMBER, counted from 0.  SOCKET is the one for loop 0.
   The others share it (passive_shared.c), or each gets another one at the same address
   (passive_each.c).  Returns -1 with errno if there is none (see socket, bind and listen). */
int passive_socket(int socket, long number);

#endif
