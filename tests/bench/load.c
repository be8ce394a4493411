/* Keeps connections to an echo server busy, checks every byte of the echoes, and measures
   the server at the same time.

   Usage: load ADDRESS:PORT PID TOGETHER BUSY IDLE SIZE SECONDS [churn]

   BUSY connections send a message of SIZE bytes each, wait for its echo, and send the
   next; IDLE others are silent after one echo each.  TOGETHER connections are opened at a
   time: some servers lose clients that connect together.  With "churn" a busy connection is
   closed after each echo and opened again.  PID is the server's process.

   Prints one line of fields, separated by tabs:
   echoes per second; CPU time of the server per echo, in microseconds; latency p50, p99
   and p99.9, in microseconds; memory of the server per connection, in KiB, when all are
   connected and idle.
   Exits with status 1 and one line on standard error if a connection is lost, a byte of an
   echo is wrong, or no echo arrives for five seconds. */

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "startup.h"
#include "tcp.h"
#include "usage.h"

enum { PATTERNS = 251, BUCKETS_PER_OCTAVE = 64, BUCKETS = 40 * BUCKETS_PER_OCTAVE };
enum { PATIENCE_MS = 5000 };

struct connection {
    int fd;
    bool wants_room;  /* is watched for writability too */
    unsigned pattern; /* where in the pattern its message begins */
    size_t sent;
    size_t received;
    int64_t started;
};

struct load {
    const char *address;
    size_t size;
    bool churn;
    bool stopping; /* no new message is started */
    int epoll;
    char *pattern; /* SIZE + PATTERNS bytes */
    char *buf;     /* SIZE bytes */
    size_t in_flight;
    uint64_t echoes;
    uint64_t latencies[BUCKETS];
};

static _Noreturn void fail(const char *what, const char *why)
{
    fprintf(stderr, "load: %s: %s\n", what, why);
    exit(EXIT_FAILURE);
}

static int64_t now_ns(void)
{
    struct timespec time;

    if (clock_gettime(CLOCK_MONOTONIC, &time) == -1)
        fail("clock", strerror(errno));
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* Latencies are counted in buckets, 64 to each doubling: less than 2 % too low. */
static void record(struct load *load, int64_t ns)
{
    uint64_t value = ns > BUCKETS_PER_OCTAVE ? (uint64_t)ns : BUCKETS_PER_OCTAVE;
    unsigned octave = 0;

    while (value >> octave >> 1 >= BUCKETS_PER_OCTAVE)
        octave++;
    size_t first = (size_t)octave * BUCKETS_PER_OCTAVE;
    size_t bucket = first + (size_t)(value >> octave) - BUCKETS_PER_OCTAVE;
    load->latencies[bucket < BUCKETS ? bucket : BUCKETS - 1]++;
}

/* The latency, in microseconds, that the given fraction of the echoes did not exceed. */
static double percentile(const struct load *load, double part)
{
    uint64_t wanted = (uint64_t)((double)load->echoes * part);
    uint64_t seen = 0;
    size_t bucket = 0;

    while (bucket < BUCKETS - 1 && (seen += load->latencies[bucket]) <= wanted)
        bucket++;
    uint64_t value = BUCKETS_PER_OCTAVE + bucket % BUCKETS_PER_OCTAVE;
    return (double)(value << bucket / BUCKETS_PER_OCTAVE) / 1000;
}

static void watch(struct load *load, struct connection *c, int operation)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};

    if (c->wants_room)
        event.events |= EPOLLOUT;
    if (epoll_ctl(load->epoll, operation, c->fd, &event) == -1)
        fail("epoll_ctl", strerror(errno));
}

static void open_connection(struct load *load, struct connection *c)
{
    char error[ERROR_SIZE];

    c->fd = tcp_connect(load->address, error);
    if (c->fd == -1)
        fail("connection", error);
    if (set_nonblocking(c->fd) == -1)
        fail("connection", strerror(errno));
    tcp_set_options(c->fd);
    c->wants_room = false;
    watch(load, c, EPOLL_CTL_ADD);
}

static void send_rest(struct load *load, struct connection *c)
{
    while (c->sent < load->size) {
        ssize_t n = write(c->fd, load->pattern + c->pattern + c->sent, load->size - c->sent);
        if (n == -1 && should_retry(errno))
            break;
        if (n == -1)
            fail("write", strerror(errno));
        c->sent += (size_t)n;
    }
    bool wants_room = c->sent < load->size;
    if (wants_room != c->wants_room) {
        c->wants_room = wants_room;
        watch(load, c, EPOLL_CTL_MOD);
    }
}

static void start_message(struct load *load, struct connection *c)
{
    c->pattern = (c->pattern + 1) % PATTERNS;
    c->sent = 0;
    c->received = 0;
    c->started = now_ns();
    load->in_flight++;
    send_rest(load, c);
}

static void receive(struct load *load, struct connection *c)
{
    ssize_t n = read(c->fd, load->buf, load->size);

    if (n == -1 && should_retry(errno))
        return;
    if (n <= 0)
        fail("read", n == 0 ? "the server has closed a connection" : strerror(errno));
    if ((size_t)n > c->sent - c->received ||
        memcmp(load->buf, load->pattern + c->pattern + c->received, (size_t)n) != 0)
        fail("read", "wrong bytes came back");
    c->received += (size_t)n;
    if (c->received < load->size)
        return;

    record(load, now_ns() - c->started);
    load->echoes++;
    load->in_flight--;
    if (load->stopping)
        return;
    if (load->churn) {
        close(c->fd);
        open_connection(load, c);
    }
    start_message(load, c);
}

/* Serves the connections until END, or until no message is in flight. */
static void run(struct load *load, int64_t end)
{
    struct epoll_event events[256];

    while (load->in_flight > 0 && now_ns() < end) {
        int count = epoll_wait(load->epoll, events, 256, PATIENCE_MS);
        if (count == 0)
            fail("read", "no echo comes back");
        for (int i = 0; i < count; i++) {
            struct connection *c = events[i].data.ptr;
            if (events[i].events & EPOLLOUT)
                send_rest(load, c);
            if (events[i].events & ~(uint32_t)EPOLLOUT)
                receive(load, c);
        }
    }
}

static struct connection *connect_all(struct load *load, size_t count, size_t together)
{
    struct connection *connections = calloc(count, sizeof *connections);

    if (connections == NULL)
        fail("start", strerror(errno));
    load->stopping = true;
    for (size_t i = 0; i < count; i++) {
        connections[i].pattern = (unsigned)(i % PATTERNS);
        open_connection(load, &connections[i]);
        start_message(load, &connections[i]);
        if (load->in_flight == together || i == count - 1)
            run(load, INT64_MAX);
    }
    load->stopping = false;
    return connections;
}

/* Measures the running load for LENGTH nanoseconds, and prints everything except memory. */
static void measure(struct load *load, pid_t pid, int64_t length)
{
    load->echoes = 0;
    memset(load->latencies, 0, sizeof load->latencies);
    int64_t start = now_ns();
    int64_t cpu = cpu_time_ns(pid);
    run(load, start + length);
    cpu = cpu_time_ns(pid) - cpu;
    length = now_ns() - start;

    if (load->echoes == 0)
        fail("measurement", "no echo came back in time");
    printf("%.0f\t%.3f\t%.1f\t%.1f\t%.1f", (double)load->echoes * 1e9 / (double)length,
           (double)cpu / 1000 / (double)load->echoes, percentile(load, 0.5),
           percentile(load, 0.99), percentile(load, 0.999));
}

int main(int argc, char *argv[])
{
    startup();
    if (argc < 8) {
        fprintf(stderr, "arguments: <host>:<port> <pid> <together> <busy> <idle> <size> "
                        "<seconds> [churn]\n");
        return EXIT_FAILURE;
    }
    pid_t pid = (pid_t)strtol(argv[2], NULL, 10);
    size_t together = strtoul(argv[3], NULL, 10);
    size_t busy = strtoul(argv[4], NULL, 10);
    size_t idle = strtoul(argv[5], NULL, 10);
    int64_t length = (int64_t)(strtod(argv[7], NULL) * 1e9);
    static struct load load;
    load.address = argv[1];
    load.size = strtoul(argv[6], NULL, 10);
    load.churn = argc > 8;
    load.epoll = epoll_create1(EPOLL_CLOEXEC);
    load.pattern = malloc(load.size + PATTERNS);
    load.buf = malloc(load.size);
    if (load.epoll == -1 || load.pattern == NULL || load.buf == NULL)
        fail("start", strerror(errno));
    for (size_t i = 0; i < load.size + PATTERNS; i++)
        load.pattern[i] = (char)(i % PATTERNS);

    int64_t before = memory_kib(pid);
    struct connection *connections = connect_all(&load, busy + idle, together);
    int64_t after = memory_kib(pid);

    for (size_t i = 0; i < busy; i++)
        start_message(&load, &connections[i]);
    run(&load, now_ns() + length / 5); /* a warm-up */
    measure(&load, pid, length);
    printf("\t%.3f\n", (double)(after - before) / (double)(busy + idle));
    free(connections);
    return EXIT_SUCCESS;
}
