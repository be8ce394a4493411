/* A server with several event loops, each in its own thread.  With one per processor it uses
   all processors, and still has no thread per client.

   Usage: loops ADDRESS:PORT [LOOPS]                                      (4 if left out) */

#undef _GNU_SOURCE /* with it, glibc's strerror_r would not have to fill its buffer */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "array.h"
#include "clock.h"
#include "passive.h"
#include "poller.h"
#include "startup.h"
#include "tcp.h"
#include "tokenmanager.h"

enum { REASON_SIZE = 80 };

/* What one loop has.  No other thread uses it, so none of it needs a mutex. */
struct server {
    int socket;                    /* the passive (listening) one */
    bool accept_failing;           /* whether the last accept failed */
    long long accept_paused_until; /* when to accept again, in clock_ms time; 0: now */
    bool resume_failing;           /* whether it could not be registered then */
    struct poller *poller;
    struct token_manager tokens;
    size_t listen_token;
    struct client *clients; /* indexed by token */
    size_t capacity;
};

struct client {
    int socket;
    unsigned interest; /* what the poller watches the socket for */
    char address[ADDRESS_TEXT_SIZE];
    char buf[160];
    size_t length;  /* bytes in buf */
    size_t written; /* how many of them are echoed already */
};

static int spawn(int socket);
static void *serve_clients(void *argument);
static void accept_clients(struct server *server);
static void pause_accepting(struct server *server);
static void resume_accepting(struct server *server);
static int add_client(struct server *server, int socket, const char *address);
static void remove_client(struct server *server, size_t token);
static void serve_client(struct server *server, size_t token);
static unsigned process_client(struct client *client);
static const char *reason(char text[REASON_SIZE]);

int main(int argc, char *argv[])
{
    char *end = "";
    long loops = argc == 3 ? strtol(argv[2], &end, 10) : 4;
    if (argc < 2 || argc > 3 || loops < 1 || *end != '\0') {
        fprintf(stderr, "arguments: <host>:<port> [<loops>]\n");
        return EXIT_FAILURE;
    }
    startup();
    /* The log is written once per turn of a loop, not line by line. */
    static char log[8192];
    setvbuf(stdout, log, _IOFBF, sizeof log);

    char error[ERROR_SIZE];
    int socket = tcp_listen(argv[1], error);
    if (socket == -1) {
        fprintf(stderr, "%s\n", error);
        return EXIT_FAILURE;
    }
    /* Each loop begins with fflush, which waits for this lock: no client comes before the
       first line of the log. */
    flockfile(stdout);
    for (long i = 0; i < loops; i++) {
        int passive = passive_socket(socket, i);
        if (passive == -1 || spawn(passive) == -1) {
            perror("cannot wait for clients");
            return EXIT_FAILURE;
        }
    }
    char address[ADDRESS_TEXT_SIZE];
    tcp_local_address(socket, address);
    printf("Listening on %s\n", address);
    funlockfile(stdout);

    for (;;)
        pause();
}

/* Starts a loop, in a new thread, which accepts clients from SOCKET.  Returns 0, or -1 with
   errno. */
static int spawn(int socket)
{
    struct server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return -1;
    server->socket = socket;
    /* accept must not wait, even if a client has left the backlog again, or another loop has
       been faster. */
    token_manager_init(&server->tokens);
    server->poller = poller_create();
    if (server->poller == NULL || set_nonblocking(server->socket) == -1 ||
        allocate_token(&server->tokens, &server->listen_token) == -1 ||
        poller_register(server->poller, server->socket, server->listen_token, READABLE) == -1)
        return -1;

    pthread_t thread;
    errno = pthread_create(&thread, NULL, serve_clients, server);
    return errno == 0 ? 0 : -1;
}

/* One loop, forever. */
static void *serve_clients(void *argument)
{
    struct server *server = argument;
    char text[REASON_SIZE];

    for (bool wait_failing = false;;) {
        /* Each client that was ready has been served: show the log, and wait. */
        fflush(stdout);
        struct event events[POLLER_MAX_EVENTS];
        int timeout = server->accept_paused_until == 0 ? -1 : ACCEPT_BACKOFF_MS;
        int count = poller_wait(server->poller, events, timeout);
        bool failed = count == -1 && errno != EINTR;
        if (failed && !wait_failing)
            printf("Error waiting for clients: %s\n", reason(text));
        if (failed)
            sleep_ms(ACCEPT_BACKOFF_MS);
        wait_failing = failed;

        for (int i = 0; i < count; i++) {
            if (events[i].token == server->listen_token)
                accept_clients(server);
            else
                serve_client(server, events[i].token);
        }
        if (server->accept_paused_until != 0 && clock_ms() >= server->accept_paused_until)
            resume_accepting(server);
    }
    return NULL;
}

/* Accepts the clients in the backlog, but only so many: the poller reports the others again,
   and a flood of new clients cannot keep the old ones waiting. */
static void accept_clients(struct server *server)
{
    struct sockaddr_storage peer;
    socklen_t length;
    char address[ADDRESS_TEXT_SIZE];
    char text[REASON_SIZE];
    int socket;

    for (int i = 0; i < POLLER_MAX_EVENTS; i++) {
        length = sizeof peer;
        socket = accept(server->socket, (struct sockaddr *)&peer, &length);
        if (socket == -1) {
            if (!should_retry_accept(errno))
                pause_accepting(server);
            return; /* the poller reports the passive socket while clients wait */
        }
        server->accept_failing = false;
        tcp_set_options(socket);
        address_format((struct sockaddr *)&peer, length, address);
        printf("Accepting connection from %s\n", address);

        /* If this succeeds, the server's table owns the socket. */
        if (add_client(server, socket, address) == -1) {
            printf("Refusing connection from %s: %s\n", address, reason(text));
            close(socket);
        }
    }
}

/* Out of descriptors or memory.  Log it once, not at each attempt; and deregister the
   passive socket for a while, because it stays ready. */
static void pause_accepting(struct server *server)
{
    char text[REASON_SIZE];

    if (!server->accept_failing)
        printf("Error accepting connection: %s\n", reason(text));
    server->accept_failing = true;
    server->accept_paused_until = clock_ms() + ACCEPT_BACKOFF_MS;
    poller_deregister(server->poller, server->socket);
}

static void resume_accepting(struct server *server)
{
    char text[REASON_SIZE];

    if (poller_register(server->poller, server->socket, server->listen_token, READABLE) == 0)
        server->accept_paused_until = 0;
    else if (!server->resume_failing)
        printf("Error waiting for clients: %s\n", reason(text));
    server->resume_failing = server->accept_paused_until != 0;
}

/* Adds the client to the table and the poller.  Returns 0, or -1 with errno if the system
   has no memory left; then the socket still belongs to the caller. */
static int add_client(struct server *server, int socket, const char *address)
{
    size_t token;
    if (set_nonblocking(socket) == -1 || allocate_token(&server->tokens, &token) == -1)
        return -1;

    struct client *clients = array_grow(server->clients, &server->capacity, token + 1,
                                        sizeof *clients);
    if (clients != NULL)
        server->clients = clients;
    if (clients == NULL || poller_register(server->poller, socket, token, READABLE) == -1) {
        free_token(&server->tokens, token);
        return -1;
    }
    clients[token] = (struct client){.socket = socket, .interest = READABLE};
    strcpy(clients[token].address, address);
    return 0;
}

static void remove_client(struct server *server, size_t token)
{
    poller_deregister(server->poller, server->clients[token].socket);
    close(server->clients[token].socket);
    /* The next client gets this token.  No event of the old one can reach it: a wait reports
       each socket once, and this client's event has just been served. */
    free_token(&server->tokens, token);
}

/* Serves the client whose socket is ready, and registers what it waits for next. */
static void serve_client(struct server *server, size_t token)
{
    struct client *client = &server->clients[token];
    unsigned interest = process_client(client);
    char text[REASON_SIZE];

    if (interest != 0 && interest != client->interest &&
        poller_reregister(server->poller, client->socket, token, interest) == -1) {
        printf("Error waiting for %s: %s\n", client->address, reason(text));
        interest = 0;
    }
    client->interest = interest;
    if (interest == 0)
        remove_client(server, token);
}

/* Takes one step with a client: reads once, unless part of the last echo is left, and writes
   as much as the socket accepts.  Until all is written it does not read, so the socket buffers
   fill up, and TCP slows the sender down.

   Returns the interest with which the client waits for its next step, or 0 at its end. */
static unsigned process_client(struct client *client)
{
    char text[REASON_SIZE];
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
            printf("Error reading from %s: %s\n", client->address, reason(text));
            return 0;
        }
        printf("read %zd bytes from client %s\n", n, client->address);
        client->length = (size_t)n;
        client->written = 0;
    }

    /* Echo the same bytes.  write may accept only some of them, or none. */
    n = write(client->socket, client->buf + client->written, client->length - client->written);
    if (n == -1 && !should_retry(errno)) {
        printf("Error writing to client: %s\n", reason(text));
        return 0;
    }
    if (n > 0)
        client->written += (size_t)n;
    return client->written < client->length ? WRITABLE : READABLE;
}

/* Says what errno means, in TEXT: strerror may use one buffer for all threads. */
static const char *reason(char text[REASON_SIZE])
{
    strerror_r(errno, text, REASON_SIZE);
    return text;
}
