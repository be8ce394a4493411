/* A server with one thread for all clients: poll waits for the passive socket and for all
   clients at the same time, so no client waits for one that is silent.

   Usage: one-silent-client ADDRESS:PORT */

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "array.h"
#include "clock.h"
#include "startup.h"
#include "tcp.h"

struct client {
    char address[ADDRESS_TEXT_SIZE];
};

/* Two parallel arrays: what poll needs, and what the log needs.  Index 0 belongs to the
   passive socket, the others to clients. */
struct server {
    struct pollfd *fds;
    size_t fds_capacity;
    struct client *clients;
    size_t clients_capacity;
    size_t count;
};

static int add(struct server *server, int socket, const char *address);
static void accept_client(struct server *server);
static void remove_client(struct server *server, size_t place);
static bool process_client(int socket, const char *address);
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
    int socket = tcp_listen(argv[1], error);
    if (socket == -1) {
        fprintf(stderr, "%s\n", error);
        return EXIT_FAILURE;
    }
    char address[ADDRESS_TEXT_SIZE];
    tcp_local_address(socket, address);
    /* accept must not wait, even if a client has left the backlog again. */
    struct server server = {.count = 0};
    if (set_nonblocking(socket) == -1 || add(&server, socket, address) == -1) {
        perror("cannot wait for clients");
        return EXIT_FAILURE;
    }
    printf("Listening on %s\n", address);

    for (;;) {
        /* The only call that waits for clients that are silent. */
        if (poll(server.fds, (nfds_t)server.count, -1) == -1) {
            if (errno != EINTR)
                sleep_ms(ACCEPT_BACKOFF_MS); /* the kernel is out of memory */
            continue;
        }
        /* From the end: a client that moves into a gap has been served already. */
        for (size_t i = server.count - 1; i > 0; i--)
            if (server.fds[i].revents != 0 &&
                !process_client(server.fds[i].fd, server.clients[i].address))
                remove_client(&server, i);
        if (server.fds[0].revents != 0)
            accept_client(&server);
    }
}

/* Appends the socket to both arrays.  Returns 0, or -1 with errno if the system has no
   memory left. */
static int add(struct server *server, int socket, const char *address)
{
    struct pollfd *fds = array_grow(server->fds, &server->fds_capacity, server->count + 1,
                                    sizeof *fds);
    if (fds == NULL)
        return -1;
    server->fds = fds;

    struct client *clients = array_grow(server->clients, &server->clients_capacity,
                                        server->count + 1, sizeof *clients);
    if (clients == NULL)
        return -1;
    server->clients = clients;

    fds[server->count] = (struct pollfd){.fd = socket, .events = POLLIN};
    strcpy(clients[server->count].address, address);
    server->count++;
    return 0;
}

/* Accepts one client; poll reports those that are still in the backlog again. */
static void accept_client(struct server *server)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    int socket = accept(server->fds[0].fd, (struct sockaddr *)&peer, &length);

    if (socket == -1) {
        if (!should_retry_accept(errno)) {
            printf("Error accepting connection: %s\n", strerror(errno));
            sleep_ms(ACCEPT_BACKOFF_MS); /* out of descriptors or memory */
        }
        return;
    }
    tcp_set_options(socket);
    char address[ADDRESS_TEXT_SIZE];
    address_format((struct sockaddr *)&peer, length, address);
    printf("Accepting connection from %s\n", address);

    if (add(server, socket, address) == -1) {
        printf("Refusing connection from %s: %s\n", address, strerror(errno));
        close(socket);
    }
}

/* The last client moves into the gap, in both arrays. */
static void remove_client(struct server *server, size_t place)
{
    size_t last = --server->count;

    close(server->fds[place].fd);
    server->fds[place] = server->fds[last];
    server->clients[place] = server->clients[last];
}

/* Reads once, which does not wait: poll has reported the socket.  It will report what the
   client sends later as well.  Returns false when the connection must be closed. */
static bool process_client(int socket, const char *address)
{
    char buf[160];
    ssize_t n = read(socket, buf, sizeof buf);

    if (n == 0) {
        printf("Client %s closed connection\n", address);
        return false;
    }
    if (n == -1 && should_retry(errno))
        return true;
    if (n == -1) {
        printf("Error reading from %s: %s\n", address, strerror(errno));
        return false;
    }
    if (!write_all(socket, buf, (size_t)n)) {
        printf("Error writing to client: %s\n", strerror(errno));
        return false;
    }
    return true;
}

/* Writes all LENGTH bytes: write may accept only some of them.  It waits for a client that
   does not read, and all others wait with it: the next exercise, finish-the-write, changes
   that.  Returns false with errno if the connection has failed. */
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
