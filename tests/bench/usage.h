/* What a server uses: its process, and all processes that it has forked.  Linux reports it
   in /proc (see proc(5)). */

#ifndef USAGE_H
#define USAGE_H

#include <stdint.h>
#include <sys/types.h>

/* Both are 0 for a process that does not exist. */

/* CPU time since the start, in nanoseconds.  That of children that have terminated is exact
   to a clock tick, and known only if their parent has waited for them. */
int64_t cpu_time_ns(pid_t pid);

/* Anonymous memory (stacks, heap) and page tables, in KiB.  A page that several processes
   share counts once.  Leaves out the program and its libraries, which all processes share. */
int64_t memory_kib(pid_t pid);

#endif
