/* A server for one client at a time: it echoes what it has read until the client is done,
   closes the connection, and accepts the next client.  Clients that connect in the meantime
   wait in the backlog.

   Usage: echo-to-eof ADDRESS:PORT */

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

    bool accept_failing = false;
    for (;;) {
        /* Waits for a client.  What accept returns is an active socket, connected
           to this one client; the passive socket keeps listening. */
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

        process_client(socket, address);
        close(socket);
    }
}

/* Writes all LENGTH bytes, in as many calls as necessary.  Returns 0, or -1 with errno. */
static int write_all(int socket, const char *buf, size_t length)
{
    size_t written = 0;

    while (written < length) {
        ssize_t n = write(socket, buf + written, length - written);
        if (n >= 0)
            written += (size_t)n;
        else if (errno != EINTR)
            return -1;
    }
    return 0;
}

static void process_client(int socket, const char *address)
{
    char buf[160];

    for (;;) {
        ssize_t n = read(socket, buf, sizeof buf);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1) {
            printf("Error reading from %s: %s\n", address, strerror(errno));
            return;
        }
        /* Only the end of the stream shows that the client is done; the number of bytes that
           one read returns does not. */
        if (n == 0)
            return;
        if (write_all(socket, buf, (size_t)n) == -1) {
            printf("Error writing to client: %s\n", strerror(errno));
            return;
        }
        printf("Wrote %zd bytes\n", n);
    }
}
