/* Plays clients that netcat cannot play, and a server for simple-client.

   Usage: peer [-n COUNT] ADDRESS:PORT VERB...     opens COUNT connections (default 1); with
                                                   -s the kernels keep little on the way
          peer -i ID                               numbers them from ID (default 0): each
                                                   number has a different sequence
          peer -x                                  their sequences are text: letters, and a
                                                   newline as every 64th byte
          peer -l ADDRESS:PORT VERB...             listens, and takes one connection
          peer -f ADDRESS:PORT                     prints the address if it is free; port 0
                                                   means any free port

   The verbs are carried out in order, each on every connection before the next:

   send N     sends N bytes of the connection's sequence
   echo N     sends N bytes, and reads the echo at the same time
   fill       sends until the other side takes no more; fails past 64 MiB
   offer N    sends N bytes, or as many of them as the other side takes
   receive    reads until all that was sent is echoed, and checks each byte
   part N     reads up to N bytes of it, until no more arrive, and checks them
   slowly N MS COUNT  reads N bytes of it every MS milliseconds, COUNT times, and checks
              each byte
   trips N B  N times: sends B bytes and receives them; fails if each but the first two,
              which the receiver acknowledges immediately, took 30 ms or more
   finish     shuts the writing side down
   eof        expects the end of the stream
   ended      expects the end of the stream, or a reset
   reset      closes the connection with a reset
   close      closes it
   take N     reads N bytes, whatever they are
   put TEXT   sends TEXT, in which \n is a newline and \xHH a byte
   get TEXT   reads as many bytes as TEXT has, and expects these
   repeat N TEXT  sends TEXT N times
   single N TEXT  the same, each time in a separate segment, with a short pause after it in
              which the other side can read
   cram TEXT  sends TEXT again and again, until the other side takes no more, or 64 MiB
   trickle N MS  N times, or until SIGUSR1 if N is 0: sends a byte, receives it, and expects
              nothing else for MS milliseconds
   silence MIN MAX  sends no more, and expects the end of the stream, or a reset, MIN to MAX
              milliseconds after its last byte; part of the echo may be left unread
   line       reads a line, and prints it
   latest     reads until no more arrives, and prints the last complete line
   drain      reads to the end of the stream, or a reset, whatever arrives
   mirror     echoes until the end of the stream
   say WORD   prints WORD on a separate line
   hold       waits for SIGUSR1
   flood      sends and reads as fast as it goes, until SIGUSR1

   Each wait ends after 20 seconds, or -t SECONDS.  If anything fails, peer prints the reason
   on standard error and exits with status 1. */

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "grader/script.h"
#include "startup.h"
#include "tcp.h"

enum {
    QUIET_MS = 300,
    LONG_QUIET_MS = 1000,
    CHUNK = 65536,
    LONGEST_LINE = 4096,
    MOST = 64 << 20
};

struct connection {
    int fd;
    size_t id;
    size_t sent;
    size_t received;
    long long sent_at; /* when the last byte was sent, or the connection opened */
};

static const char *verb = "start"; /* for the message if it fails */
static const char *last_text;      /* the last text sent; the message shows it */
static bool several;               /* whether there is more than one connection */
static int patience_ms = 20000;
static bool in_lines; /* whether the sequences are text */

static _Noreturn void fail(const struct connection *c, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "peer: %s", verb);
    if (c != NULL && several)
        fprintf(stderr, ", connection %zu", c->id);
    if (c != NULL && c->sent > 0)
        fprintf(stderr, ", %zu bytes sent, %zu received", c->sent, c->received);
    fprintf(stderr, ": ");
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    if (last_text != NULL)
        fprintf(stderr, "sent: \"%.60s\"\n", last_text);
    else if (c != NULL && c->sent > 0)
        fprintf(stderr, "sent: %zu bytes\n", c->sent);
    exit(EXIT_FAILURE);
}

/* Byte number I of a connection's sequence.  All values occur, NUL too, and the sequence has
   no short period, so lost, duplicated or reordered bytes are detected. */
static char byte_at(const struct connection *c, size_t i)
{
    size_t value = i + i / 251 + i / 63001 + 17 * c->id;

    if (!in_lines)
        return (char)value;
    if (i % 64 == 63)
        return '\n';
    return "abcdefghijklmnopqrstuvwxyz"[value % 256 % 26];
}

/* Waits until the socket is ready; false if it is not within MS milliseconds. */
static bool ready(const struct connection *c, short events, int ms)
{
    struct pollfd wait = {.fd = c->fd, .events = events};
    int count = poll(&wait, 1, ms);

    if (count == -1 && errno != EINTR)
        fail(c, "poll: %s", strerror(errno));
    return count == 1;
}

/* Sends at most LENGTH bytes, as many as one write accepts.  Returns how many, or -1 with
   errno if the connection has failed. */
static ssize_t send_some(struct connection *c, size_t length)
{
    char buf[CHUNK];
    size_t chunk = length < sizeof buf ? length : sizeof buf;

    for (size_t i = 0; i < chunk; i++)
        buf[i] = byte_at(c, c->sent + i);
    /* Taken before the write: the other side cannot have received the bytes earlier. */
    long long now = clock_ms();
    ssize_t n = write(c->fd, buf, chunk);
    if (n == -1 && should_retry(errno))
        return 0;
    if (n > 0) {
        c->sent += (size_t)n;
        c->sent_at = now;
    }
    return n;
}

static void send_bytes(struct connection *c, size_t length)
{
    size_t end = c->sent + length;

    while (c->sent < end) {
        if (!ready(c, POLLOUT, patience_ms))
            fail(c, "the other side takes no more");
        if (send_some(c, end - c->sent) == -1)
            fail(c, "%s", strerror(errno));
    }
}

/* Reads what has arrived of the echo up to END, and checks it. */
static void receive_some(struct connection *c, size_t end)
{
    char buf[CHUNK];
    size_t left = end - c->received;
    ssize_t n = read(c->fd, buf, left < sizeof buf ? left : sizeof buf);

    if (n == -1 && should_retry(errno))
        return;
    if (n == -1)
        fail(c, "%s", strerror(errno));
    if (n == 0)
        fail(c, "the connection was closed");
    for (size_t i = 0; i < (size_t)n; i++)
        if (buf[i] != byte_at(c, c->received + i))
            fail(c, "wrong byte at %zu", c->received + i);
    c->received += (size_t)n;
}

static void receive(struct connection *c)
{
    while (c->received < c->sent) {
        if (!ready(c, POLLIN, patience_ms))
            fail(c, "nothing comes back");
        receive_some(c, c->sent);
    }
}

static void slowly(struct connection *c, size_t length, size_t ms, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t end = c->sent - c->received > length ? c->received + length : c->sent;
        while (c->received < end) {
            if (!ready(c, POLLIN, patience_ms))
                fail(c, "nothing comes back");
            receive_some(c, end);
        }
        sleep_ms((int)ms);
    }
}

static void part(struct connection *c, size_t length)
{
    size_t end = c->sent - c->received > length ? c->received + length : c->sent;

    while (c->received < end && ready(c, POLLIN, QUIET_MS))
        receive_some(c, end);
}

static void echo(struct connection *c, size_t length)
{
    size_t end = c->sent + length;

    while (c->received < end) {
        if (!ready(c, c->sent < end ? POLLIN | POLLOUT : POLLIN, patience_ms))
            fail(c, "no progress");
        if (c->sent < end && send_some(c, end - c->sent) == -1)
            fail(c, "%s", strerror(errno));
        if (c->received < c->sent)
            receive_some(c, c->sent);
    }
}

static void fill(struct connection *c)
{
    while (ready(c, POLLOUT, QUIET_MS)) {
        if (send_some(c, CHUNK) == -1)
            fail(c, "%s", strerror(errno));
        if (c->sent > MOST)
            fail(c, "there is no end to what the other side takes");
    }
}

static void offer(struct connection *c, size_t length)
{
    size_t end = c->sent + length;

    while (c->sent < end && ready(c, POLLOUT, QUIET_MS))
        if (send_some(c, end - c->sent) == -1)
            fail(c, "%s", strerror(errno));
}

static void trips(struct connection *c, size_t count, size_t length)
{
    long long shortest = patience_ms;

    for (size_t i = 0; i < count; i++) {
        long long start = clock_ms();
        send_bytes(c, length);
        receive(c);
        long long time = clock_ms() - start;
        if (i >= 2 && time < shortest)
            shortest = time;
    }
    if (shortest >= 30)
        fail(c, "each round trip took %lld ms or more", shortest);
}

static void expect_end(struct connection *c, bool reset_will_do)
{
    char byte;
    ssize_t n;

    do {
        if (!ready(c, POLLIN, patience_ms))
            fail(c, "the connection is still open");
        n = read(c->fd, &byte, 1);
    } while (n == -1 && should_retry(errno));
    if (n == 1)
        fail(c, "expected the end of the stream, got the byte \\x%02X", (unsigned char)byte);
    if (n == -1 && !reset_will_do)
        fail(c, "%s in place of the end", strerror(errno));
}

static void take(struct connection *c, size_t length)
{
    char byte;

    while (length > 0) {
        if (!ready(c, POLLIN, patience_ms))
            fail(c, "%zu bytes do not come", length);
        ssize_t n = read(c->fd, &byte, 1);
        if (n == 0 || (n == -1 && !should_retry(errno)))
            fail(c, "%zu bytes do not come", length);
        if (n == 1)
            length--;
    }
}

static void put(struct connection *c, const char *text)
{
    char bytes[SCRIPT_TEXT_SIZE];
    size_t length = script_bytes(text, bytes);

    last_text = text;
    c->sent_at = clock_ms();
    if (write(c->fd, bytes, length) != (ssize_t)length)
        fail(c, "%s", strerror(errno));
}

static void get(struct connection *c, const char *text)
{
    char bytes[SCRIPT_TEXT_SIZE];
    size_t length = script_bytes(text, bytes);

    for (size_t i = 0; i < length;) {
        char got[SCRIPT_SHOWN_SIZE];
        char byte;
        if (!ready(c, POLLIN, patience_ms))
            fail(c, "expected \"%.60s\", got %s, then nothing", text,
                 script_show(bytes, i, got));
        ssize_t n = read(c->fd, &byte, 1);
        if (n == 0)
            fail(c, "expected \"%.60s\", got %s, then the end of the stream", text,
                 script_show(bytes, i, got));
        if (n == -1 && !should_retry(errno))
            fail(c, "expected \"%.60s\", got %s, then %s", text, script_show(bytes, i, got),
                 strerror(errno));
        if (n == 1 && byte != bytes[i])
            fail(c, "expected \"%.60s\", got %s, then \\x%02X", text,
                 script_show(bytes, i, got), (unsigned char)byte);
        if (n == 1)
            i++;
    }
}

/* Sends TEXT, COUNT times or, with CRAM, until the other side takes no more. */
static void repeat(struct connection *c, size_t count, const char *text, bool cram)
{
    char bytes[SCRIPT_TEXT_SIZE];
    char chunk[CHUNK];
    size_t length = script_bytes(text, bytes);
    if (length == 0)
        fail(NULL, "a text is missing");
    size_t end = cram ? MOST : count * length;

    for (size_t i = 0; i < sizeof chunk; i++)
        chunk[i] = bytes[i % length];
    for (size_t sent = 0; sent < end;) {
        size_t at = sent % length;
        size_t left = end - sent < sizeof chunk - at ? end - sent : sizeof chunk - at;
        if (!ready(c, POLLOUT, cram ? LONG_QUIET_MS : patience_ms)) {
            if (cram)
                return;
            fail(c, "the other side takes no more");
        }
        ssize_t n = write(c->fd, chunk + at, left);
        if (n == -1 && !should_retry(errno))
            fail(c, "%s", strerror(errno));
        sent += n > 0 ? (size_t)n : 0;
    }
}

static void single(struct connection *c, size_t count, const char *text)
{
    char bytes[SCRIPT_TEXT_SIZE];
    size_t length = script_bytes(text, bytes);

    for (size_t i = 0; i < count;) {
        if (!ready(c, POLLOUT, patience_ms))
            fail(c, "the other side takes no more");
        ssize_t n = write(c->fd, bytes, length);
        if (n == -1 && !should_retry(errno))
            fail(c, "%s", strerror(errno));
        i += n > 0;
        nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
    }
}

static void silence(struct connection *c, size_t min, size_t max)
{
    /* While bytes are left unread, only a reset shows, and poll reports it in any case. */
    short events = c->received < c->sent ? 0 : POLLIN;

    long long left = c->sent_at + (long long)max - clock_ms();
    if (!ready(c, events, left > 0 ? (int)left : 0))
        fail(c, "after %zu ms of silence the connection is still open", max);
    long long silent = clock_ms() - c->sent_at;
    if (events == POLLIN)
        expect_end(c, true);
    if (silent < (long long)min)
        fail(c, "it was closed after %lld ms of silence", silent);
}

static void line(struct connection *c)
{
    char byte = '\0';

    for (size_t length = 0; byte != '\n';) {
        if (length == LONGEST_LINE)
            fail(c, "a line does not end");
        if (!ready(c, POLLIN, patience_ms))
            fail(c, "a line does not come");
        ssize_t n = read(c->fd, &byte, 1);
        if (n == 0 || (n == -1 && !should_retry(errno)))
            fail(c, "the end came in place of a line");
        if (n == 1) {
            putchar(byte);
            length++;
        }
    }
    fflush(stdout);
}

static void latest(struct connection *c)
{
    char text[LONGEST_LINE] = "";
    char last[LONGEST_LINE] = "";
    size_t length = 0;

    while (ready(c, POLLIN, QUIET_MS)) {
        char byte;
        ssize_t n = read(c->fd, &byte, 1);
        if (n == 0 || (n == -1 && !should_retry(errno)))
            break;
        if (n == 1 && byte == '\n') {
            text[length] = '\0';
            strcpy(last, text);
            length = 0;
        } else if (n == 1 && length < sizeof text - 1) {
            text[length++] = byte;
        }
    }
    printf("%s\n", last);
    fflush(stdout);
}

static void drain(struct connection *c)
{
    char buf[4096];
    ssize_t n;

    do {
        if (!ready(c, POLLIN, patience_ms))
            fail(c, "the connection is still open");
        n = read(c->fd, buf, sizeof buf);
    } while (n > 0 || (n == -1 && should_retry(errno)));
}

static void mirror(struct connection *c)
{
    char buf[160];

    for (;;) {
        if (!ready(c, POLLIN, patience_ms))
            fail(c, "nothing comes");
        ssize_t n = read(c->fd, buf, sizeof buf);
        if (n == -1 && should_retry(errno))
            continue;
        if (n <= 0)
            return;
        for (ssize_t written = 0; written < n;) {
            if (!ready(c, POLLOUT, patience_ms))
                fail(c, "nobody reads what is mirrored");
            ssize_t w = write(c->fd, buf + written, (size_t)(n - written));
            if (w == -1 && !should_retry(errno))
                return;
            written += w > 0 ? w : 0;
        }
    }
}

static bool released(void)
{
    sigset_t pending;

    sigpending(&pending);
    return sigismember(&pending, SIGUSR1) == 1;
}

static void trickle(struct connection *c, size_t count, size_t ms)
{
    for (size_t i = 0; count == 0 ? !released() : i < count; i++) {
        send_bytes(c, 1);
        receive(c);
        if (ready(c, POLLIN, (int)ms))
            fail(c, "the connection was closed");
    }
}

static void flood(struct connection *c)
{
    while (!released()) {
        if (!ready(c, POLLIN | POLLOUT, patience_ms))
            fail(c, "no progress");
        if (send_some(c, CHUNK) == -1)
            fail(c, "%s", strerror(errno));
        if (c->received < c->sent)
            receive_some(c, c->sent);
    }
}

static size_t number(char **words)
{
    char *end;

    if (words[0] == NULL)
        fail(NULL, "a number is missing");
    size_t value = strtoul(words[0], &end, 10);
    if (*end != '\0')
        fail(NULL, "%s is not a number", words[0]);
    return value;
}

/* Does what act does, with the verbs that take a text and some others; 0 if it is none. */
static int act_on_text(struct connection *c, char **words)
{
    if (strcmp(verb, "put") == 0) {
        put(c, words[1]);
        return 2;
    }
    if (strcmp(verb, "get") == 0) {
        get(c, words[1]);
        return 2;
    }
    if (strcmp(verb, "repeat") == 0) {
        repeat(c, number(words + 1), words[2], false);
        return 3;
    }
    if (strcmp(verb, "part") == 0) {
        part(c, number(words + 1));
        return 2;
    }
    if (strcmp(verb, "latest") == 0) {
        latest(c);
        return 1;
    }
    if (strcmp(verb, "slowly") == 0) {
        slowly(c, number(words + 1), number(words + 2), number(words + 3));
        return 4;
    }
    if (strcmp(verb, "single") == 0) {
        single(c, number(words + 1), words[2]);
        return 3;
    }
    if (strcmp(verb, "cram") == 0) {
        repeat(c, 0, words[1], true);
        return 2;
    }
    return 0;
}

/* Carries out the verb at WORDS on one connection; returns how many words it takes. */
static int act(struct connection *c, char **words)
{
    int used = act_on_text(c, words);

    if (used != 0)
        return used;
    if (strcmp(verb, "send") == 0) {
        send_bytes(c, number(words + 1));
        return 2;
    }
    if (strcmp(verb, "echo") == 0) {
        echo(c, number(words + 1));
        return 2;
    }
    if (strcmp(verb, "offer") == 0) {
        offer(c, number(words + 1));
        return 2;
    }
    if (strcmp(verb, "take") == 0) {
        take(c, number(words + 1));
        return 2;
    }
    if (strcmp(verb, "trips") == 0) {
        trips(c, number(words + 1), number(words + 2));
        return 3;
    }
    if (strcmp(verb, "trickle") == 0) {
        trickle(c, number(words + 1), number(words + 2));
        return 3;
    }
    if (strcmp(verb, "silence") == 0) {
        silence(c, number(words + 1), number(words + 2));
        return 3;
    }
    if (strcmp(verb, "fill") == 0)
        fill(c);
    else if (strcmp(verb, "receive") == 0)
        receive(c);
    else if (strcmp(verb, "finish") == 0)
        shutdown(c->fd, SHUT_WR);
    else if (strcmp(verb, "eof") == 0)
        expect_end(c, false);
    else if (strcmp(verb, "ended") == 0)
        expect_end(c, true);
    else if (strcmp(verb, "reset") == 0)
        script_reset(c->fd);
    else if (strcmp(verb, "close") == 0)
        close(c->fd);
    else if (strcmp(verb, "line") == 0)
        line(c);
    else if (strcmp(verb, "drain") == 0)
        drain(c);
    else if (strcmp(verb, "mirror") == 0)
        mirror(c);
    else if (strcmp(verb, "flood") == 0)
        flood(c);
    else
        fail(NULL, "no such verb");
    return 1;
}

static void open_connections(struct connection *connections, size_t count, size_t first,
                             const char *address, bool small)
{
    int (*const connect_to)(const char *, char *) = small ? script_connect_small : tcp_connect;
    char error[ERROR_SIZE];

    for (size_t i = 0; i < count; i++) {
        connections[i] = (struct connection){.id = first + i, .sent_at = clock_ms()};
        connections[i].fd = connect_to(address, error);
        if (connections[i].fd == -1)
            fail(NULL, "%s", error);
    }
}

static int listen_at(const char *address, char text[ADDRESS_TEXT_SIZE])
{
    char error[ERROR_SIZE];
    int server = tcp_listen(address, error);

    if (server == -1)
        fail(NULL, "%s", error);
    tcp_local_address(server, text);
    return server;
}

static void accept_connection(struct connection *c, const char *address)
{
    char text[ADDRESS_TEXT_SIZE];
    int server = listen_at(address, text);

    printf("Listening on %s\n", text);
    fflush(stdout);
    *c = (struct connection){.fd = server};
    if (!ready(c, POLLIN, patience_ms))
        fail(NULL, "nobody connects");
    c->fd = accept(server, NULL, NULL);
    close(server);
}

static void find_free(const char *address)
{
    char text[ADDRESS_TEXT_SIZE];

    close(listen_at(address, text));
    printf("%s\n", text);
}

static void carry_out(struct connection *connections, size_t count, char **words)
{
    while (*words != NULL) {
        int used = 1;

        verb = *words;
        if (strcmp(verb, "say") == 0) {
            printf("%s\n", words[1]);
            fflush(stdout);
            used = 2;
        } else if (strcmp(verb, "hold") == 0) {
            script_hold();
        } else {
            for (size_t i = 0; i < count; i++)
                used = act(&connections[i], words);
        }
        words += used;
    }
}

int main(int argc, char *argv[])
{
    bool listening = false;
    bool find = false;
    bool small = false;
    size_t count = 1;
    size_t first = 0;
    int option;

    while ((option = getopt(argc, argv, "+flsxt:n:i:")) != -1) {
        if (option == 'l')
            listening = true;
        else if (option == 'f')
            find = true;
        else if (option == 's')
            small = true;
        else if (option == 'x')
            in_lines = true;
        else if (option == 'i')
            first = strtoul(optarg, NULL, 10);
        else if (option == 't')
            patience_ms = 1000 * (int)strtol(optarg, NULL, 10);
        else if (option == 'n')
            count = strtoul(optarg, NULL, 10);
        else
            return EXIT_FAILURE;
    }
    if (optind >= argc || count == 0)
        fail(NULL, "arguments: [-f] [-l] [-s] [-x] [-t <seconds>] [-n <count>] [-i <id>] "
                   "<host>:<port> <verb>...");
    startup();
    if (find) {
        find_free(argv[optind]);
        return EXIT_SUCCESS;
    }
    script_start();
    several = count > 1;
    struct connection *connections = calloc(count, sizeof *connections);
    if (connections == NULL)
        fail(NULL, "%s", strerror(errno));
    if (listening)
        accept_connection(connections, argv[optind]);
    else
        open_connections(connections, count, first, argv[optind], small);
    for (size_t i = 0; i < count; i++) {
        tcp_set_options(connections[i].fd);
        if (set_nonblocking(connections[i].fd) == -1)
            fail(NULL, "%s", strerror(errno));
    }

    carry_out(connections, count, argv + optind + 1);
    free(connections);
    return EXIT_SUCCESS;
}
