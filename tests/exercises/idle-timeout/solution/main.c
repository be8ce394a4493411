/* An echo server that disconnects a client which has been silent for too long.  One thread
   waits for all sockets, and until the first deadline, in one call.

   Usage: idle-timeout ADDRESS:PORT SECONDS */

#include <errno.h>
#include <limits.h>
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

struct client {
    int socket;
    unsigned interest;  /* what the poller watches the socket for */
    long long moved_at; /* when bytes last moved, in clock_ms time */
    char address[ADDRESS_TEXT_SIZE];
    char buf[4096];
    size_t length;  /* bytes in buf */
    size_t written; /* how many of them are echoed already */
};

struct server {
    int socket; /* the passive (listening) one; its token is its descriptor, as for clients */
    struct poller *poller;
    struct client **clients; /* indexed by descriptor; NULL where there is no client */
    size_t capacity;
    long long idle_ms;             /* how long a client may be silent */
    long long accept_paused_until; /* when to accept again, in clock_ms time; 0: now */
};

static int start(struct server *server);
static int time_left(const struct server *server);
static void close_silent_clients(struct server *server);
static void accept_clients(struct server *server);
static void pause_accepting(struct server *server);
static void resume_accepting(struct server *server);
static int make_room(struct server *server, size_t token);
static int add_client(struct server *server, int socket, const char *address);
static void remove_client(struct server *server, struct client *client);
static void serve_client(struct server *server, size_t token);
static unsigned process_client(struct client *client);

/* Returns 0 if TEXT is not a number of seconds. */
static long long milliseconds(const char *text)
{
    char *end;
    long long seconds = strtoll(text, &end, 10);

    if (*end != '\0' || seconds < 1 || seconds > 1000000000)
        return 0;
    return 1000 * seconds;
}

int main(int argc, char *argv[])
{
    struct server server = {.idle_ms = argc == 3 ? milliseconds(argv[2]) : 0};
    if (server.idle_ms == 0) {
        fprintf(stderr, "arguments: <host>:<port> <seconds>\n");
        return EXIT_FAILURE;
    }
    startup();
    /* The log is written once per turn of the loop, not line by line. */
    static char log[8192];
    setvbuf(stdout, log, _IOFBF, sizeof log);

    char error[ERROR_SIZE];
    server.socket = tcp_listen(argv[1], error);
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
        fflush(stdout);
        struct event events[POLLER_MAX_EVENTS];
        int count = poller_wait(server.poller, events, time_left(&server));
        if (count == -1 && errno != EINTR) {
            perror("cannot wait for clients");
            return EXIT_FAILURE;
        }
        for (int i = 0; i < count; i++) {
            if (events[i].token == (size_t)server.socket)
                accept_clients(&server);
            else
                serve_client(&server, events[i].token);
        }
        /* After the events: a client whose bytes have arrived in time is not silent. */
        close_silent_clients(&server);
        if (server.accept_paused_until != 0 && clock_ms() >= server.accept_paused_until)
            resume_accepting(&server);
    }
}

/* Creates the poller and registers the passive socket.  Returns 0, or -1 with errno. */
static int start(struct server *server)
{
    size_t token = (size_t)server->socket;

    server->poller = poller_create();
    if (server->poller == NULL || make_room(server, token) == -1 ||
        set_nonblocking(server->socket) == -1)
        return -1;
    return poller_register(server->poller, server->socket, token, READABLE);
}

/* Returns how long the loop may wait: until the first deadline, or without limit (-1).  It
   looks at every client, which is no more work than poll does. */
static int time_left(const struct server *server)
{
    long long first = server->accept_paused_until == 0 ? LLONG_MAX
                                                       : server->accept_paused_until;

    for (size_t i = 0; i < server->capacity; i++) {
        const struct client *client = server->clients[i];
        if (client != NULL && client->moved_at + server->idle_ms < first)
            first = client->moved_at + server->idle_ms;
    }
    if (first == LLONG_MAX)
        return -1;
    long long left = first - clock_ms();
    if (left < 0)
        return 0;
    return left < INT_MAX ? (int)left : INT_MAX; /* then the loop just looks again early */
}

static void close_silent_clients(struct server *server)
{
    long long now = clock_ms();

    for (size_t i = 0; i < server->capacity; i++) {
        struct client *client = server->clients[i];
        if (client != NULL && now - client->moved_at >= server->idle_ms) {
            printf("Closing connection to %s: it is silent\n", client->address);
            remove_client(server, client);
        }
    }
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
            if (!should_retry_accept(errno))
                pause_accepting(server);
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

/* Out of descriptors or memory.  Deregister the passive socket for a while, because it stays
   ready. */
static void pause_accepting(struct server *server)
{
    printf("Error accepting connection: %s\n", strerror(errno));
    poller_deregister(server->poller, server->socket);
    server->accept_paused_until = clock_ms() + ACCEPT_BACKOFF_MS;
}

static void resume_accepting(struct server *server)
{
    size_t token = (size_t)server->socket;

    if (poller_register(server->poller, server->socket, token, READABLE) == 0)
        server->accept_paused_until = 0;
}

/* Extends the table up to TOKEN.  Returns 0, or -1 with errno. */
static int make_room(struct server *server, size_t token)
{
    size_t before = server->capacity;
    struct client **clients = array_grow(server->clients, &server->capacity, token + 1,
                                         sizeof(struct client *));
    if (clients == NULL)
        return -1;
    server->clients = clients;
    for (size_t i = before; i < server->capacity; i++)
        clients[i] = NULL;
    return 0;
}

/* Adds the client to the table and the poller.  Returns 0, or -1 with errno if the system
   is out of memory; then the socket still belongs to the caller. */
static int add_client(struct server *server, int socket, const char *address)
{
    size_t token = (size_t)socket;
    if (make_room(server, token) == -1)
        return -1;
    struct client *client = malloc(sizeof *client);
    if (client == NULL || set_nonblocking(socket) == -1 ||
        poller_register(server->poller, socket, token, READABLE) == -1) {
        int error = errno;
        free(client);
        errno = error;
        return -1;
    }
    *client = (struct client){.socket = socket, .interest = READABLE, .moved_at = clock_ms()};
    strcpy(client->address, address);
    server->clients[token] = client;
    return 0;
}

static void remove_client(struct server *server, struct client *client)
{
    server->clients[client->socket] = NULL;
    poller_deregister(server->poller, client->socket);
    close(client->socket);
    free(client);
}

/* Serves the client whose socket is ready, and registers what it waits for next. */
static void serve_client(struct server *server, size_t token)
{
    struct client *client = server->clients[token];
    unsigned interest = process_client(client);

    if (interest == client->interest)
        return;
    client->interest = interest;
    if (interest == 0 ||
        poller_reregister(server->poller, client->socket, token, interest) == -1)
        remove_client(server, client);
}

/* Takes one step with a client: reads once, unless an echo is still pending, and writes as
   much of the echo as the socket accepts.

   Returns the interest with which the client waits for its next step, or 0 at its end. */
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
        client->moved_at = clock_ms();
        client->length = (size_t)n;
        client->written = 0;
    }

    n = write(client->socket, client->buf + client->written, client->length - client->written);
    if (n == -1 && !should_retry(errno)) {
        printf("Error writing to client: %s\n", strerror(errno));
        return 0;
    }
    if (n > 0) {
        client->moved_at = clock_ms();
        client->written += (size_t)n;
    }
    return client->written < client->length ? WRITABLE : READABLE;
}
