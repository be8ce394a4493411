/* A server with a thread per client: a call that waits, makes only that client's thread wait.

   Usage: threaded-server ADDRESS:PORT */

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
#include "startup.h"
#include "tcp.h"

/* Enough for process_client and what it calls, above all printf.  The default, often 8 MiB,
   costs CPU time when clients come and go: the kernel sets up and tears down more page
   tables. */
enum { STACK_SIZE = 64 * 1024 };

struct server {
    int socket;          /* the passive (listening) one */
    bool accept_failing; /* whether the last accept failed */
    pthread_attr_t attributes;
};

struct client {
    int socket;
    char address[ADDRESS_TEXT_SIZE];
};

static void accept_clients(struct server *server);
static int spawn(struct server *server, int socket, const char *address);
static void *process_client(void *argument);

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "arguments: <host>:<port>\n");
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
    /* No thread waits for another to end: detached, each leaves nothing behind.  If the
       system requires larger stacks, its default remains. */
    pthread_attr_init(&server.attributes);
    pthread_attr_setdetachstate(&server.attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&server.attributes, STACK_SIZE);
    char address[ADDRESS_TEXT_SIZE];
    tcp_local_address(server.socket, address);
    printf("Listening on %s\n", address);

    accept_clients(&server);
}

/* Starts a thread for each client, forever. */
static void accept_clients(struct server *server)
{
    struct sockaddr_storage peer;
    socklen_t length;
    char address[ADDRESS_TEXT_SIZE];
    int socket;

    for (;;) {
        /* Waits for a client. */
        length = sizeof peer;
        socket = accept(server->socket, (struct sockaddr *)&peer, &length);
        if (socket == -1) {
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
        tcp_set_options(socket);
        address_format((struct sockaddr *)&peer, length, address);
        printf("Accepting connection from %s\n", address);

        /* If this succeeds, process_client owns the socket. */
        if (spawn(server, socket, address) == -1) {
            printf("Refusing connection from %s: %s\n", address, strerror(errno));
            close(socket);
        }
    }
}

/* Hands the socket to process_client, in a new thread.  Returns 0, or -1 with errno if the
   system has no memory or no thread left; then the socket still belongs to the caller. */
static int spawn(struct server *server, int socket, const char *address)
{
    struct client *client = malloc(sizeof *client);
    if (client == NULL)
        return -1;
    client->socket = socket;
    strcpy(client->address, address);

    pthread_t thread;
    int error = pthread_create(&thread, &server->attributes, process_client, client);
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
    char buf[160];
    char reason[80]; /* strerror may use one buffer for all threads */
    ssize_t n;

    for (;;) {
        /* Waits until the client sends something.  The other clients do not. */
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
    close(client->socket);
    free(client);
    return NULL;
}
