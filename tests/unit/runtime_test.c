/* The runtime of the async server, with tasks on socket pairs. */

#include "runtime.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
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
    CHECK(set_nonblocking(pair[1]) == 0);
    CHECK(runtime_spawn(runtime, &e->task, echo, pair[0]) == 0);
    CHECK(fcntl(pair[0], F_GETFL) & O_NONBLOCK);
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

/* The peer does not read: the task waits for room, then continues where it was. */
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

/* One task always has data; the other still runs in each turn. */
static void test_fair(void)
{
    struct echo busy, other;
    char buf[1000] = {0};
    int busy_fd = spawn_echo(&busy);
    int other_fd = spawn_echo(&other);

    CHECK(write(busy_fd, buf, sizeof buf) == sizeof buf);
    for (size_t i = 1; i <= 100; i++) {
        CHECK(write(other_fd, buf, 1) == 1);
        CHECK(runtime_turn(runtime) == 0);
        CHECK(busy.turns == i && other.turns == i);
    }
    close(busy_fd);
    close(other_fd);
    while (!busy.ended || !other.ended)
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

    /* If a task's wake-up time has passed, the turn does not wait. */
    woken[0] = '\0';
    fds[0] = spawn_sleeper(&a, 'a', 1, 1);
    sleep_ms(20);
    CHECK(runtime_turn(runtime) == 0);
    CHECK(strcmp(woken, "a") == 0);
    close(fds[0]);
}

/* A task that sleeps while its socket has data, or has hung up, wakes once, on time.  Until
   then the turn waits, and runs no task. */
static void test_sleeps_through(void)
{
    struct sleeper s, hung_up, reset;
    long long start = clock_ms();
    int turns = 0;

    woken[0] = '\0';
    int fd = spawn_sleeper(&s, 's', 100, 1);
    CHECK(write(fd, "x", 1) == 1);
    int reset_fd = spawn_sleeper(&reset, 'r', 150, 1);
    CHECK(write(reset.task.fd, "x", 1) == 1);
    close(reset_fd); /* with unread data: a reset */
    close(spawn_sleeper(&hung_up, 'h', 200, 1));
    for (; strlen(woken) < 3; turns++)
        CHECK(runtime_turn(runtime) == 0);
    CHECK(strcmp(woken, "srh") == 0);
    CHECK(clock_ms() - start >= 199);
    CHECK(turns <= 6); /* one per task, and each may be a millisecond early */
    close(fd);
}

/* A sleep of 0 ms still ends the task's turn. */
static void test_short_naps(void)
{
    struct sleeper busy;
    struct echo e;
    char byte = 'x';

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

static void ignore(int signal)
{
    (void)signal;
}

/* A signal ends a turn, and is no error. */
static void test_signal(void)
{
    struct sigaction action = {.sa_handler = ignore};
    struct sleeper s;
    int fd = spawn_sleeper(&s, 's', 20000, 1);

    sigaction(SIGALRM, &action, NULL);
    alarm(1);
    CHECK(runtime_turn(runtime) == 0);
    CHECK(s.naps == 0); /* it sleeps still */
    close(fd);
}

/* A descriptor has at most one task, even while that sleeps. */
static void test_spawn_fails(void)
{
    struct echo e, f = {.ended = false};
    struct sleeper s;
    int e_fd = spawn_echo(&e);
    int s_fd = spawn_sleeper(&s, 's', 1, 1);

    CHECK(runtime_spawn(runtime, &f.task, echo, e.task.fd) == -1 && errno == EEXIST);
    CHECK(runtime_spawn(runtime, &f.task, echo, s.task.fd) == -1 && errno == EEXIST);
    CHECK(runtime_spawn(runtime, &s.task, nap, s.task.fd) == -1 && errno == EEXIST);
    CHECK(runtime_spawn(runtime, &f.task, echo, -1) == -1 && errno == EBADF);
    CHECK(runtime_spawn(runtime, &f.task, echo, 1000) == -1 && errno == EBADF);
    CHECK(f.turns == 0 && !f.ended);
    close(e_fd);
    close(s_fd);
    while (!e.ended || s.naps >= 0)
        CHECK(runtime_turn(runtime) == 0);
}

/* Tasks that break the rules, as a student's first task may. */

static void returns(struct task *task)
{
    char byte;

    task_begin(task);
    await_readable(task);
    if (read(task->fd, &byte, 1) == 0)
        return;
    task_end(task);
}

static void await_here(struct task *task)
{
    task_begin(task);
    await_readable(task);
    task_end(task);
}

static void calls_one_that_awaits(struct task *task)
{
    task_begin(task);
    await_here(task);
    await_readable(task);
    task_end(task);
}

static void returns_after_one_that_awaits(struct task *task)
{
    task_begin(task);
    await_readable(task);
    await_here(task);
    return;
    task_end(task);
}

static void begins_twice(struct task *task)
{
    task_begin(task);
    task_begin(task);
    await_readable(task);
    task_end(task);
    task_end(task);
}

static void ends_twice(struct task *task)
{
    task_begin(task);
    await_readable(task);
    task_end(task);
    task_finish(task);
}

static void awaits_in_a_switch(struct task *task)
{
    task_begin(task);
    switch (task->fd) {
    default:
        await_readable(task);
    }
    task_end(task);
}

static void awaits_then_calls_one_that_awaits(struct task *task)
{
    task_begin(task);
    await_readable(task);
    await_here(task);
    await_readable(task);
    task_end(task);
}

static void takes_a_turn(struct task *task)
{
    task_begin(task);
    await_readable(task);
    runtime_turn(runtime);
    task_end(task);
}

static void closes_early(struct task *task)
{
    task_begin(task);
    await_readable(task);
    close(task->fd);
    task_end(task);
}

/* Runs the task in a child process, on a socket that has hung up, and expects that the program
   aborts with a message that names the rule. */
static void expect_caught(void (*function)(struct task *task), const char *rule)
{
    char message[500] = "";
    size_t length = 0;
    ssize_t n;
    int status, output[2];

    CHECK(pipe(output) == 0);
    pid_t child = fork();
    CHECK(child != -1);
    if (child == 0) {
        struct task task;
        int pair[2];
        alarm(10); /* kills a task that spins */
        dup2(output[1], STDERR_FILENO);
        close(output[1]);
        if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
            _exit(1);
        close(pair[1]);
        runtime = runtime_create();
        runtime_spawn(runtime, &task, function, pair[0]);
        for (;;)
            runtime_turn(runtime);
    }
    close(output[1]);
    while ((n = read(output[0], message + length, sizeof message - 1 - length)) > 0)
        length += (size_t)n;
    close(output[0]);
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    CHECK(strstr(message, rule) != NULL && strstr(message, "runtime.h") != NULL);
    CHECK(strstr(message, "a task has broken a rule of runtime.h: ") == message);
}

static void test_rules(void)
{
    expect_caught(returns, "rule 1");
    expect_caught(calls_one_that_awaits, "rule 2");
    expect_caught(returns_after_one_that_awaits, "rule 2");
    expect_caught(begins_twice, "rule 2");
    expect_caught(ends_twice, "rule 2");
    expect_caught(awaits_then_calls_one_that_awaits, "rule 2");
    expect_caught(closes_early, "rule 5");
    expect_caught(awaits_in_a_switch, "rule 7");
    expect_caught(takes_a_turn, "rule 8");
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
    test_sleeps_through();
    test_short_naps();
    test_spawn_fails();
    test_signal();
    test_rules();
    return EXIT_SUCCESS;
}
