/* A server that echoes what a client sends until the client is done, and then accepts the
   next one.  While a client is silent, all others wait.  Your task is to change that.

   Usage: one-silent-client ADDRESS:PORT */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "startup.h"
#include "tcp.h"

static void process_client(int socket, const char *address);
static bool write_all(int socket, const char *buf, size_t length);

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
    int server = tcp_listen(argv[1], error);
    if (server == -1) {
        fprintf(stderr, "%s\n", error);
        return EXIT_FAILURE;
    }
    char address[ADDRESS_TEXT_SIZE];
    tcp_local_address(server, address);
    printf("Listening on %s\n", address);

    for (;;) {
        /* Waits for a client. */
        struct sockaddr_storage peer;
        socklen_t length = sizeof peer;
        int socket = accept(server, (struct sockaddr *)&peer, &length);
        if (socket == -1) {
            if (should_retry_accept(errno))
                continue; /* a signal, or a connection that failed in the backlog */
            printf("Error accepting connection: %s\n", strerror(errno));
            sleep_ms(ACCEPT_BACKOFF_MS); /* out of descriptors or memory */
            continue;
        }
        tcp_set_options(socket);
        address_format((struct sockaddr *)&peer, length, address);
        printf("Accepting connection from %s\n", address);

        process_client(socket, address);
        close(socket);
    }
}

static void process_client(int socket, const char *address)
{
    char buf[160];

    for (;;) {
        /* Waits until the client sends something.  All other clients wait with it. */
        ssize_t n = read(socket, buf, sizeof buf);
        if (n == 0) {
            printf("Client %s closed connection\n", address);
            return;
        }
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1) {
            printf("Error reading from %s: %s\n", address, strerror(errno));
            return;
        }
        if (!write_all(socket, buf, (size_t)n)) {
            printf("Error writing to client: %s\n", strerror(errno));
            return;
        }
    }
}

/* Writes all LENGTH bytes: write may accept only some of them.  Returns false with errno if
   the connection has failed. */
static bool write_all(int socket, const char *buf, size_t length)
{
    while (length > 0) {
        ssize_t n = write(socket, buf, length);
        if (n == -1 && errno != EINTR)
            return false;
        if (n > 0) {
            buf += n;
            length -= (size_t)n;
        }
    }
    return true;
}
