/* A server that passes on what a client sends to all the others.  It takes what one read
   returns for a line, and its writes wait for clients that do not read.

   Usage: broadcast ADDRESS:PORT */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "array.h"
#include "poller.h"
#include "startup.h"
#include "tcp.h"

struct server {
    int socket; /* the passive (listening) one */
    struct poller *poller;
    int *clients; /* their sockets */
    size_t count;
    size_t capacity;
};

static void accept_client(struct server *server);
static void remove_client(struct server *server, int socket);
static void serve_client(struct server *server, int socket);

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
    /* Here a socket's token is its descriptor. */
    server.poller = poller_create();
    if (server.poller == NULL || set_nonblocking(server.socket) == -1 ||
        poller_register(server.poller, server.socket, (size_t)server.socket, READABLE) == -1) {
        perror("cannot wait for clients");
        return EXIT_FAILURE;
    }
    char address[ADDRESS_TEXT_SIZE];
    tcp_local_address(server.socket, address);
    printf("Listening on %s\n", address);

    for (;;) {
        struct event events[POLLER_MAX_EVENTS];
        int count = poller_wait(server.poller, events, -1);

        for (int i = 0; i < count; i++) {
            if (events[i].token == (size_t)server.socket)
                accept_client(&server);
            else
                serve_client(&server, (int)events[i].token);
        }
    }
}

static void accept_client(struct server *server)
{
    int socket = accept(server->socket, NULL, NULL);
    if (socket == -1)
        return;
    tcp_set_options(socket);

    int *clients = array_grow(server->clients, &server->capacity, server->count + 1,
                              sizeof(int));
    if (clients != NULL)
        server->clients = clients;
    if (clients == NULL ||
        poller_register(server->poller, socket, (size_t)socket, READABLE) == -1) {
        printf("Refusing connection: %s\n", strerror(errno));
        close(socket);
        return;
    }
    server->clients[server->count++] = socket;
    printf("Accepting connection\n");
}

static void remove_client(struct server *server, int socket)
{
    for (size_t i = 0; i < server->count; i++)
        if (server->clients[i] == socket)
            server->clients[i] = server->clients[--server->count];
    poller_deregister(server->poller, socket);
    close(socket);
    printf("Client closed connection\n");
}

static void serve_client(struct server *server, int socket)
{
    char buf[1024];

    ssize_t n = read(socket, buf, sizeof buf);
    if (n <= 0) {
        remove_client(server, socket);
        return;
    }
    for (size_t i = 0; i < server->count; i++)
        if (server->clients[i] != socket && write(server->clients[i], buf, (size_t)n) == -1)
            printf("Error writing to client: %s\n", strerror(errno));
}
