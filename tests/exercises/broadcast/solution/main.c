/* A server that passes each line of a client on to all the others.  One thread waits for
   all sockets at the same time.  It keeps what a client's socket does not accept yet, and
   disconnects a client that falls too far behind, so no client waits for another.

   Usage: broadcast ADDRESS:PORT */

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

enum {
    LONGEST_LINE = 1024,     /* with its newline */
    QUEUE_LIMIT = 512 * 1024 /* bytes that the server keeps for a client at most */
};

struct client {
    int socket;
    unsigned interest; /* what the poller watches the socket for */
    char address[ADDRESS_TEXT_SIZE];
    char line[LONGEST_LINE]; /* the beginning of its next line */
    size_t length;           /* bytes in line */
    char *queue;             /* whole lines of the others */
    size_t capacity;
    size_t begin; /* of the bytes that must still be written */
    size_t end;
    bool leaving; /* whether settle must remove it */
};

struct server {
    int socket; /* the passive (listening) one */
    struct poller *poller;
    struct token_manager tokens;
    size_t listen_token;
    struct client **clients; /* indexed by token */
    size_t capacity;
    bool accept_failing; /* whether the last accept failed, and accepting is paused */
};

static int start(struct server *server);
static void accept_clients(struct server *server);
static void pause_accepting(struct server *server);
static void resume_accepting(struct server *server);
static int add_client(struct server *server, int socket, const char *address);
static void remove_client(struct server *server, size_t token);
static void read_lines(struct server *server, struct client *client);
static void pass_on(struct server *server, const struct client *from, const char *line,
                    size_t length);
static void enqueue(struct client *client, const char *line, size_t length);
static void write_queue(struct client *client);
static void settle(struct server *server);

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
        fflush(stdout);
        struct event events[POLLER_MAX_EVENTS];
        int count = poller_wait(server.poller, events,
                                server.accept_failing ? ACCEPT_BACKOFF_MS : -1);
        if (count == -1 && errno != EINTR)
            sleep_ms(ACCEPT_BACKOFF_MS); /* the kernel is out of memory */
        if (server.accept_failing)
            resume_accepting(&server);

        for (int i = 0; i < count; i++) {
            if (events[i].token == server.listen_token)
                accept_clients(&server);
            else if (events[i].readiness & READABLE)
                read_lines(&server, server.clients[events[i].token]);
        }
        settle(&server);
    }
}

/* Creates the poller and registers the passive socket.  Returns 0, or -1 with errno. */
static int start(struct server *server)
{
    token_manager_init(&server->tokens);
    server->poller = poller_create();
    if (server->poller == NULL || allocate_token(&server->tokens, &server->listen_token) == -1)
        return -1;
    if (set_nonblocking(server->socket) == -1)
        return -1;
    return poller_register(server->poller, server->socket, server->listen_token, READABLE);
}

/* Accepts some of the clients in the backlog; the poller reports the others again. */
static void accept_clients(struct server *server)
{
    for (int i = 0; i < POLLER_MAX_EVENTS; i++) {
        struct sockaddr_storage peer;
        socklen_t length = sizeof peer;
        int socket = accept(server->socket, (struct sockaddr *)&peer, &length);
        if (socket == -1) {
            if (!should_retry_accept(errno)) {
                printf("Error accepting connection: %s\n", strerror(errno));
                pause_accepting(server);
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

/* Out of descriptors or memory.  Deregister the passive socket for a while, because it stays
   ready. */
static void pause_accepting(struct server *server)
{
    poller_deregister(server->poller, server->socket);
    server->accept_failing = true;
}

static void resume_accepting(struct server *server)
{
    if (poller_register(server->poller, server->socket, server->listen_token, READABLE) == 0)
        server->accept_failing = false;
}

/* Adds the client to the table and the poller.  Returns 0, or -1 with errno if the system
   is out of memory; then the socket still belongs to the caller. */
static int add_client(struct server *server, int socket, const char *address)
{
    size_t token;
    if (set_nonblocking(socket) == -1 || allocate_token(&server->tokens, &token) == -1)
        return -1;

    size_t known = server->capacity;
    struct client **clients = array_grow(server->clients, &server->capacity, token + 1,
                                         sizeof(struct client *));
    if (clients != NULL) {
        server->clients = clients;
        for (size_t i = known; i < server->capacity; i++)
            clients[i] = NULL;
    }
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
    free(client->queue);
    free(client);
    server->clients[token] = NULL;
    free_token(&server->tokens, token);
}

/* Reads once, and passes on each line that is complete now.  The beginning of the next one
   is kept until the rest has arrived. */
static void read_lines(struct server *server, struct client *client)
{
    if (client->leaving)
        return; /* another client's line has overflowed its queue since the wait */
    ssize_t n = read(client->socket, client->line + client->length,
                     sizeof client->line - client->length);
    if (n == -1 && should_retry(errno))
        return;
    if (n <= 0) {
        if (n == 0)
            printf("Client %s closed connection\n", client->address);
        else
            printf("Error reading from %s: %s\n", client->address, strerror(errno));
        client->leaving = true;
        return;
    }
    client->length += (size_t)n;

    char *line = client->line;
    char *end = client->line + client->length;
    char *newline;
    while ((newline = memchr(line, '\n', (size_t)(end - line))) != NULL) {
        pass_on(server, client, line, (size_t)(newline + 1 - line));
        line = newline + 1;
    }
    client->length = (size_t)(end - line);
    memmove(client->line, line, client->length);
    if (client->length == sizeof client->line) {
        printf("Client %s sent a line that is too long\n", client->address);
        client->leaving = true;
    }
}

static void pass_on(struct server *server, const struct client *from, const char *line,
                    size_t length)
{
    for (size_t token = 0; token < server->capacity; token++) {
        struct client *client = server->clients[token];
        if (client != NULL && client != from && !client->leaving)
            enqueue(client, line, length);
    }
}

/* Adds the line to the client's queue; settle writes it. */
static void enqueue(struct client *client, const char *line, size_t length)
{
    if (client->end - client->begin + length > QUEUE_LIMIT)
        write_queue(client);
    if (client->end - client->begin + length > QUEUE_LIMIT) {
        printf("Client %s reads too slowly\n", client->address);
        client->leaving = true;
        return;
    }
    if (client->end + length > client->capacity && client->begin > 0) {
        client->end -= client->begin;
        memmove(client->queue, client->queue + client->begin, client->end);
        client->begin = 0;
    }
    char *queue = array_grow(client->queue, &client->capacity, client->end + length, 1);
    if (queue == NULL) {
        printf("Closing connection with %s: %s\n", client->address, strerror(errno));
        client->leaving = true;
        return;
    }
    client->queue = queue;
    memcpy(client->queue + client->end, line, length);
    client->end += length;
}

/* Writes as much of the queue as the socket accepts now. */
static void write_queue(struct client *client)
{
    ssize_t n = write(client->socket, client->queue + client->begin,
                      client->end - client->begin);
    if (n == -1 && !should_retry(errno)) {
        printf("Error writing to %s: %s\n", client->address, strerror(errno));
        client->leaving = true;
    }
    if (n > 0)
        client->begin += (size_t)n;
    if (client->begin == client->end)
        client->begin = client->end = 0;
}

/* After all events of a wait: writes each client's queue, and removes the clients that leave.
   No earlier, because an event of the same wait may still refer to them. */
static void settle(struct server *server)
{
    for (size_t token = 0; token < server->capacity; token++) {
        struct client *client = server->clients[token];
        if (client == NULL)
            continue;
        if (client->begin < client->end && !client->leaving)
            write_queue(client);

        unsigned interest = client->begin < client->end ? READABLE | WRITABLE : READABLE;
        if (interest != client->interest && !client->leaving) {
            client->interest = interest;
            if (poller_reregister(server->poller, client->socket, token, interest) == -1) {
                printf("Error waiting for %s: %s\n", client->address, strerror(errno));
                client->leaving = true;
            }
        }
        if (client->leaving)
            remove_client(server, token);
    }
}
