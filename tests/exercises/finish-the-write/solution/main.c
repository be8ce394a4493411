/* An event loop that echoes, and keeps what a socket does not accept until it has room
   again.  The server does not read from a client whose buffer is full, so TCP slows that
   client down.

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
    unsigned interest; /* what the poller watches the socket for */
    bool ended;        /* whether read has returned the end of the stream */
    char address[ADDRESS_TEXT_SIZE];
    char buf[16384];
    size_t length; /* bytes in buf, which must still be echoed */
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
static void serve_client(struct server *server, struct event event);
static int read_some(struct client *client);
static int write_some(struct client *client);
static unsigned interest_of(const struct client *client);

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
                serve_client(&server, events[i]);
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
    *client = (struct client){.socket = socket, .interest = READABLE};
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

/* Serves the client whose socket is ready, and registers what it waits for next. */
static void serve_client(struct server *server, struct event event)
{
    struct client *client = server->clients[event.token];

    /* The socket usually has room, so try to write before waiting for it. */
    if (((event.readiness & READABLE) && read_some(client) == -1) ||
        write_some(client) == -1) {
        remove_client(server, event.token);
        return;
    }
    unsigned interest = interest_of(client);
    if (interest == 0) {
        printf("Client %s closed connection\n", client->address);
        remove_client(server, event.token);
    } else if (interest != client->interest) {
        client->interest = interest;
        if (poller_reregister(server->poller, client->socket, event.token, interest) == -1) {
            printf("Error waiting for %s: %s\n", client->address, strerror(errno));
            remove_client(server, event.token);
        }
    }
}

/* What the client waits for: READABLE while its buffer has room, WRITABLE while its buffer
   holds bytes.  An idle socket is always writable, so with WRITABLE and nothing to write the
   loop would never sleep.  0: the client has ended, and everything has been written. */
static unsigned interest_of(const struct client *client)
{
    unsigned interest = 0;

    if (!client->ended && client->length < sizeof client->buf)
        interest |= READABLE;
    if (client->length > 0)
        interest |= WRITABLE;
    return interest;
}

/* Reads once, as much as the buffer has room for.  Returns 0, or -1 if the connection has
   failed. */
static int read_some(struct client *client)
{
    size_t room = sizeof client->buf - client->length;

    /* The poller reports an error as READABLE, whatever the interest; and a read of 0 bytes
       returns 0, as at the end of the stream. */
    if (room == 0 || client->ended)
        return 0;
    ssize_t n = read(client->socket, client->buf + client->length, room);
    if (n == -1 && !should_retry(errno)) {
        printf("Error reading from %s: %s\n", client->address, strerror(errno));
        return -1;
    }
    if (n == 0)
        client->ended = true;
    if (n > 0)
        client->length += (size_t)n;
    return 0;
}

/* Writes what the socket accepts; the rest moves to the front of the buffer.  Returns 0, or
   -1 if the connection has failed. */
static int write_some(struct client *client)
{
    if (client->length == 0)
        return 0;
    ssize_t n = write(client->socket, client->buf, client->length);
    if (n == -1 && !should_retry(errno)) {
        printf("Error writing to client: %s\n", strerror(errno));
        return -1;
    }
    if (n > 0) {
        client->length -= (size_t)n;
        memmove(client->buf, client->buf + n, client->length);
    }
    return 0;
}
