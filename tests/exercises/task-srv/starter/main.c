/* Sends an agent the address at which it listens, and answers the requests that arrive on
   the agent's connections: a number of bytes, all of the same value.  It serves one
   connection at a time.

   Usage: task-srv AGENT:PORT KEYWORD */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "startup.h"
#include "tcp.h"

enum {
    REQUEST_SIZE = 5, /* the length in four bytes, and the value of the bytes */
    CHUNK = 16 * 1024
};

static int listen_beside(int agent, char error[ERROR_SIZE]);
static int tell_agent(int agent, const char *keyword, const char *address);
static void process_client(int socket, const char *address);
static int write_answer(int socket, uint32_t length, unsigned char fill);

int main(int argc, char *argv[])
{
    if (argc != 3) {
        fprintf(stderr, "arguments: <agent's host>:<port> <keyword>\n");
        return EXIT_FAILURE;
    }
    startup();
    /* The log is written line by line, also to a file or a pipe. */
    setvbuf(stdout, NULL, _IOLBF, BUFSIZ);

    char error[ERROR_SIZE];
    int agent = tcp_connect(argv[1], error);
    int server = agent == -1 ? -1 : listen_beside(agent, error);
    if (server == -1) {
        fprintf(stderr, "%s\n", error);
        return EXIT_FAILURE;
    }
    char address[ADDRESS_TEXT_SIZE];
    tcp_local_address(server, address);
    printf("Listening on %s\n", address);
    if (tell_agent(agent, argv[2], address) == -1) {
        perror("cannot tell the agent");
        return EXIT_FAILURE;
    }

    for (;;) {
        struct sockaddr_storage peer;
        socklen_t length = sizeof peer;
        int socket = accept(server, (struct sockaddr *)&peer, &length);
        if (socket == -1)
            continue;
        tcp_set_options(socket);
        address_format((struct sockaddr *)&peer, length, address);
        printf("Accepting connection from %s\n", address);

        process_client(socket, address);
        close(socket);
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

    snprintf(message, sizeof message, "TASK-SRV %s %s", keyword, address);
    return write(agent, message, strlen(message)) == -1 ? -1 : 0;
}

static void process_client(int socket, const char *address)
{
    unsigned char request[REQUEST_SIZE];

    for (;;) {
        ssize_t n = read(socket, request, sizeof request);
        if (n == 0) {
            printf("Client %s closed connection\n", address);
            return;
        }
        if (n == -1) {
            printf("Error reading from %s: %s\n", address, strerror(errno));
            return;
        }
        uint32_t length = 0;
        for (int i = 0; i < 4; i++)
            length = length << 8 | request[i]; /* big-endian */
        if (write_answer(socket, length, request[4]) == -1) {
            printf("Error writing to client: %s\n", strerror(errno));
            return;
        }
        printf("Wrote %lu bytes of byte %c\n", (unsigned long)length, request[4]);
    }
}

/* Returns 0, or -1 with errno. */
static int write_answer(int socket, uint32_t length, unsigned char fill)
{
    char buf[CHUNK];

    memset(buf, fill, sizeof buf);
    for (uint32_t written = 0; written < length;) {
        uint32_t left = length - written;
        ssize_t n = write(socket, buf, left < sizeof buf ? left : sizeof buf);
        if (n == -1)
            return -1;
        written += (uint32_t)n;
    }
    return 0;
}
