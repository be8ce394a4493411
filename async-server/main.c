/* A server with a task per client: it reads like the one with threads, but all tasks share
   one thread, and each yields where it would have to wait (cooperative multitasking).

   Usage: async-server ADDRESS:PORT */

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "runtime.h"
#include "startup.h"
#include "tcp.h"

/* A task's struct keeps what must survive its awaits. */
struct server {
    struct task task;
    int socket;          /* the passive (listening) one */
    bool accept_failing; /* whether the last accept failed */
};

struct client {
    struct task task;
    int socket;
    char address[ADDRESS_TEXT_SIZE];
    char buf[160];
    size_t length;
    size_t written;
};

static void accept_clients(struct task *task);
static int spawn(struct server *server, int socket, const char *address);
static void process_client(struct task *task);

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "arguments: <host>:<port>\n");
        return EXIT_FAILURE;
    }
    startup();
    /* The log is written once per turn of the tasks, not line by line. */
    static char log[8192];
    setvbuf(stdout, log, _IOFBF, sizeof log);

    char error[ERROR_SIZE];
    struct server server = {.socket = tcp_listen(argv[1], error)};
    if (server.socket == -1) {
        fprintf(stderr, "%s\n", error);
        return EXIT_FAILURE;
    }
    struct runtime *runtime = runtime_create();
    if (runtime == NULL || set_nonblocking(server.socket) == -1 ||
        runtime_spawn(runtime, &server.task, accept_clients, server.socket) == -1) {
        perror("cannot wait for clients");
        return EXIT_FAILURE;
    }
    char address[ADDRESS_TEXT_SIZE];
    tcp_local_address(server.socket, address);
    printf("Listening on %s\n", address);

    for (bool wait_failing = false;;) {
        /* Each task that could continue has run: show the log, and wait. */
        fflush(stdout);
        bool failed = runtime_turn(runtime) == -1;
        if (failed && !wait_failing)
            printf("Error waiting for clients: %s\n", strerror(errno));
        if (failed)
            sleep_ms(ACCEPT_BACKOFF_MS);
        wait_failing = failed;
    }
}

/* Starts a task for each client, forever. */
static void accept_clients(struct task *task)
{
    struct server *server = (struct server *)task;
    struct sockaddr_storage peer;
    socklen_t length;
    char address[ADDRESS_TEXT_SIZE];
    int socket;

    task_begin(task);
    for (;;) {
        /* Waits for a client. */
        await_readable(task);
        length = sizeof peer;
        socket = accept(server->socket, (struct sockaddr *)&peer, &length);
        if (socket == -1) {
            if (should_retry_accept(errno))
                continue; /* a signal, or a connection that failed in the backlog */
            /* Out of descriptors or memory.  Log it once, not at each attempt. */
            if (!server->accept_failing)
                printf("Error accepting connection: %s\n", strerror(errno));
            server->accept_failing = true;
            await_sleep(task, ACCEPT_BACKOFF_MS);
            continue;
        }
        server->accept_failing = false;
        tcp_set_options(socket);
        address_format((struct sockaddr *)&peer, length, address);
        printf("Accepting connection from %s\n", address);

        /* If this succeeds, process_client owns the socket. */
        if (spawn(server, socket, address) == -1) {
            printf("Refusing connection from %s: %s\n", address, strerror(errno));
            close(socket);
        }
    }
    task_end(task);
}

/* Hands the socket to process_client, in a new task.  Returns 0, or -1 with errno if the
   system has no memory left; then the socket still belongs to the caller. */
static int spawn(struct server *server, int socket, const char *address)
{
    struct client *client = malloc(sizeof *client);
    if (client == NULL)
        return -1;
    client->socket = socket;
    strcpy(client->address, address);

    if (set_nonblocking(socket) == -1 ||
        runtime_spawn(server->task.runtime, &client->task, process_client, socket) == -1) {
        int error = errno;
        free(client);
        errno = error;
        return -1;
    }
    return 0;
}

static void process_client(struct task *task)
{
    struct client *client = (struct client *)task;
    ssize_t n;

    task_begin(task);
    for (;;) {
        /* Waits until the client sends something.  The other clients do not. */
        await_readable(task);
        n = read(client->socket, client->buf, sizeof client->buf);
        if (n == 0) {
            printf("Client %s closed connection\n", client->address);
            break;
        }
        if (n == -1 && should_retry(errno))
            continue;
        if (n == -1) {
            printf("Error reading from %s: %s\n", client->address, strerror(errno));
            break;
        }
        printf("read %zd bytes from client %s\n", n, client->address);

        /* Echo the same bytes.  write may accept only some of them, or none. */
        client->length = (size_t)n;
        client->written = 0;
        while (client->written < client->length) {
            n = write(client->socket, client->buf + client->written,
                      client->length - client->written);
            if (n >= 0)
                client->written += (size_t)n;
            else if (should_retry(errno))
                await_writable(task);
            else
                break;
        }
        if (client->written < client->length) {
            printf("Error writing to client: %s\n", strerror(errno));
            break;
        }
    }
    task_end(task);
    close(client->socket);
    free(client);
}
