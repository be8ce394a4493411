#include "queue.h"

void queue_init(struct queue *queue)
{
    pthread_mutex_init(&queue->mutex, NULL);
    pthread_cond_init(&queue->not_full, NULL);
    pthread_cond_init(&queue->not_empty, NULL);
    queue->first = queue->length = 0;
}

void queue_put(struct queue *queue, const struct client *client)
{
    pthread_mutex_lock(&queue->mutex);
    while (queue->length == QUEUE_SIZE)
        pthread_cond_wait(&queue->not_full, &queue->mutex);
    queue->clients[(queue->first + queue->length++) % QUEUE_SIZE] = *client;
    pthread_cond_signal(&queue->not_empty);
    pthread_mutex_unlock(&queue->mutex);
}

void queue_take(struct queue *queue, struct client *client)
{
    pthread_mutex_lock(&queue->mutex);
    while (queue->length == 0)
        pthread_cond_wait(&queue->not_empty, &queue->mutex);
    *client = queue->clients[queue->first];
    queue->first = (queue->first + 1) % QUEUE_SIZE;
    queue->length--;
    pthread_cond_signal(&queue->not_full);
    pthread_mutex_unlock(&queue->mutex);
}
