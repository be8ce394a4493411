/* A server that shall count the lines of all its clients, with a thread for each of them.
   So far a client that ends is told the total; more often than not it is wrong.

   Usage: shared-counter ADDRESS:PORT */

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "startup.h"
#include "tcp.h"

enum { STACK_SIZE = 64 * 1024 };

/* What the threads share. */
struct counter {
    long long total;
};

struct client {
    int socket;
    char address[ADDRESS_TEXT_SIZE];
    struct counter *counter;
};

static int spawn(const pthread_attr_t *attributes, int socket, const char *address,
                 struct counter *counter);
static void *process_client(void *argument);
static void count_lines(struct counter *counter, const char *buf, size_t length);
static int answer(const struct client *client, long long total);

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "arguments: <host>:<port>\n");
        return EXIT_FAILURE;
    }
    startup();
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);

    char error[ERROR_SIZE];
    int server = tcp_listen(argv[1], error);
    if (server == -1) {
        fprintf(stderr, "%s\n", error);
        return EXIT_FAILURE;
    }
    char address[ADDRESS_TEXT_SIZE];
    tcp_local_address(server, address);
    printf("Listening on %s\n", address);

    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);

    /* main never returns, so the threads can use its variable for as long as they live. */
    struct counter counter = {.total = 0};

    for (;;) {
        /* Waits for a client. */
        struct sockaddr_storage peer;
        socklen_t length = sizeof peer;
        int socket = accept(server, (struct sockaddr *)&peer, &length);
        if (socket == -1) {
            if (should_retry_accept(errno))
                continue; /* a signal, or a connection that failed in the backlog */
            printf("Error accepting connection: %s\n", strerror(errno));
            sleep_ms(ACCEPT_BACKOFF_MS);
            continue;
        }
        tcp_set_options(socket);
        address_format((struct sockaddr *)&peer, length, address);
        printf("Accepting connection from %s\n", address);

        /* From here on the thread owns the socket. */
        if (spawn(&attributes, socket, address, &counter) == -1) {
            printf("Refusing connection from %s: %s\n", address, strerror(errno));
            close(socket);
        }
    }
}

/* Starts a thread that serves the client.  Returns 0, or -1 with errno if the system is out
   of memory or threads; then the socket still belongs to the caller. */
static int spawn(const pthread_attr_t *attributes, int socket, const char *address,
                 struct counter *counter)
{
    struct client *client = malloc(sizeof *client);
    if (client == NULL)
        return -1;
    *client = (struct client){.socket = socket, .counter = counter};
    strcpy(client->address, address);

    pthread_t thread;
    int error = pthread_create(&thread, attributes, process_client, client);
    if (error != 0) {
        free(client);
        errno = error;
        return -1;
    }
    return 0;
}

static void *process_client(void *argument)
{
    struct client *client = argument;
    char buf[4096];
    char reason[80]; /* strerror's own text could be overwritten by another thread */

    for (;;) {
        ssize_t n = read(client->socket, buf, sizeof buf);
        if (n == 0) {
            answer(client, client->counter->total);
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
        count_lines(client->counter, buf, (size_t)n);
    }
    close(client->socket);
    free(client);
    return NULL;
}

/* Counts the lines that end in BUF. */
static void count_lines(struct counter *counter, const char *buf, size_t length)
{
    long long total = counter->total;

    for (size_t i = 0; i < length; i++)
        if (buf[i] == '\n')
            total++;
    counter->total = total;
}

/* Writes the total on a line.  Returns 0, or -1 with errno. */
static int answer(const struct client *client, long long total)
{
    char text[32];
    size_t length = (size_t)snprintf(text, sizeof text, "%lld\n", total);
    size_t written = 0;

    while (written < length) {
        ssize_t n = write(client->socket, text + written, length - written);
        if (n >= 0)
            written += (size_t)n;
        else if (errno != EINTR)
            return -1;
    }
    return 0;
}
