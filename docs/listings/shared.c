/* Counts with two threads, and with two processes, in each way that loses no count; and in one
   way that counts nothing: a child's variables are copies.

   Usage: shared */

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS = 2, ROUNDS = 100000 };

struct counter {
    pthread_mutex_t mutex;
    pthread_rwlock_t lock;
    long guarded; /* by one of them */
    atomic_long atomic;
};

static void *count_with_mutex(void *argument)
{
    struct counter *counter = argument;

    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&counter->mutex);
        counter->guarded++;
        pthread_mutex_unlock(&counter->mutex);
    }
    return NULL;
}

/* Reads ten times before it writes: readers hold the lock together, and a writer alone. */
static void *count_with_rwlock(void *argument)
{
    struct counter *counter = argument;

    for (int i = 0; i < ROUNDS; i++) {
        long last = 0;
        for (int j = 0; j < 10; j++) {
            pthread_rwlock_rdlock(&counter->lock);
            if (counter->guarded < last)
                abort(); /* it never decreases */
            last = counter->guarded;
            pthread_rwlock_unlock(&counter->lock);
        }
        pthread_rwlock_wrlock(&counter->lock);
        counter->guarded++;
        pthread_rwlock_unlock(&counter->lock);
    }
    return NULL;
}

/* An atomic read-modify-write: no other thread comes between the read and the write. */
static void *count_with_atomic(void *argument)
{
    struct counter *counter = argument;

    for (int i = 0; i < ROUNDS; i++)
        atomic_fetch_add(&counter->atomic, 1);
    return NULL;
}

static void fail(const char *what)
{
    perror(what);
    exit(EXIT_FAILURE);
}

static void run_threads(void *(*count)(void *argument), struct counter *counter)
{
    pthread_t threads[WORKERS];

    for (int i = 0; i < WORKERS; i++) {
        errno = pthread_create(&threads[i], NULL, count, counter);
        if (errno != 0)
            fail("cannot start a thread");
    }
    for (int i = 0; i < WORKERS; i++)
        pthread_join(threads[i], NULL);
}

static void run_processes(void *(*count)(void *argument), struct counter *counter)
{
    for (int i = 0; i < WORKERS; i++) {
        pid_t child = fork();
        if (child == -1)
            fail("cannot start a process");
        if (child == 0) {
            count(counter);
            _exit(EXIT_SUCCESS);
        }
    }
    while (wait(NULL) != -1) {
    }
}

/* Returns a counter in memory that the children of this process share with it: the memory is
   that of a file without a name.  (MAP_ANONYMOUS needs no file, but became POSIX only in
   2024.) */
static struct counter *map_counter(void)
{
    FILE *file = tmpfile();
    if (file == NULL || ftruncate(fileno(file), sizeof(struct counter)) == -1)
        fail("cannot create a file");
    void *memory = mmap(NULL, sizeof(struct counter), PROT_READ | PROT_WRITE, MAP_SHARED,
                        fileno(file), 0);
    if (memory == MAP_FAILED)
        fail("cannot map memory");
    fclose(file); /* the mapping stays */
    return memory;
}

static void print(const char *how, long value)
{
    printf("%s: %ld of %d\n", how, value, WORKERS * ROUNDS);
    fflush(stdout); /* before the next fork, which would copy what is in the buffer */
}

int main(void)
{
    struct counter counter = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                              .lock = PTHREAD_RWLOCK_INITIALIZER};

    run_threads(count_with_mutex, &counter);
    print("threads, a mutex", counter.guarded);
    counter.guarded = 0;
    run_threads(count_with_rwlock, &counter);
    print("threads, a read-write lock", counter.guarded);
    run_threads(count_with_atomic, &counter);
    print("threads, an atomic", atomic_load(&counter.atomic));

    atomic_store(&counter.atomic, 0);
    run_processes(count_with_atomic, &counter);
    print("processes, an atomic", atomic_load(&counter.atomic));
    struct counter *shared = map_counter();
    run_processes(count_with_atomic, shared);
    print("processes, an atomic in shared memory", atomic_load(&shared->atomic));
    return EXIT_SUCCESS;
}
