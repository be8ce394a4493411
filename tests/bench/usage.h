/* What a server uses: its process, and those it has forked, with theirs.  Linux tells
   it in /proc (see proc(5)). */

#ifndef USAGE_H
#define USAGE_H

#include <stdint.h>
#include <sys/types.h>

/* Both are 0 for a process that does not exist. */

/* CPU time since the start, in nanoseconds.  Of children that have ended it is exact to
   a clock tick only, and only if their parent has waited for them. */
int64_t cpu_time_ns(pid_t pid);

/* Anonymous memory (stacks, heap), of a page that processes share each one's part, and
   page tables, in KiB.  Not the program and its libraries, which all users share. */
int64_t memory_kib(pid_t pid);

#endif
