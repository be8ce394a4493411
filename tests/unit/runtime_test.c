/* The runtime of the async server, with tasks on socket pairs. */

#include "runtime.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "check.h"
#include "clock.h"
#include "startup.h"
#include "tcp.h"

static struct runtime *runtime;

/* A task that echoes single bytes, and says when it has ended. */
struct echo {
    struct task task;
    char byte;
    size_t turns;
    bool ended;
};

static void echo(struct task *task)
{
    struct echo *e = (struct echo *)task;
    ssize_t n;

    task_begin(task);
    for (;;) {
        await_readable(task);
        e->turns++;
        n = read(task->fd, &e->byte, 1);
        if (n == -1 && should_retry(errno))
            continue;
        if (n <= 0)
            break;
        while (write(task->fd, &e->byte, 1) == -1 && should_retry(errno))
            await_writable(task);
    }
    task_end(task);
    close(task->fd);
    e->ended = true;
}

/* Spawns an echo task; returns the other end of its socket. */
static int spawn_echo(struct echo *e)
{
    int pair[2];

    *e = (struct echo){.ended = false};
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(set_nonblocking(pair[0]) == 0 && set_nonblocking(pair[1]) == 0);
    CHECK(runtime_spawn(runtime, &e->task, echo, pair[0]) == 0);
    return pair[1];
}

static void test_echo(void)
{
    struct echo e;
    char byte;
    int fd = spawn_echo(&e);

    for (int i = 0; i < 256; i++) {
        byte = (char)i;
        CHECK(write(fd, &byte, 1) == 1);
        CHECK(runtime_turn(runtime) == 0);
        CHECK(read(fd, &byte, 1) == 1 && byte == (char)i);
    }
    close(fd);
    CHECK(runtime_turn(runtime) == 0);
    CHECK(e.ended);
}

/* Nobody reads: the task waits for room, then goes on where it was, nothing lost. */
static void test_waits_for_room(void)
{
    struct echo e;
    int fd = spawn_echo(&e);
    int size = 1;
    size_t sent = 0;
    size_t received = 0;
    char byte;

    setsockopt(e.task.fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    while (e.task.interest == READABLE) {
        byte = (char)sent;
        if (write(fd, &byte, 1) == 1)
            sent++;
        CHECK(sent < 1000000);
        CHECK(runtime_turn(runtime) == 0);
    }
    CHECK(e.task.interest == WRITABLE);
    while (received < sent) {
        if (read(fd, &byte, 1) == 1)
            CHECK(byte == (char)received++);
        else
            CHECK(runtime_turn(runtime) == 0);
    }
    close(fd);
    CHECK(runtime_turn(runtime) == 0);
    CHECK(e.ended);
}

/* One task always finds work; the other has its turn each time all the same. */
static void test_fair(void)
{
    struct echo greedy, other;
    char buf[1000] = {0};
    int greedy_fd = spawn_echo(&greedy);
    int other_fd = spawn_echo(&other);

    CHECK(write(greedy_fd, buf, sizeof buf) == sizeof buf);
    for (size_t i = 1; i <= 100; i++) {
        CHECK(write(other_fd, buf, 1) == 1);
        CHECK(runtime_turn(runtime) == 0);
        CHECK(greedy.turns == i && other.turns == i);
    }
    close(greedy_fd);
    close(other_fd);
    while (!greedy.ended || !other.ended)
        CHECK(runtime_turn(runtime) == 0);
}

struct sleeper {
    struct task task;
    int ms;
    int naps;
    char name;
};

static char woken[16];

static void nap(struct task *task)
{
    struct sleeper *s = (struct sleeper *)task;

    task_begin(task);
    while (s->naps-- > 0) {
        await_sleep(task, s->ms);
        strncat(woken, &s->name, 1);
    }
    task_end(task);
    close(task->fd);
}

static int spawn_sleeper(struct sleeper *s, char name, int ms, int naps)
{
    int pair[2];

    s->ms = ms;
    s->naps = naps;
    s->name = name;
    CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    CHECK(runtime_spawn(runtime, &s->task, nap, pair[0]) == 0);
    return pair[1];
}

static void test_sleep(void)
{
    struct sleeper a, b, c;
    long long start = clock_ms();
    int fds[3] = {spawn_sleeper(&a, 'a', 60, 1), spawn_sleeper(&b, 'b', 20, 1),
                  spawn_sleeper(&c, 'c', 40, 1)};

    while (strlen(woken) < 3)
        CHECK(runtime_turn(runtime) == 0);
    CHECK(strcmp(woken, "bca") == 0);
    CHECK(clock_ms() - start >= 59);
    for (size_t i = 0; i < 3; i++)
        close(fds[i]);

    /* A task whose time has passed long ago is not waited for. */
    woken[0] = '\0';
    fds[0] = spawn_sleeper(&a, 'a', 1, 1);
    sleep_ms(20);
    CHECK(runtime_turn(runtime) == 0);
    CHECK(strcmp(woken, "a") == 0);
    close(fds[0]);
}

/* A sleeping task is woken by a hang-up, once, though another was to wake up before it;
   and a nap of no time ends its turn. */
static void test_woken_early(void)
{
    struct sleeper s, other, busy;
    struct echo e;
    char byte = 'x';

    woken[0] = '\0';
    int fd = spawn_sleeper(&s, 's', 3600 * 1000, 1);
    int other_fd = spawn_sleeper(&other, 'o', 1800 * 1000, 1);
    close(fd);
    CHECK(runtime_turn(runtime) == 0);
    CHECK(strcmp(woken, "s") == 0);
    close(other_fd);
    CHECK(runtime_turn(runtime) == 0);
    CHECK(strcmp(woken, "so") == 0);

    woken[0] = '\0';
    int busy_fd = spawn_sleeper(&busy, 'z', 0, 10);
    int echo_fd = spawn_echo(&e);
    CHECK(write(echo_fd, &byte, 1) == 1);
    while (e.turns == 0)
        CHECK(runtime_turn(runtime) == 0);
    CHECK(strlen(woken) < 10);
    while (busy.naps >= 0)
        CHECK(runtime_turn(runtime) == 0);
    close(busy_fd);
    close(echo_fd);
    while (!e.ended)
        CHECK(runtime_turn(runtime) == 0);
}

/* A descriptor that is taken can't be registered: the task has not run, and its token
   is free again. */
static void test_spawn_fails(void)
{
    struct echo e, f;
    int e_fd = spawn_echo(&e);
    int f_fd = spawn_echo(&f);
    size_t token = f.task.token;

    close(f_fd);
    while (!f.ended)
        CHECK(runtime_turn(runtime) == 0);
    f = (struct echo){.ended = false};
    CHECK(runtime_spawn(runtime, &f.task, echo, e.task.fd) == -1);
    CHECK(errno == EEXIST);
    CHECK(f.turns == 0 && !f.ended);
    f_fd = spawn_echo(&f);
    CHECK(f.task.token == token);
    close(e_fd);
    close(f_fd);
    while (!e.ended || !f.ended)
        CHECK(runtime_turn(runtime) == 0);
}

int main(void)
{
    startup();
    runtime = runtime_create();
    CHECK(runtime != NULL);
    test_echo();
    test_waits_for_room();
    test_fair();
    test_sleep();
    test_woken_early();
    test_spawn_fails();
    runtime_destroy(runtime);
    return EXIT_SUCCESS;
}
