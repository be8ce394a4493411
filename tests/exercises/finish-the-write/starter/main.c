/* An event loop that echoes.  It writes once: the bytes that the socket does not accept are
   lost.  Your task is to change that.

   Usage: finish-the-write ADDRESS:PORT */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "array.h"
#include "clock.h"
#include "poller.h"
#include "startup.h"
#include "tcp.h"
#include "tokenmanager.h"

struct client {
    int socket;
    char address[ADDRESS_TEXT_SIZE];
};

struct server {
    int socket; /* the passive (listening) one */
    struct poller *poller;
    struct token_manager tokens;
    size_t listen_token;
    struct client **clients; /* indexed by token */
    size_t capacity;
};

static int start(struct server *server);
static void accept_clients(struct server *server);
static int add_client(struct server *server, int socket, const char *address);
static void remove_client(struct server *server, size_t token);
static void serve_client(struct server *server, size_t token);
static bool process_client(struct client *client);

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "arguments: <host>:<port>\n");
        return EXIT_FAILURE;
    }
    startup();
    /* The log is written once per turn of the loop, not line by line. */
    static char log[8192];
    setvbuf(stdout, log, _IOFBF, sizeof log);

    char error[ERROR_SIZE];
    struct server server = {.socket = tcp_listen(argv[1], error)};
    if (server.socket == -1) {
        fprintf(stderr, "%s\n", error);
        return EXIT_FAILURE;
    }
    if (start(&server) == -1) {
        perror("cannot wait for clients");
        return EXIT_FAILURE;
    }
    char address[ADDRESS_TEXT_SIZE];
    tcp_local_address(server.socket, address);
    printf("Listening on %s\n", address);

    for (;;) {
        /* Each client that was ready has been served: show the log, and wait. */
        fflush(stdout);
        struct event events[POLLER_MAX_EVENTS];
        int count = poller_wait(server.poller, events, -1);
        if (count == -1 && errno != EINTR)
            sleep_ms(ACCEPT_BACKOFF_MS); /* the kernel is out of memory */

        for (int i = 0; i < count; i++) {
            if (events[i].token == server.listen_token)
                accept_clients(&server);
            else
                serve_client(&server, events[i].token);
        }
    }
}

/* Creates the poller and registers the passive socket.  Returns 0, or -1 with errno. */
static int start(struct server *server)
{
    token_manager_init(&server->tokens);
    server->poller = poller_create();
    if (server->poller == NULL || allocate_token(&server->tokens, &server->listen_token) == -1)
        return -1;
    /* accept is called until the backlog is empty, and must not wait then. */
    if (set_nonblocking(server->socket) == -1)
        return -1;
    return poller_register(server->poller, server->socket, server->listen_token, READABLE);
}

/* Accepts the clients in the backlog, but only so many: the poller reports the others again,
   and a flood of new clients cannot keep the old ones waiting. */
static void accept_clients(struct server *server)
{
    for (int i = 0; i < POLLER_MAX_EVENTS; i++) {
        struct sockaddr_storage peer;
        socklen_t length = sizeof peer;
        int socket = accept(server->socket, (struct sockaddr *)&peer, &length);
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

        if (add_client(server, socket, address) == -1) {
            printf("Refusing connection from %s: %s\n", address, strerror(errno));
            close(socket);
        }
    }
}

/* Adds the client to the table and the poller.  Returns 0, or -1 with errno if the system
   is out of memory; then the socket still belongs to the caller. */
static int add_client(struct server *server, int socket, const char *address)
{
    size_t token;
    if (set_nonblocking(socket) == -1 || allocate_token(&server->tokens, &token) == -1)
        return -1;

    struct client **clients = array_grow(server->clients, &server->capacity, token + 1,
                                         sizeof(struct client *));
    if (clients != NULL)
        server->clients = clients;
    struct client *client = malloc(sizeof *client);
    if (clients == NULL || client == NULL ||
        poller_register(server->poller, socket, token, READABLE) == -1) {
        int error = errno;
        free(client);
        free_token(&server->tokens, token);
        errno = error;
        return -1;
    }
    client->socket = socket;
    strcpy(client->address, address);
    clients[token] = client;
    return 0;
}

static void remove_client(struct server *server, size_t token)
{
    struct client *client = server->clients[token];

    poller_deregister(server->poller, client->socket);
    close(client->socket);
    free(client);
    server->clients[token] = NULL;
    /* The next client gets this token.  No event of the old one can reach it: a wait reports
       each socket once, and this client's event has just been served. */
    free_token(&server->tokens, token);
}

/* Serves the client whose socket is ready. */
static void serve_client(struct server *server, size_t token)
{
    if (!process_client(server->clients[token]))
        remove_client(server, token);
}

/* Reads once, and echoes.  Returns false when the connection must be closed. */
static bool process_client(struct client *client)
{
    char buf[4096];
    ssize_t n = read(client->socket, buf, sizeof buf);

    if (n == 0) {
        printf("Client %s closed connection\n", client->address);
        return false;
    }
    if (n == -1 && should_retry(errno))
        return true;
    if (n == -1) {
        printf("Error reading from %s: %s\n", client->address, strerror(errno));
        return false;
    }

    /* The socket may accept only some of the bytes, or none. */
    n = write(client->socket, buf, (size_t)n);
    if (n == -1 && !should_retry(errno)) {
        printf("Error writing to client: %s\n", strerror(errno));
        return false;
    }
    return true;
}
