/* A bounded queue of clients between threads: one appends, others take. */

#ifndef QUEUE_H
#define QUEUE_H

#include <pthread.h>
#include <stddef.h>

#include "address.h"

enum { QUEUE_SIZE = 16 };

struct client {
    int socket;
    char address[ADDRESS_TEXT_SIZE];
};

struct queue {
    pthread_mutex_t mutex; /* guards the others */
    pthread_cond_t not_full;
    pthread_cond_t not_empty;
    struct client clients[QUEUE_SIZE];
    size_t first;
    size_t length;
};

/* Initializes an empty queue. */
void queue_init(struct queue *queue);

/* Appends the client.  Waits while the queue is full. */
void queue_put(struct queue *queue, const struct client *client);

/* Removes the first client and stores it in *CLIENT.  Waits while the queue is empty. */
void queue_take(struct queue *queue, struct client *client);

#endif
