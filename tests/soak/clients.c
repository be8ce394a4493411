/* Clients that misbehave, at random, against one server.

   Usage: clients ADDRESS:PORT SEED SECONDS CONNECTIONS [once]

   Some hundred clients are connected at the same time.  Each follows a plan: a few random
   steps (see enum verb), then an end, polite or not; another client takes its place.  The
   run lasts until SECONDS have passed and CONNECTIONS have been made.  A client's plan
   depends only on SEED and the client's number, so a run can be repeated.

   Every byte of an echo is checked.  What no client may meet, whatever the others do, stops
   the run with status 1 and one line on standard error: a wrong byte, one too few or too
   many, a connection closed or reset by the server, 20 seconds without progress.  With
   "once" the server is simple-server, which echoes what one read of 160 bytes returned, and
   closes the connection; if it left bytes unread, the connection is reset.

   Prints the connections made, the bytes sent and the bytes received. */

#include <errno.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "startup.h"
#include "tcp.h"

enum {
    SLOTS = 300,
    MAX_STEPS = 11,
    LARGEST = 1 << 20, /* bytes to send in one step */
    LONGEST_MS = 10,   /* to wait in one step */
    NARROW_MS = 1000,
    GIVE_UP_MS = 5, /* to wait for room, if the client itself reads nothing */
    RECONNECT_MS = 200,
    PATIENCE_MS = 20000,
    ONE_READ = 160
};

enum verb {
    SEND,   /* sends up to so many bytes, until the server takes no more, and reads nothing */
    ECHO,   /* sends so many bytes, and reads until all are echoed */
    READ,   /* reads until everything sent is echoed */
    TAKE,   /* reads so many bytes of it */
    WAIT,   /* does nothing for so many milliseconds */
    FINISH, /* shuts the writing side down */
    END,    /* reads to the end of the stream */
    RESET,  /* closes the connection with a reset */
    VANISH  /* closes it, although an echo may be in flight */
};

static const char *const verbs[] = {"send",   "echo", "read",  "take",  "wait",
                                    "finish", "end",  "reset", "vanish"};

struct step {
    enum verb verb;
    size_t amount;
};

struct client {
    bool busy; /* whether there is a client in this slot */
    bool connected;
    bool finished;
    size_t number;
    int fd;      /* -1 between two attempts to connect */
    bool narrow; /* whether little fits into its buffers, and the server's */
    struct step plan[MAX_STEPS];
    size_t step;
    const char *sequence; /* its own bytes, the first one first */
    size_t sent;
    size_t first_write;
    size_t received;
    size_t send_until; /* what the step is to reach */
    size_t receive_until;
    long long wake_at; /* when the step ends in any case; 0: never */
    long long progress_at;
};

struct soak {
    struct addrinfo *address;
    uint64_t seed;
    bool once;
    size_t made;
    uint64_t sent;
    uint64_t received;
    long long now;
    struct client clients[SLOTS];
    /* Random bytes.  The sequence of a client begins somewhere in the first LARGEST, so
       it has no period, and no two clients nearby have the same. */
    char bytes[(MAX_STEPS + 1) * LARGEST];
};

static _Noreturn void fail(const struct soak *soak, const struct client *c, const char *what,
                           const char *why)
{
    fprintf(stderr, "clients: seed %" PRIu64 ", client %zu (", soak->seed, c->number);
    for (size_t i = 0; i < MAX_STEPS; i++) {
        const struct step *step = &c->plan[i];
        fprintf(stderr, i == c->step ? "*%s" : "%s", verbs[step->verb]);
        if (step->amount > 0)
            fprintf(stderr, " %zu", step->amount);
        if (step->verb >= END)
            break;
        fprintf(stderr, ", ");
    }
    fprintf(stderr, "), %zu bytes sent, %zu received: %s%s%s\n", c->sent, c->received, what,
            why == NULL ? "" : ": ", why == NULL ? "" : why);
    exit(EXIT_FAILURE);
}

/* The next number of a random sequence (splitmix64, by Sebastiano Vigna). */
static uint64_t draw(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return z ^ z >> 31;
}

static size_t below(uint64_t *state, size_t limit)
{
    return (size_t)(draw(state) % limit);
}

/* From 1 to LARGEST.  All magnitudes occur, but most sizes are small, because a million
   connections must fit in ten minutes. */
static size_t draw_size(uint64_t *state)
{
    size_t power = 20;

    for (int i = 0; i < 3; i++) {
        size_t other = below(state, 21);
        power = other < power ? other : power;
    }
    return 1 + below(state, (size_t)1 << power);
}

static void draw_plan(const struct soak *soak, struct client *c)
{
    uint64_t state = soak->seed + c->number * UINT64_C(0xd1342543de82ef95);
    struct step *step = c->plan;

    state = draw(&state);
    c->sequence = soak->bytes + below(&state, LARGEST);
    c->narrow = below(&state, 64) == 0;
    if (c->narrow) {
        *step++ = (struct step){SEND, 1 + below(&state, LARGEST)};
        *step++ = (struct step){WAIT, 1 + below(&state, NARROW_MS)};
    }
    for (size_t count = below(&state, MAX_STEPS - 5); count > 0; count--) {
        step->verb = (enum verb)below(&state, WAIT + 1);
        step->amount = step->verb == READ   ? 0
                       : step->verb == WAIT ? 1 + below(&state, LONGEST_MS)
                                            : draw_size(&state);
        step++;
    }
    bool finish = below(&state, 4) > 0;
    if (finish)
        *step++ = (struct step){.verb = FINISH};
    if (below(&state, 2) == 0)
        *step++ = (struct step){WAIT, 1 + below(&state, LONGEST_MS)};
    if (finish && below(&state, 4) > 0)
        step->verb = END;
    else
        step->verb = below(&state, 2) == 0 ? RESET : VANISH;
}

/* Small segments and a small window leave the server little room to write.  A narrow client
   sends much and reads late, so its echo must wait for room. */
static void make_narrow(int fd)
{
    int window = 4096;

#ifdef TCP_MAXSEG /* not in POSIX; without it, on macOS, the small window must do */
    int segment = 500;
    setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
#endif
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &window, sizeof window);
}

/* Starts to connect.  If the system has no port left, or the backlog of the server is full,
   the client tries again after a while. */
static void connect_client(const struct soak *soak, struct client *c)
{
    const struct addrinfo *ai = soak->address;

    if (c->fd != -1)
        close(c->fd);
    c->fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
    if (c->fd == -1 || set_nonblocking(c->fd) == -1)
        fail(soak, c, "cannot get a socket", strerror(errno));
    tcp_set_options(c->fd);
    if (c->narrow)
        make_narrow(c->fd);
    c->wake_at = soak->now + RECONNECT_MS;
    if (connect(c->fd, ai->ai_addr, ai->ai_addrlen) == 0 || errno == EINPROGRESS)
        return;
    if (errno != EADDRNOTAVAIL)
        fail(soak, c, "cannot connect", strerror(errno));
    close(c->fd);
    c->fd = -1;
    c->progress_at = soak->now; /* out of ports or memory: not the server's fault */
}

static void open_client(struct soak *soak, struct client *c)
{
    *c = (struct client){
        .busy = true, .fd = -1, .number = soak->made++, .progress_at = soak->now};
    draw_plan(soak, c);
    connect_client(soak, c);
}

static void close_client(struct soak *soak, struct client *c)
{
    close(c->fd);
    c->busy = false;
    soak->sent += c->sent;
    soak->received += c->received;
}

static void reset_client(struct soak *soak, struct client *c)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0}; /* see socket(7) */

    setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close_client(soak, c);
}

/* Begins the next step; one that takes no time is done immediately. */
static void begin_step(struct soak *soak, struct client *c)
{
    const struct step *step = &c->plan[c->step];

    c->send_until = c->sent;
    c->receive_until = c->received;
    c->wake_at = 0;
    c->progress_at = soak->now;
    switch (step->verb) {
    case SEND:
        c->send_until = c->sent + step->amount;
        c->wake_at = soak->now + GIVE_UP_MS;
        break;
    case ECHO:
        c->send_until = c->sent + step->amount;
        c->receive_until = c->send_until;
        break;
    case READ:
        c->receive_until = c->sent;
        break;
    case TAKE:
        if (step->amount < c->sent - c->received)
            c->receive_until = c->received + step->amount;
        else
            c->receive_until = c->sent;
        break;
    case WAIT:
        c->wake_at = soak->now + (long long)step->amount;
        break;
    case FINISH:
        shutdown(c->fd, SHUT_WR);
        c->finished = true;
        break;
    case END:
        c->receive_until = SIZE_MAX;
        break;
    case RESET:
        reset_client(soak, c);
        break;
    case VANISH:
        close_client(soak, c);
        break;
    }
}

/* Moves to the next step while the current one is done. */
static void go_on(struct soak *soak, struct client *c)
{
    while (c->busy && c->sent == c->send_until && c->received == c->receive_until &&
           c->plan[c->step].verb != WAIT) {
        c->step++;
        begin_step(soak, c);
    }
}

/* The least that simple-server's one read has returned: what arrived with the first write. */
static size_t answered(const struct client *c)
{
    return c->first_write < ONE_READ ? c->first_write : ONE_READ;
}

/* A call has failed, or the stream has ended: ERROR is 0 then.  Is that as it should be? */
static void end_client(struct soak *soak, struct client *c, int error)
{
    bool may_end = soak->once ? c->finished || c->sent > 0 : c->finished;
    bool may_fail = soak->once && c->sent > answered(c);

    if (error != 0 && !may_fail)
        fail(soak, c, "the connection failed", strerror(error));
    if (error == 0 && !may_end)
        fail(soak, c, "the server has closed the connection", NULL);
    if (error == 0 && c->received < (soak->once ? answered(c) : c->sent))
        fail(soak, c, "the stream ended too early", NULL);
    close_client(soak, c);
}

static void send_some(struct soak *soak, struct client *c)
{
    ssize_t n = write(c->fd, c->sequence + c->sent, c->send_until - c->sent);

    if (n == -1 && should_retry(errno))
        return;
    if (n == -1) {
        end_client(soak, c, errno);
        return;
    }
    if (c->sent == 0)
        c->first_write = (size_t)n;
    c->sent += (size_t)n;
    c->progress_at = soak->now;
    if (c->wake_at != 0)
        c->wake_at = soak->now + GIVE_UP_MS;
}

static void receive_some(struct soak *soak, struct client *c)
{
    static char buf[65536];
    size_t wanted = c->receive_until - c->received;
    ssize_t n = read(c->fd, buf, wanted < sizeof buf ? wanted : sizeof buf);

    if (n == -1 && should_retry(errno))
        return;
    if (n <= 0) {
        end_client(soak, c, n == 0 ? 0 : errno);
        return;
    }
    if ((size_t)n > c->sent - c->received ||
        (soak->once && c->received + (size_t)n > ONE_READ))
        fail(soak, c, "more came back than should", NULL);
    if (memcmp(buf, c->sequence + c->received, (size_t)n) != 0)
        fail(soak, c, "wrong bytes came back", NULL);
    c->received += (size_t)n;
    c->progress_at = soak->now;
}

/* What the client waits for; if neither, its socket is ignored. */
static short events_of(const struct client *c)
{
    short events = 0;

    if (!c->connected || c->sent < c->send_until)
        events |= POLLOUT;
    if (c->connected && c->received < c->receive_until)
        events |= POLLIN;
    return events;
}

static void see_connected(struct soak *soak, struct client *c)
{
    int error = 0;
    socklen_t length = sizeof error;

    getsockopt(c->fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0)
        fail(soak, c, "cannot connect", strerror(error));
    c->connected = true;
    begin_step(soak, c);
}

/* Takes one step with a client, after poll has reported GOT. */
static void serve(struct soak *soak, struct client *c, short got)
{
    bool failed = (got & (POLLERR | POLLHUP)) != 0;

    if (!c->connected) {
        if (got != 0)
            see_connected(soak, c);
        else if (soak->now >= c->wake_at)
            connect_client(soak, c);
    } else {
        if ((got & POLLOUT || failed) && c->sent < c->send_until)
            send_some(soak, c);
        if (c->busy && (got & POLLIN || failed) && c->received < c->receive_until)
            receive_some(soak, c);
        if (c->busy && c->wake_at != 0 && soak->now >= c->wake_at) {
            c->step++;
            begin_step(soak, c);
        }
    }
    if (c->busy && c->connected)
        go_on(soak, c);
    if (c->busy && soak->now - c->progress_at > PATIENCE_MS)
        fail(soak, c, c->connected ? "no progress" : "no connection", NULL);
}

/* Waits for the clients, and serves those that can continue.  False if there are none. */
static bool take_turn(struct soak *soak)
{
    struct pollfd waits[SLOTS];
    long long wake_at = soak->now + 1000;
    bool any = false;

    for (size_t i = 0; i < SLOTS; i++) {
        const struct client *c = &soak->clients[i];
        short events = 0;

        if (c->busy)
            events = events_of(c);
        waits[i] = (struct pollfd){.fd = events != 0 ? c->fd : -1, .events = events};
        any = any || c->busy;
        if (c->busy && c->wake_at != 0 && c->wake_at < wake_at)
            wake_at = c->wake_at;
    }
    if (poll(waits, SLOTS, wake_at > soak->now ? (int)(wake_at - soak->now) : 0) == -1)
        memset(waits, 0, sizeof waits);
    soak->now = clock_ms();
    for (size_t i = 0; i < SLOTS; i++)
        if (soak->clients[i].busy)
            serve(soak, &soak->clients[i], waits[i].revents);
    return any;
}

static void run(struct soak *soak, long long seconds, size_t connections)
{
    long long start = clock_ms();
    long long shown = 0;

    soak->now = start;
    do {
        for (size_t i = 0; i < SLOTS; i++)
            if (!soak->clients[i].busy &&
                (soak->made < connections || soak->now - start < seconds * 1000))
                open_client(soak, &soak->clients[i]);
        if (isatty(STDERR_FILENO) && soak->now - shown > 1000) {
            shown = soak->now;
            fprintf(stderr, "\r%lld s, %zu connections ", (shown - start) / 1000, soak->made);
        }
    } while (take_turn(soak));
    if (shown != 0)
        fprintf(stderr, "\r%40s\r", "");
}

int main(int argc, char *argv[])
{
    static struct soak soak; /* zeroed, and too large for a stack */
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct address address;
    char error[ERROR_SIZE];

    startup();
    if (argc < 5) {
        fprintf(stderr, "arguments: <host>:<port> <seed> <seconds> <connections> [once]\n");
        return EXIT_FAILURE;
    }
    if (address_parse(argv[1], &address, error) == -1 ||
        getaddrinfo(address.host, address.port, &hints, &soak.address) != 0) {
        fprintf(stderr, "clients: there is no %s\n", argv[1]);
        return EXIT_FAILURE;
    }
    soak.seed = strtoull(argv[2], NULL, 10);
    soak.once = argc > 5;
    uint64_t state = soak.seed;
    for (size_t i = 0; i < sizeof soak.bytes; i++)
        soak.bytes[i] = (char)draw(&state);

    run(&soak, strtoll(argv[3], NULL, 10), strtoul(argv[4], NULL, 10));
    printf("%zu %" PRIu64 " %" PRIu64 "\n", soak.made, soak.sent, soak.received);
    freeaddrinfo(soak.address);
    return EXIT_SUCCESS;
}
