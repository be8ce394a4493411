/* Time that never runs backward, for deadlines. */

#ifndef CLOCK_H
#define CLOCK_H

/* Returns the milliseconds since some fixed moment (CLOCK_MONOTONIC, see clock_gettime). */
long long clock_ms(void);

/* Suspends the calling thread for MS milliseconds, or less if a signal interrupts it (see
   nanosleep). */
void sleep_ms(int ms);

#endif
