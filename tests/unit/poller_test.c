/* The poller, with the back end that was built. */

#include "poller.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "clock.h"

static struct poller *poller;
static struct event events[POLLER_MAX_EVENTS];

/* Expects exactly one event: this one. */
static void expect(size_t token, unsigned readiness)
{
    CHECK(poller_wait(poller, events, 0) == 1);
    CHECK(events[0].token == token);
    CHECK(events[0].readiness == readiness);
}

static void expect_none(void)
{
    CHECK(poller_wait(poller, events, 0) == 0);
}

static void make_pair(int pair[2])
{
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
}

static void close_pair(const int pair[2])
{
    close(pair[0]);
    close(pair[1]);
}

static void test_interest(void)
{
    int pair[2];

    make_pair(pair);
    CHECK(poller_register(poller, pair[0], 7, READABLE) == 0);
    expect_none();
    CHECK(write(pair[1], "x", 1) == 1);
    expect(7, READABLE);
    expect(7, READABLE); /* again, while it is ready */
    CHECK(poller_reregister(poller, pair[0], 8, READABLE | WRITABLE) == 0);
    expect(8, READABLE | WRITABLE);
    CHECK(poller_reregister(poller, pair[0], 9, WRITABLE) == 0);
    expect(9, WRITABLE);
    /* No interest is 0, and a call that fails changes nothing. */
    CHECK(poller_reregister(poller, pair[0], 10, 0) == -1 && errno == EINVAL);
    expect(9, WRITABLE);
    CHECK(poller_deregister(poller, pair[0]) == 0);
    expect_none();
    close_pair(pair);
}

/* Expects that FD is ready for whatever its interest names, and not reported without one. */
static void expect_failed(int fd)
{
    for (unsigned interest = READABLE; interest <= (READABLE | WRITABLE); interest++) {
        CHECK(poller_register(poller, fd, 1, interest) == 0);
        CHECK(poller_wait(poller, events, 0) == 1);
        CHECK(events[0].token == 1);
        CHECK((events[0].readiness & interest) == interest);
        CHECK(poller_deregister(poller, fd) == 0);
        expect_none();
    }
}

static void test_hang_up(void)
{
    int pair[2];

    make_pair(pair);
    close(pair[1]);
    expect_failed(pair[0]);
    close(pair[0]);

    /* Unread data: the peer's close resets the connection. */
    make_pair(pair);
    CHECK(write(pair[0], "x", 1) == 1);
    close(pair[1]);
    expect_failed(pair[0]);
    close(pair[0]);
}

static void test_errors(void)
{
    int pair[2];

    make_pair(pair);
    CHECK(poller_reregister(poller, pair[0], 1, READABLE) == -1 && errno == ENOENT);
    CHECK(poller_deregister(poller, pair[0]) == -1 && errno == ENOENT);
    CHECK(poller_register(poller, pair[0], 1, READABLE) == 0);
    CHECK(poller_register(poller, pair[0], 2, READABLE) == -1 && errno == EEXIST);
    CHECK(poller_register(poller, -1, 3, READABLE) == -1 && errno == EBADF);
    CHECK(poller_deregister(poller, pair[0]) == 0);
    CHECK(poller_register(poller, pair[0], 1, 0) == -1 && errno == EINVAL);
    CHECK(poller_register(poller, pair[0], 1, READABLE) == 0);
    CHECK(poller_deregister(poller, pair[0]) == 0);
    CHECK(poller_deregister(poller, pair[0]) == -1 && errno == ENOENT);
    close_pair(pair);
}

/* More are ready than one wait reports: each is reported before the first is again. */
static void test_many(void)
{
    enum { MANY = 2 * POLLER_MAX_EVENTS + 10 };
    int pairs[MANY][2];
    bool seen[MANY] = {false};
    size_t count = 0;

    for (size_t i = 0; i < MANY; i++) {
        make_pair(pairs[i]);
        CHECK(poller_register(poller, pairs[i][0], i, WRITABLE) == 0);
    }
    for (int wait = 0; wait < 3; wait++) {
        int got = poller_wait(poller, events, -1);
        CHECK(wait < 2 ? got == POLLER_MAX_EVENTS : got > 0);
        for (int i = 0; i < got; i++) {
            count += !seen[events[i].token];
            seen[events[i].token] = true;
        }
    }
    CHECK(count == MANY);

    /* Whichever are deregistered, the others are still found. */
    for (size_t i = 0; i < MANY; i += 2)
        CHECK(poller_deregister(poller, pairs[i][0]) == 0);
    memset(seen, 0, sizeof seen);
    for (int wait = 0; wait < 3; wait++) {
        int got = poller_wait(poller, events, 0);
        for (int i = 0; i < got; i++)
            seen[events[i].token] = true;
    }
    for (size_t i = 0; i < MANY; i++)
        CHECK(seen[i] == (i % 2 == 1));

    /* One wait has left some out.  They are not reported after they are deregistered. */
    for (size_t i = 0; i < MANY; i += 2)
        CHECK(poller_register(poller, pairs[i][0], i, WRITABLE) == 0);
    CHECK(poller_wait(poller, events, -1) > 0); /* the last of those above */
    CHECK(poller_wait(poller, events, -1) == POLLER_MAX_EVENTS);
    memset(seen, 0, sizeof seen);
    for (int i = 0; i < POLLER_MAX_EVENTS; i++)
        seen[events[i].token] = true;
    size_t kept = 0; /* one of those left out */
    while (seen[kept])
        kept++;
    CHECK(poller_reregister(poller, pairs[kept][0], kept, READABLE) == 0);
    for (int wait = 0; wait < 3; wait++) {
        int got = poller_wait(poller, events, -1);
        for (int i = 0; i < got; i++)
            CHECK(events[i].token != kept);
    }
    for (size_t i = 0; i < MANY; i++)
        if (i != kept)
            CHECK(poller_deregister(poller, pairs[i][0]) == 0);
    expect_none();
    CHECK(poller_deregister(poller, pairs[kept][0]) == 0);
    for (size_t i = 0; i < MANY; i++)
        close_pair(pairs[i]);
}

/* The numbers of descriptors need not be dense. */
static void test_large_number(void)
{
    int pair[2];

    make_pair(pair);
    int large = fcntl(pair[0], F_DUPFD, 200);
    CHECK(large >= 200);
    CHECK(poller_register(poller, large, 5, READABLE) == 0);
    CHECK(poller_reregister(poller, large - 1, 6, READABLE) == -1);
    CHECK(write(pair[1], "x", 1) == 1);
    expect(5, READABLE);
    CHECK(poller_deregister(poller, large) == 0);
    close(large);
    close_pair(pair);
}

/* select refuses a descriptor from FD_SETSIZE on, before it changes anything. */
static void test_beyond_fd_setsize(void)
{
    int pair[2];

    make_pair(pair);
    CHECK(poller_register(poller, pair[0], 7, READABLE) == 0);
    int large = fcntl(pair[0], F_DUPFD, FD_SETSIZE);
    if (large == -1) {
        puts("the limit of descriptors is too low for a test of FD_SETSIZE");
    } else if (poller_register(poller, large, 8, WRITABLE) == -1) {
        CHECK(errno == EMFILE);
        expect_none();
        CHECK(poller_reregister(poller, large, 8, WRITABLE) == -1 && errno == ENOENT);
        CHECK(poller_deregister(poller, large) == -1 && errno == ENOENT);
    } else {
        expect(8, WRITABLE);
        CHECK(poller_deregister(poller, large) == 0);
    }
    CHECK(write(pair[1], "x", 1) == 1);
    expect(7, READABLE);
    CHECK(poller_deregister(poller, pair[0]) == 0);
    close(large);
    close_pair(pair);
}

static void ignore(int signal)
{
    (void)signal;
}

static void test_waiting(void)
{
    struct sigaction action = {.sa_handler = ignore};
    long long start = clock_ms();

    CHECK(poller_wait(poller, events, 30) == 0);
    CHECK(clock_ms() - start >= 29);

    sigaction(SIGALRM, &action, NULL);
    alarm(1);
    CHECK(poller_wait(poller, events, -1) == -1 && errno == EINTR);
}

int main(void)
{
    poller = poller_create();
    CHECK(poller != NULL);
    test_interest();
    test_hang_up();
    test_errors();
    test_large_number();
    test_beyond_fd_setsize();
    test_many();
    test_waiting();
    return EXIT_SUCCESS;
}
