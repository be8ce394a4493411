/* A server with a fixed number of threads, a pool.  Accepted clients wait in a bounded queue
   until a thread takes them.

   Usage: pool ADDRESS:PORT [THREADS]                                     (4 if left out) */

#undef _GNU_SOURCE /* with it, glibc's strerror_r would not have to fill its buffer */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "queue.h"
#include "startup.h"
#include "tcp.h"

struct server {
    int socket;          /* the passive (listening) one */
    bool accept_failing; /* whether the last accept failed */
    struct queue queue;
};

static void accept_clients(struct server *server);
static void *serve_clients(void *argument);
static void process_client(const struct client *client);

int main(int argc, char *argv[])
{
    char *end = "";
    long threads = argc == 3 ? strtol(argv[2], &end, 10) : 4;
    if (argc < 2 || argc > 3 || threads < 1 || *end != '\0') {
        fprintf(stderr, "arguments: <host>:<port> [<threads>]\n");
        return EXIT_FAILURE;
    }
    startup();
    /* The log is written line by line, also to a file or a pipe. */
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);

    char error[ERROR_SIZE];
    struct server server = {.socket = tcp_listen(argv[1], error)};
    if (server.socket == -1) {
        fprintf(stderr, "%s\n", error);
        return EXIT_FAILURE;
    }
    queue_init(&server.queue);
    for (long i = 0; i < threads; i++) {
        pthread_t thread;
        errno = pthread_create(&thread, NULL, serve_clients, &server);
        if (errno != 0) {
            perror("cannot start the threads");
            return EXIT_FAILURE;
        }
    }
    char address[ADDRESS_TEXT_SIZE];
    tcp_local_address(server.socket, address);
    printf("Listening on %s\n", address);

    accept_clients(&server);
}

/* Queues each client for the pool, forever. */
static void accept_clients(struct server *server)
{
    struct sockaddr_storage peer;
    socklen_t length;
    struct client client;

    for (;;) {
        /* Waits for a client. */
        length = sizeof peer;
        client.socket = accept(server->socket, (struct sockaddr *)&peer, &length);
        if (client.socket == -1) {
            if (should_retry_accept(errno))
                continue; /* a signal, or a connection that failed in the backlog */
            /* Out of descriptors or memory.  Log it once, not at each attempt. */
            if (!server->accept_failing)
                printf("Error accepting connection: %s\n", strerror(errno));
            server->accept_failing = true;
            sleep_ms(ACCEPT_BACKOFF_MS);
            continue;
        }
        server->accept_failing = false;
        tcp_set_options(client.socket);
        address_format((struct sockaddr *)&peer, length, client.address);
        printf("Accepting connection from %s\n", client.address);

        /* The queue owns the socket now, and later the thread that takes it.  While the queue
           is full, this waits: the next clients then stay in the backlog. */
        queue_put(&server->queue, &client);
    }
}

/* What each thread of the pool runs: one client after another, forever. */
static void *serve_clients(void *argument)
{
    struct server *server = argument;
    struct client client;

    for (;;) {
        queue_take(&server->queue, &client);
        process_client(&client);
        close(client.socket);
    }
    return NULL;
}

static void process_client(const struct client *client)
{
    char buf[160];
    char reason[80]; /* strerror may use one buffer for all threads */
    ssize_t n;

    for (;;) {
        /* Waits until the client sends something, and with it one thread of the pool. */
        n = read(client->socket, buf, sizeof buf);
        if (n == 0) {
            printf("Client %s closed connection\n", client->address);
            break;
        }
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1) {
            strerror_r(errno, reason, sizeof reason);
            printf("Error reading from %s: %s\n", client->address, reason);
            break;
        }
        printf("read %zd bytes from client %s\n", n, client->address);

        /* Echo the same bytes.  write may accept only some of them. */
        size_t length = (size_t)n;
        size_t written = 0;
        while (written < length) {
            n = write(client->socket, buf + written, length - written);
            if (n >= 0)
                written += (size_t)n;
            else if (errno != EINTR)
                break;
        }
        if (written < length) {
            strerror_r(errno, reason, sizeof reason);
            printf("Error writing to client: %s\n", reason);
            break;
        }
    }
}
