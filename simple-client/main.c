/* Sends a message, and prints what the server answers, until the server ends the stream.

   Usage: simple-client HOST:PORT MESSAGE */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "startup.h"
#include "tcp.h"

static int send_message(int socket, const char *message, size_t length);
static int print_answer(int socket);

int main(int argc, char *argv[])
{
    if (argc != 3) {
        fprintf(stderr, "arguments: <host>:<port> <message>\n");
        return EXIT_FAILURE;
    }
    startup();

    /* Looks the name up, and connects to the first of its addresses that accepts. */
    char error[ERROR_SIZE];
    int socket = tcp_connect(argv[1], error);
    if (socket == -1) {
        fprintf(stderr, "%s\n", error);
        return EXIT_FAILURE;
    }

    int failure = send_message(socket, argv[2], strlen(argv[2])) == 0 ? 0 : errno;
    /* End our stream: the server reads its end, after the message.  Its own stream may still
       bring an answer, even if it has not taken all of the message. */
    shutdown(socket, SHUT_WR);
    if (print_answer(socket) == -1 && failure == 0)
        failure = errno;
    putchar('\n');
    if (fflush(stdout) == EOF || ferror(stdout)) {
        perror("standard output");
        return EXIT_FAILURE;
    }
    if (failure != 0) {
        fprintf(stderr, "%s: %s\n", argv[1], strerror(failure));
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

/* Sends the whole message.  Returns 0, or -1 with errno. */
static int send_message(int socket, const char *message, size_t length)
{
    /* With a send buffer that has room for all of it, write never waits for the server, which
       may itself wait until we read its answer.  The system limits this buffer (on Linux, to
       net.core.wmem_max: 208 KiB or more), and the length of an argument (to 128 KiB). */
    int size = (int)length;
    setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);

    size_t written = 0;
    while (written < length) {
        ssize_t n = write(socket, message + written, length - written);
        if (n >= 0)
            written += (size_t)n;
        else if (errno != EINTR)
            return -1;
    }
    return 0;
}

/* Prints each part of the answer when it arrives.  Returns 0 at the end of the stream, or
   -1 with errno. */
static int print_answer(int socket)
{
    char buf[160];
    ssize_t n;

    while (!ferror(stdout) && (n = read(socket, buf, sizeof buf)) != 0) {
        if (n > 0) {
            fwrite(buf, 1, (size_t)n, stdout);
            fflush(stdout);
        } else if (errno != EINTR) {
            return -1;
        }
    }
    return 0;
}
