/* Sends an agent the address at which it listens, and answers the requests that arrive on
   the agent's connections: a number of bytes, all of the same value.  One thread serves all
   connections.

   Usage: task-srv AGENT:PORT KEYWORD */

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
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
    REQUEST_SIZE = 5, /* the length in four bytes, and the value of the bytes */
    CHUNK = 16 * 1024 /* bytes that one step writes at most */
};

struct client {
    int socket;
    unsigned interest; /* what the poller watches the socket for */
    char address[ADDRESS_TEXT_SIZE];
    unsigned char request[REQUEST_SIZE];
    size_t have;      /* bytes in request */
    uint32_t length;  /* of the answer */
    uint32_t written; /* of it */
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

static int listen_beside(int agent, char error[ERROR_SIZE]);
static int tell_agent(int agent, const char *keyword, const char *address);
static int start(struct server *server);
static void accept_clients(struct server *server);
static void pause_accepting(struct server *server);
static void resume_accepting(struct server *server);
static int add_client(struct server *server, int socket, const char *address);
static void remove_client(struct server *server, size_t token);
static void serve_client(struct server *server, size_t token);
static unsigned process_client(struct client *client);
static unsigned read_request(struct client *client);
static unsigned write_answer(struct client *client);

int main(int argc, char *argv[])
{
    if (argc != 3) {
        fprintf(stderr, "arguments: <agent's host>:<port> <keyword>\n");
        return EXIT_FAILURE;
    }
    startup();
    /* The log is written once per turn of the loop, not line by line. */
    static char log[8192];
    setvbuf(stdout, log, _IOFBF, sizeof log);

    char error[ERROR_SIZE];
    int agent = tcp_connect(argv[1], error);
    struct server server = {.socket = agent == -1 ? -1 : listen_beside(agent, error)};
    if (server.socket == -1) {
        fprintf(stderr, "%s\n", error);
        return EXIT_FAILURE;
    }
    char address[ADDRESS_TEXT_SIZE];
    tcp_local_address(server.socket, address);
    printf("Listening on %s\n", address);
    /* The socket to the agent stays open: if it were closed, the agent could take the program
       for terminated. */
    if (start(&server) == -1 || tell_agent(agent, argv[2], address) == -1) {
        perror("cannot serve the agent");
        return EXIT_FAILURE;
    }

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
            else
                serve_client(&server, events[i].token);
        }
    }
}

/* Listens at the local address of the connection to the agent, on a port that the system
   chooses.  Returns the socket, or -1 with ERROR. */
static int listen_beside(int agent, char error[ERROR_SIZE])
{
    char address[ADDRESS_TEXT_SIZE + 2];

    tcp_local_address(agent, address);
    char *colon = strrchr(address, ':');
    if (colon != NULL)
        strcpy(colon, ":0");
    return tcp_listen(address, error);
}

/* Returns 0, or -1 with errno. */
static int tell_agent(int agent, const char *keyword, const char *address)
{
    char message[1024];
    int length = snprintf(message, sizeof message, "TASK-SRV %s %s", keyword, address);

    if (length >= (int)sizeof message) {
        errno = EMSGSIZE;
        return -1;
    }
    for (int written = 0; written < length;) {
        ssize_t n = write(agent, message + written, (size_t)(length - written));
        if (n == -1 && errno != EINTR)
            return -1;
        written += n > 0 ? (int)n : 0;
    }
    return 0;
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
    free_token(&server->tokens, token);
}

/* Serves the client whose socket is ready, and registers what it waits for next. */
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

/* Takes one step with a client.  A request that arrives before the last answer is written
   waits in the socket.  Returns the interest with which the client waits for its next step,
   or 0 at its end. */
static unsigned process_client(struct client *client)
{
    if (client->have < REQUEST_SIZE)
        return read_request(client);
    return write_answer(client);
}

/* Reads what has arrived of a request, which may be only a part; and no more than one
   request, because the next may have arrived as well. */
static unsigned read_request(struct client *client)
{
    ssize_t n = read(client->socket, client->request + client->have,
                     REQUEST_SIZE - client->have);
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
    client->have += (size_t)n;
    if (client->have < REQUEST_SIZE)
        return READABLE;

    client->length = 0;
    for (int i = 0; i < 4; i++)
        client->length = client->length << 8 | client->request[i]; /* big-endian */
    client->written = 0;
    return write_answer(client);
}

/* Writes the next part of the answer, as much as the socket accepts. */
static unsigned write_answer(struct client *client)
{
    char buf[CHUNK];
    unsigned char fill = client->request[REQUEST_SIZE - 1];
    uint32_t left = client->length - client->written;
    size_t part = left < sizeof buf ? left : sizeof buf;

    memset(buf, fill, part);
    ssize_t n = write(client->socket, buf, part);
    if (n == -1 && !should_retry(errno)) {
        printf("Error writing to client: %s\n", strerror(errno));
        return 0;
    }
    if (n > 0)
        client->written += (uint32_t)n;
    if (client->written < client->length)
        return WRITABLE;
    printf("Wrote %lu bytes of byte %c\n", (unsigned long)client->length, fill);
    client->have = 0;
    return READABLE;
}
