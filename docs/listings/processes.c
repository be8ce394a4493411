/* A server with a process per client: fork copies the server, and the copy serves one client.

   Usage: processes ADDRESS:PORT */

#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "startup.h"
#include "tcp.h"

struct server {
    int socket;          /* the passive (listening) one */
    bool accept_failing; /* whether the last accept failed */
};

static void accept_clients(struct server *server);
static int spawn(struct server *server, int socket, const char *address);
static void process_client(int socket, const char *address);
static void reap_children(int signal);

int main(int argc, char *argv[])
{
    if (argc != 2) {
        fprintf(stderr, "arguments: <host>:<port>\n");
        return EXIT_FAILURE;
    }
    startup();
    /* The log is written line by line.  What a buffer held at a fork, both would write. */
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);

    char error[ERROR_SIZE];
    struct server server = {.socket = tcp_listen(argv[1], error)};
    if (server.socket == -1) {
        fprintf(stderr, "%s\n", error);
        return EXIT_FAILURE;
    }
    struct sigaction action = {.sa_handler = reap_children, .sa_flags = SA_RESTART};
    sigaction(SIGCHLD, &action, NULL);
    char address[ADDRESS_TEXT_SIZE];
    tcp_local_address(server.socket, address);
    printf("Listening on %s\n", address);

    accept_clients(&server);
}

/* Starts a process for each client, forever. */
static void accept_clients(struct server *server)
{
    struct sockaddr_storage peer;
    socklen_t length;
    char address[ADDRESS_TEXT_SIZE];
    int socket;

    for (;;) {
        /* Waits for a client. */
        length = sizeof peer;
        socket = accept(server->socket, (struct sockaddr *)&peer, &length);
        if (socket == -1) {
            if (should_retry_accept(errno))
                continue; /* a signal, or a connection that failed in the backlog */
            /* Out of descriptors or memory.  Log it once, not at each attempt. */
            if (!server->accept_failing)
                printf("Error accepting connection: %s\n", strerror(errno));
            server->accept_failing = true;
            sleep_ms(ACCEPT_BACKOFF_MS);
            continue;
        }
        server->accept_failing = false;
        tcp_set_options(socket);
        address_format((struct sockaddr *)&peer, length, address);
        printf("Accepting connection from %s\n", address);

        if (spawn(server, socket, address) == -1)
            printf("Refusing connection from %s: %s\n", address, strerror(errno));
        /* The child has its own descriptor.  The connection lasts until both are closed. */
        close(socket);
    }
}

/* Serves the client in a new process.  Returns 0, or -1 with errno if the system has no memory
   or no process left (see fork). */
static int spawn(struct server *server, int socket, const char *address)
{
    pid_t child = fork();
    if (child == 0) {
        /* Left open, it would keep the port in use after the server has terminated. */
        close(server->socket);
        process_client(socket, address);
        _exit(EXIT_SUCCESS);
    }
    return child == -1 ? -1 : 0;
}

static void process_client(int socket, const char *address)
{
    char buf[160];
    ssize_t n;

    for (;;) {
        /* Waits until the client sends something.  The other clients do not. */
        n = read(socket, buf, sizeof buf);
        if (n == 0) {
            printf("Client %s closed connection\n", address);
            break;
        }
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1) {
            printf("Error reading from %s: %s\n", address, strerror(errno));
            break;
        }
        printf("read %zd bytes from client %s\n", n, address);

        /* Echo the same bytes.  write may accept only some of them. */
        size_t length = (size_t)n;
        size_t written = 0;
        while (written < length) {
            n = write(socket, buf + written, length - written);
            if (n >= 0)
                written += (size_t)n;
            else if (errno != EINTR)
                break;
        }
        if (written < length) {
            printf("Error writing to client: %s\n", strerror(errno));
            break;
        }
    }
}

/* Collects each child that has terminated.  Signals of one kind do not queue: one SIGCHLD may
   stand for several children.  It may interrupt any call, so errno stays as it was. */
static void reap_children(int signal)
{
    int error = errno;
    (void)signal;
    while (waitpid(-1, NULL, WNOHANG) > 0) {
    }
    errno = error;
}
