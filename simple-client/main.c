/* Sends a message, and prints the bytes that come back: as many as it has sent.

   Usage: simple-client HOST:PORT MESSAGE */

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "startup.h"
#include "tcp.h"

static size_t exchange(int socket, const char *message, size_t length);

int main(int argc, char *argv[])
{
    if (argc != 3) {
        fprintf(stderr, "arguments: <host>:<port> <message>\n");
        return EXIT_FAILURE;
    }
    startup();

    /* Looks the name up, and connects to the first of its addresses that answers. */
    char error[ERROR_SIZE];
    int socket = tcp_connect(argv[1], error);
    if (socket == -1) {
        fprintf(stderr, "%s\n", error);
        return EXIT_FAILURE;
    }
    if (set_nonblocking(socket) == -1) {
        fprintf(stderr, "%s: %s\n", argv[1], strerror(errno));
        return EXIT_FAILURE;
    }

    const char *message = argv[2];
    size_t length = strlen(message);
    size_t received = exchange(socket, message, length);
    const char *reason = errno == 0 ? "Connection closed" : strerror(errno);

    if (received > 0 || length == 0)
        putchar('\n');
    if (fflush(stdout) == EOF || ferror(stdout)) {
        perror("standard output");
        return EXIT_FAILURE;
    }
    if (received < length) {
        fprintf(stderr, "%s: %zu of %zu bytes came back: %s\n", argv[1], received, length,
                reason);
        return EXIT_FAILURE;
    }
    return EXIT_SUCCESS;
}

/* Sends the message and prints what comes back, each as soon as the socket is ready
   for it.  To send everything first, and read then, could last forever: a server that
   stops reading until its answers are read would wait for us, and we for it.

   Returns how many bytes have come back.  Where they are fewer than LENGTH, errno says
   why: 0 where the server has closed the connection. */
static size_t exchange(int socket, const char *message, size_t length)
{
    char buf[160];
    size_t sent = 0;
    size_t received = 0;
    int send_error = 0;

    errno = 0;
    while (received < length) {
        struct pollfd wait = {.fd = socket, .events = POLLIN};
        if (sent < length)
            wait.events |= POLLOUT;
        if (poll(&wait, 1, -1) == -1) {
            if (errno == EINTR)
                continue;
            break;
        }
        if ((wait.revents & POLLOUT) && send_error == 0) {
            ssize_t n = write(socket, message + sent, length - sent);
            if (n >= 0)
                sent += (size_t)n;
            else if (!should_retry(errno))
                send_error = errno; /* what has come back already is still to be read */
        }
        if ((wait.revents & (POLLIN | POLLERR | POLLHUP)) || send_error != 0) {
            size_t left = length - received;
            ssize_t n = read(socket, buf, left < sizeof buf ? left : sizeof buf);
            if (n > 0) {
                fwrite(buf, 1, (size_t)n, stdout);
                received += (size_t)n;
            } else if (n == 0 || send_error != 0) {
                errno = send_error;
                break;
            } else if (!should_retry(errno)) {
                break;
            }
        }
    }
    return received;
}
