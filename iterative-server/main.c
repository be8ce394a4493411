/* A server with one thread for all clients: it waits for whichever socket is ready
   next, and never in a read or a write (I/O multiplexing).

   Usage: iterative-server ADDRESS:PORT */

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
    char address[ADDRESS_TEXT_SIZE];
    char buf[160];
    size_t length;  /* bytes in buf */
    size_t written; /* of them, those already echoed */
};

struct server {
    int socket; /* the passive one */
    struct poller *poller;
    struct token_manager tokens;
    size_t listen_token;
    struct client **clients; /* indexed by token */
    size_t capacity;
    bool accept_failing;           /* whether the last accept failed */
    long long accept_paused_until; /* when to accept again, in clock_ms time; 0: now */
};

static int start(struct server *server);
static void accept_clients(struct server *server);
static void pause_accepting(struct server *server);
static void resume_accepting(struct server *server);
static int add_client(struct server *server, int socket, const char *address);
static void remove_client(struct server *server, size_t token);
static void serve_client(struct server *server, size_t token);
static unsigned process_client(struct client *client);

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
        /* Each client that was ready has had its turn: show the log, and wait. */
        fflush(stdout);
        struct event events[POLLER_MAX_EVENTS];
        int timeout = server.accept_paused_until == 0 ? -1 : ACCEPT_BACKOFF_MS;
        int count = poller_wait(server.poller, events, timeout);
        if (count == -1 && errno != EINTR)
            sleep_ms(ACCEPT_BACKOFF_MS); /* the kernel lacks memory */

        for (int i = 0; i < count; i++) {
            if (events[i].token == server.listen_token)
                accept_clients(&server);
            else
                serve_client(&server, events[i].token);
        }
        if (server.accept_paused_until != 0 && clock_ms() >= server.accept_paused_until)
            resume_accepting(&server);
    }
}

/* Sets up the poller with the passive socket as the first event source.  Returns 0,
   or -1 with errno. */
static int start(struct server *server)
{
    token_manager_init(&server->tokens);
    server->poller = poller_create();
    if (server->poller == NULL || allocate_token(&server->tokens, &server->listen_token) == -1)
        return -1;
    /* accept is called until nobody is left; a blocking one would then wait for the next
       client, and everybody with it. */
    if (set_nonblocking(server->socket) == -1)
        return -1;
    return poller_register(server->poller, server->socket, server->listen_token, READABLE);
}

/* Takes the clients that wait in the backlog.  No more than so many at a time: the
   poller reports the rest again, and a flood of them can't keep the others waiting. */
static void accept_clients(struct server *server)
{
    for (int i = 0; i < POLLER_MAX_EVENTS; i++) {
        struct sockaddr_storage peer;
        socklen_t length = sizeof peer;
        int socket = accept(server->socket, (struct sockaddr *)&peer, &length);
        if (socket == -1) {
            if (!should_retry_accept(errno))
                pause_accepting(server);
            return;
        }
        server->accept_failing = false;
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

/* Out of descriptors or memory.  Tells it once, however long it lasts, and takes
   the passive socket out of the poller for a while, which would report it at once. */
static void pause_accepting(struct server *server)
{
    if (!server->accept_failing)
        printf("Error accepting connection: %s\n", strerror(errno));
    server->accept_failing = true;
    server->accept_paused_until = clock_ms() + ACCEPT_BACKOFF_MS;
    if (poller_reregister(server->poller, server->socket, server->listen_token, 0) == -1)
        sleep_ms(ACCEPT_BACKOFF_MS); /* it stays in: let all rest */
}

static void resume_accepting(struct server *server)
{
    if (poller_reregister(server->poller, server->socket, server->listen_token, READABLE) == 0)
        server->accept_paused_until = 0;
}

/* Takes the client into the table and the poller, under a token of its own.  Returns
   0, or -1 with errno where resources are exhausted; the socket is then still the caller's. */
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
    /* The next newcomer gets this token.  No event of the old client can reach it: a
       wait reports each socket once, and this client's report has just been served. */
    free_token(&server->tokens, token);
}

/* Serves the client whose socket is ready, then sees to what it waits for next. */
static void serve_client(struct server *server, size_t token)
{
    struct client *client = server->clients[token];
    unsigned interest = process_client(client);

    if (interest == 0) {
        remove_client(server, token);
    } else if (interest != client->interest) {
        client->interest = interest;
        if (poller_reregister(server->poller, client->socket, token, interest) == -1) {
            printf("Error waiting for %s: %s\n", client->address, strerror(errno));
            remove_client(server, token);
        }
    }
}

/* Takes one step with a client: reads once, unless an echo is still pending, and
   writes as much of the echo as the socket takes.  While some is left it reads no
   more, so the buffers between fill up and TCP slows the sender down.

   Returns the interest with which the client waits for its next step; 0 at its end. */
static unsigned process_client(struct client *client)
{
    ssize_t n;

    if (client->written == client->length) {
        n = read(client->socket, client->buf, sizeof client->buf);
        if (n == 0) {
            printf("Client %s closed connection\n", client->address);
            return 0;
        }
        if (n == -1 && should_retry(errno))
            return READABLE;
        if (n == -1) {
            printf("Error reading from %s: %s\n", client->address, strerror(errno));
            return 0;
        }
        printf("read %zd bytes from client %s\n", n, client->address);
        client->length = (size_t)n;
        client->written = 0;
    }

    /* Echo the same bytes.  write may take a part of them only, or none. */
    n = write(client->socket, client->buf + client->written, client->length - client->written);
    if (n == -1 && !should_retry(errno)) {
        printf("Error writing to client: %s\n", strerror(errno));
        return 0;
    }
    if (n > 0)
        client->written += (size_t)n;
    return client->written < client->length ? WRITABLE : READABLE;
}
