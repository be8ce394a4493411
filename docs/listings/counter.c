/* Two threads increment one number: once without a mutex, which loses counts, and once
   with one.

   Usage: counter */

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>

enum { THREADS = 2, ROUNDS = 100000 };

struct counter {
    volatile long value;    /* the compiler must not combine the rounds into one addition */
    pthread_mutex_t *mutex; /* NULL: no mutex guards the value */
};

static void *count_up(void *argument)
{
    struct counter *counter = argument;

    for (int i = 0; i < ROUNDS; i++) {
        if (counter->mutex != NULL)
            pthread_mutex_lock(counter->mutex);
        long value = counter->value;
        /* Another thread may run at any time.  To yield here makes that certain, on a
           machine with one processor too. */
        if (i % 1000 == 0)
            sched_yield();
        counter->value = value + 1;
        if (counter->mutex != NULL)
            pthread_mutex_unlock(counter->mutex);
    }
    return NULL;
}

/* Returns the value after both threads have ended. */
static long run(pthread_mutex_t *mutex)
{
    struct counter counter = {.mutex = mutex};
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        if (pthread_create(&threads[i], NULL, count_up, &counter) != 0) {
            fprintf(stderr, "cannot start a thread\n");
            exit(EXIT_FAILURE);
        }
    }
    /* The counter is a local variable, so wait until no thread uses it. */
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    return counter.value;
}

int main(void)
{
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

    printf("without a mutex: %ld of %d\n", run(NULL), THREADS * ROUNDS);
    printf("with a mutex: %ld of %d\n", run(&mutex), THREADS * ROUNDS);
    return EXIT_SUCCESS;
}
