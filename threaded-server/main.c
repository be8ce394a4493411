/* A server with a thread for each client: a call that waits holds up one client
   only.

   Usage: threaded-server ADDRESS:PORT */

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

/* What process_client and the calls in it need, printf most of all, with room to
   spare.  The default, often 8 MiB, costs CPU time when clients come and go: the kernel
   sets up and tears down more page tables. */
enum { STACK_SIZE = 64 * 1024 };

struct client {
    int socket;
    char address[ADDRESS_TEXT_SIZE];
};

static int spawn(const pthread_attr_t *attributes, int socket, const char *address);
static void *process_client(void *argument);

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "arguments: <host>:<port>\n");
        return EXIT_FAILURE;
    }
    startup();
    /* Each line of the log is written when it is complete; printf keeps the threads'
       lines apart (POSIX, flockfile). */
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

    /* Nobody waits for the end of a thread: detached, it leaves nothing behind.
       Where the system wants larger stacks, its default stays. */
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    pthread_attr_setstacksize(&attributes, STACK_SIZE);

    bool accept_failing = false;
    for (;;) {
        /* Waits for a client. */
        struct sockaddr_storage peer;
        socklen_t length = sizeof peer;
        int socket = accept(server, (struct sockaddr *)&peer, &length);
        if (socket == -1) {
            if (should_retry_accept(errno))
                continue; /* a signal, or a connection that failed in the backlog */
            /* Out of descriptors or memory.  Log it once, not at each attempt. */
            if (!accept_failing)
                printf("Error accepting connection: %s\n", strerror(errno));
            accept_failing = true;
            sleep_ms(ACCEPT_BACKOFF_MS);
            continue;
        }
        accept_failing = false;
        tcp_set_options(socket);
        address_format((struct sockaddr *)&peer, length, address);
        printf("Accepting connection from %s\n", address);

        /* From here on the thread owns the socket. */
        if (spawn(&attributes, socket, address) == -1) {
            printf("Refusing connection from %s: %s\n", address, strerror(errno));
            close(socket);
        }
    }
}

/* Hands the socket to a thread of its own.  Returns 0, or -1 with errno where there
   is no memory or no thread left; the socket is then still the caller's. */
static int spawn(const pthread_attr_t *attributes, int socket, const char *address)
{
    struct client *client = malloc(sizeof *client);
    if (client == NULL)
        return -1;
    client->socket = socket;
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
    char buf[160];
    char reason[80]; /* strerror's own text could be overwritten by another thread */

    for (;;) {
        /* Waits until the client sends something, and with it this thread only. */
        ssize_t n = read(client->socket, buf, sizeof buf);
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

        /* Echo the same bytes.  write may take a part of them only. */
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
