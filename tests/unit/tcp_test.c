/* Opening sockets, and what is set on them. */

#include "tcp.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "check.h"

static char error[ERROR_SIZE];
static char text[ADDRESS_TEXT_SIZE];

static int get_option(int fd, int level, int option)
{
    int value = 0;
    socklen_t length = sizeof value;

    CHECK(getsockopt(fd, level, option, &value, &length) == 0);
    return value;
}

/* Listens at a port that the system chooses, and stores the address in text. */
static int listen_anywhere(void)
{
    int server = tcp_listen("127.0.0.1:0", error);

    CHECK(server != -1);
    tcp_local_address(server, text);
    CHECK(strncmp(text, "127.0.0.1:", 10) == 0 && strcmp(text + 10, "0") != 0);
    return server;
}

static void test_options(void)
{
    int server = listen_anywhere();
    int client = tcp_connect(text, error);
    int accepted = accept(server, NULL, NULL);

    CHECK(client != -1 && accepted != -1);
    CHECK(get_option(server, SOL_SOCKET, SO_REUSEADDR) != 0);
    CHECK(fcntl(server, F_GETFD) & FD_CLOEXEC);
    CHECK(fcntl(client, F_GETFD) & FD_CLOEXEC);

    CHECK(get_option(accepted, IPPROTO_TCP, TCP_NODELAY) == 0);
    tcp_set_options(accepted);
    CHECK(get_option(accepted, IPPROTO_TCP, TCP_NODELAY) != 0);
    CHECK(fcntl(accepted, F_GETFD) & FD_CLOEXEC);

    char byte;
    CHECK(set_nonblocking(accepted) == 0);
    CHECK(read(accepted, &byte, 1) == -1 && should_retry(errno));
    CHECK(!should_retry(ECONNRESET));
    close(server);
    close(client);
    close(accepted);
}

/* The passive socket carries no bytes.  Connections are complete before accept, which
   returns a socket with both addresses for each. */
static void test_passive(void)
{
    int server = listen_anywhere();
    int client = tcp_connect(text, error);
    struct sockaddr_storage sa;
    socklen_t length = sizeof sa;
    char byte = 'x';

    CHECK(read(server, &byte, 1) == -1 && errno == ENOTCONN);
    CHECK(write(client, &byte, 1) == 1);
    CHECK(getpeername(server, (struct sockaddr *)&sa, &length) == -1 && errno == ENOTCONN);

    int accepted = accept(server, NULL, NULL);
    CHECK(accepted != -1 && accepted != server);
    CHECK(read(accepted, &byte, 1) == 1 && byte == 'x');
    char expected[ADDRESS_TEXT_SIZE];
    char peer[ADDRESS_TEXT_SIZE];
    tcp_local_address(client, expected);
    CHECK(getpeername(accepted, (struct sockaddr *)&sa, &length) == 0);
    address_format((struct sockaddr *)&sa, length, peer);
    CHECK(strcmp(peer, expected) == 0);
    tcp_local_address(accepted, peer);
    CHECK(strcmp(peer, text) == 0);
    close(server);
    close(client);
    close(accepted);
}

static void test_refused(void)
{
    int server = listen_anywhere();
    char expected[200];

    CHECK(tcp_listen(text, error) == -1 && errno == EADDRINUSE);
    snprintf(expected, sizeof expected, "cannot listen on %s: %s", text, strerror(EADDRINUSE));
    CHECK(strcmp(error, expected) == 0);

    close(server);
    CHECK(tcp_connect(text, error) == -1 && errno == ECONNREFUSED);
    snprintf(expected, sizeof expected, "cannot connect to %s: %s", text,
             strerror(ECONNREFUSED));
    CHECK(strcmp(error, expected) == 0);

    CHECK(tcp_connect("no port", error) == -1 && errno == EINVAL);
    CHECK(strstr(error, "\"no port\"") != NULL);
    CHECK(tcp_listen("192.0.2.1:0", error) == -1 && errno == EADDRNOTAVAIL);
}

/* The server answers at 127.0.0.1 only; localhost may mean ::1 first. */
static void test_each_address(void)
{
    int server = listen_anywhere();
    char name[64];

    snprintf(name, sizeof name, "localhost:%s", strchr(text, ':') + 1);
    int client = tcp_connect(name, error);
    CHECK(client != -1);
    close(client);
    close(server);
}

static void ignore(int signal)
{
    (void)signal;
}

/* The backlog is full, so connect waits, and signals interrupt it again and again; then
   there is room.  The connection must be set up all the same. */
static void test_interrupted(void)
{
    struct sigaction action = {.sa_handler = ignore};
    struct itimerval every_20_ms = {{0, 20000}, {0, 20000}};
    struct itimerval never = {{0, 0}, {0, 0}};
    int server = listen_anywhere();
    int fill[3];
    int waiting = 0;

    listen(server, 0);
    for (size_t i = 0; i < 3; i++) {
        fill[i] = socket(AF_INET, SOCK_STREAM, 0);
        CHECK(set_nonblocking(fill[i]) == 0);
        struct sockaddr_storage sa;
        socklen_t length = sizeof sa;
        CHECK(getsockname(server, (struct sockaddr *)&sa, &length) == 0);
        waiting += connect(fill[i], (struct sockaddr *)&sa, length) == -1;
    }
    CHECK(waiting == 3);

    pid_t child = fork();
    CHECK(child != -1);
    if (child == 0) {
        /* Makes room after a while, and accepts all connections. */
        poll(NULL, 0, 200);
        for (;;)
            close(accept(server, NULL, NULL));
    }
    sigaction(SIGALRM, &action, NULL);
    setitimer(ITIMER_REAL, &every_20_ms, NULL);
    int client = tcp_connect(text, error);
    setitimer(ITIMER_REAL, &never, NULL);
    CHECK(client != -1);
    kill(child, SIGKILL);
}

int main(void)
{
    test_options();
    test_passive();
    test_refused();
    test_each_address();
    test_interrupted();
    return EXIT_SUCCESS;
}
