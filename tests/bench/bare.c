/* The least that an echo server on epoll can do: no log, no client table, no partial
   writes.  It is a yardstick for the real servers, not a model for one.

   Usage: bare ADDRESS:PORT */

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "startup.h"
#include "tcp.h"

int main(int argc, char *argv[])
{
    startup();

    char text[ERROR_SIZE];
    char buf[160];
    struct epoll_event events[128];
    int epoll = epoll_create1(0);
    int server = argc == 2 ? tcp_listen(argv[1], text) : -1;
    struct epoll_event event = {.events = EPOLLIN, .data.fd = server};

    if (server == -1 || set_nonblocking(server) == -1 ||
        epoll_ctl(epoll, EPOLL_CTL_ADD, server, &event) == -1)
        return EXIT_FAILURE;
    tcp_local_address(server, text);
    printf("Listening on %s\n", text);
    fflush(stdout);

    for (;;) {
        int count = epoll_wait(epoll, events, 128, -1);
        for (int i = 0; i < count; i++) {
            int fd = events[i].data.fd;
            if (fd == server) {
                int socket;
                while ((socket = accept(server, NULL, NULL)) != -1) {
                    tcp_set_options(socket);
                    set_nonblocking(socket);
                    event.data.fd = socket;
                    epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
                }
            } else {
                ssize_t n = read(fd, buf, sizeof buf);
                if (n <= 0 || write(fd, buf, (size_t)n) != n)
                    close(fd);
            }
        }
    }
}
