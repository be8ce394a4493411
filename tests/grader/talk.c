/* Plays several clients of one server, or the agent of the exercise task-srv, step by step.
   A step begins when the one before it is done, so that the order of events needs no clock.

   Usage: talk [-t SECONDS] ADDRESS:PORT STEP...

   Most steps name the connections that they are for, separated by commas:

   join NAMES             opens the connections
   small NAMES            opens them with small buffers: the kernels keep little on the way
   visits COUNT HOW       COUNT clients, one after the other, send a line, get it back, and
                          leave.  HOW: finished (shuts its side down, reads to the end),
                          gone (closes), reset; silent (sends nothing) and unread (reads
                          nothing) are each followed by one that is gone
   meet NAMES             waits until the server passes the lines of each on to the others
   put NAMES TEXT         sends TEXT, in which \n is a newline and \xHH a byte
   hear NAMES TEXT        reads as many bytes, and expects these
   take NAMES COUNT BYTE  reads COUNT bytes, and expects that each is BYTE
   pour NAME COUNT NAMES  NAME sends COUNT lines, a few at a time; NAMES hear these before
                          the next ones are sent
   catch NAMES COUNT      hears what was poured
   cut NAMES COUNT        expects an end before as many bytes as COUNT lines have
   eof NAMES              expects the end of the stream
   end NAMES              expects the end of the stream, or a reset
   finish NAMES           shuts the writing side down
   last NAMES TEXT        sends TEXT and shuts the writing side down, in one segment
   close NAMES            closes the connections
   reset NAMES            closes them with a reset
   listen                 listens on ADDRESS:PORT, and takes one connection
   keyword WORD           expects "TASK-SRV WORD IP:PORT" on it, and waits until a program
                          listens there; join and small connect to IP:PORT from now on
   one-piece NAMES        expects that all bytes so far were sent with one write
   crowd COUNT TEXT       COUNT clients, one after the other, send TEXT, shut their side down,
                          and read to the end
   where                  prints IP:PORT, which keyword has learned
   pause MS               waits so many milliseconds
   say WORD               prints WORD on a separate line
   hold                   waits for SIGUSR1

   Each wait ends after SECONDS (10).  If anything fails, talk prints the reason on standard
   error and exits with status 1. */

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#ifdef __GLIBC__
#include <linux/tcp.h> /* glibc's own has not all of the kernel's counters */
#endif

#include "clock.h"
#include "script.h"
#include "startup.h"
#include "tcp.h"

enum {
    AGAIN_MS = 200,            /* when meet sends its line again */
    LONGEST_LINE = 1024,       /* that pour sends */
    BATCH = 16 * LONGEST_LINE, /* what pour sends at a time */
    MAX_CONNECTIONS = 256,
    END = -1 /* in place of a byte */
};

struct connection {
    const char *name;
    int fd;
    char buf[4096];
    size_t length; /* bytes in buf */
    size_t used;   /* how many of them a step has taken */
    int error;     /* that ended the stream, or 0 */
};

/* The lines that pour sends: line K has from 2 to LONGEST_LINE bytes, and does not begin with
   the same letter as its neighbours.  None is empty: other steps send empty lines. */
struct lines {
    size_t line;
    size_t at; /* in the line */
};

struct talk {
    char address[ADDRESS_TEXT_SIZE + 1]; /* where join connects to */
    struct connection *agent;            /* the connection that listen has taken */
    struct connection connections[MAX_CONNECTIONS];
    size_t count;
    bool nul; /* whether the message contained a NUL byte */
};

static const char *step = "start"; /* for the message if it fails */
static struct {
    const char *by;
    const char *text;
} last_sent; /* for the same message */
static int patience_ms = 10000;

static _Noreturn void fail(const struct connection *c, const char *format, ...)
{
    va_list arguments;

    fprintf(stderr, "peer: %s%s%s: ", step, c == NULL ? "" : " ", c == NULL ? "" : c->name);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fprintf(stderr, "\n");
    if (last_sent.text != NULL)
        fprintf(stderr, "sent: \"%.60s\" by %s\n", last_sent.text, last_sent.by);
    exit(EXIT_FAILURE);
}

/* A byte as put takes it; messages show it so. */
static const char *shown(int byte)
{
    static char text[sizeof "the end of the stream"];

    if (byte == END)
        return "the end of the stream";
    if (byte == '\n')
        return "\\n";
    snprintf(text, sizeof text, byte < ' ' || byte > '~' ? "\\x%02x" : "%c", byte);
    return text;
}

static bool ready(int fd, short events, int ms)
{
    struct pollfd wait = {.fd = fd, .events = events};
    long long end = clock_ms() + ms;

    for (long long left = ms; left > 0; left = end - clock_ms())
        if (poll(&wait, 1, (int)left) == 1)
            return true;
    return false;
}

static void send_all(const struct connection *c, const char *bytes, size_t length)
{
    while (length > 0) {
        if (!ready(c->fd, POLLOUT, patience_ms))
            fail(c, "the server takes no more");
        ssize_t n = write(c->fd, bytes, length);
        if (n == -1 && !should_retry(errno))
            fail(c, "%s", strerror(errno));
        if (n > 0) {
            bytes += n;
            length -= (size_t)n;
        }
    }
}

/* Sends a short text with the end of the stream in the same segment, so that both arrive at
   the same time. */
static void send_last(const struct connection *c, const char *bytes, size_t length)
{
#ifdef MSG_MORE
    int flags = MSG_MORE;
#else
    int flags = 0;
#endif

    if (send(c->fd, bytes, length, flags) != (ssize_t)length)
        fail(c, "%s", strerror(errno));
    shutdown(c->fd, SHUT_WR);
}

/* The next byte, or END at the end of the stream or after a reset. */
static int next_byte(struct connection *c)
{
    while (c->used == c->length) {
        if (!ready(c->fd, POLLIN, patience_ms))
            fail(c, "nothing comes, and the stream has no end");
        ssize_t n = read(c->fd, c->buf, sizeof c->buf);
        if (n == 0 || (n == -1 && !should_retry(errno))) {
            c->error = n == -1 ? errno : 0;
            return END;
        }
        c->used = 0;
        c->length = n > 0 ? (size_t)n : 0;
    }
    return (unsigned char)c->buf[c->used++];
}

/* Fails because BYTE arrived in place of byte number I of BYTES, which TEXT denotes. */
static _Noreturn void fail_after(const struct connection *c, const char *text,
                                 const char *bytes, size_t i, int byte)
{
    char got[SCRIPT_SHOWN_SIZE];

    if (byte == END)
        fail(c, "expected \"%.60s\", got %s, then the end of the stream%s", text,
             script_show(bytes, i, got), c->error != 0 ? " by a reset" : "");
    fail(c, "expected \"%.60s\", got %s, then %s", text, script_show(bytes, i, got),
         shown(byte));
}

static void hear(struct connection *c, const char *text)
{
    char bytes[SCRIPT_TEXT_SIZE];
    size_t length = script_bytes(text, bytes);

    for (size_t i = 0; i < length; i++) {
        int byte = next_byte(c);
        if (byte != (unsigned char)bytes[i])
            fail_after(c, text, bytes, i, byte);
    }
}

static void take(struct connection *c, size_t count, char wanted)
{
    for (size_t i = 0; i < count; i++) {
        int byte = next_byte(c);
        if (byte != (unsigned char)wanted)
            fail(c, "expected %zu bytes %c, got %zu, then %s", count, wanted, i, shown(byte));
    }
}

static char next_of(struct lines *lines)
{
    if (lines->at == 1 + lines->line * 389 % (LONGEST_LINE - 1)) {
        *lines = (struct lines){.line = lines->line + 1};
        return '\n';
    }
    return (char)('a' + (lines->line * 7 + lines->at++) % 26);
}

/* Reads and compares the lines before line number END_LINE; returns false if the stream ends
   earlier. */
static bool hear_lines(struct connection *c, struct lines *lines, size_t end_line)
{
    while (lines->line < end_line) {
        size_t line = lines->line;
        size_t at = lines->at;
        int byte = next_byte(c);
        if (byte == END)
            return false;
        if (byte != next_of(lines))
            fail(c, "wrong byte in line %zu of those poured, at %zu: %s", line, at,
                 shown(byte));
    }
    return true;
}

static void pour(const struct connection *c, size_t count, struct connection *hearers[],
                 size_t hearer_count)
{
    char batch[BATCH];
    struct lines sent = {0};
    struct lines heard = {0};

    while (sent.line < count) {
        size_t length = 0;
        while (sent.line < count && length <= BATCH - LONGEST_LINE) {
            size_t line = sent.line;
            while (sent.line == line)
                batch[length++] = next_of(&sent);
        }
        send_all(c, batch, length);
        struct lines before = heard;
        for (size_t i = 0; i < hearer_count; i++) {
            heard = before;
            if (!hear_lines(hearers[i], &heard, sent.line))
                fail(hearers[i], "the stream ended in line %zu of those poured", heard.line);
        }
    }
}

/* SPEAKER sends "?" until each of the OTHERS has received it, however late the server has
   accepted them; then "!", so that all know how far they have to read. */
static void greet(const struct connection *speaker, struct connection *others[], size_t count)
{
    long long end = clock_ms() + patience_ms;

    send_all(speaker, "?\n", 2);
    for (size_t i = 0; i < count; i++) {
        while (others[i] != speaker && !ready(others[i]->fd, POLLIN, AGAIN_MS)) {
            if (clock_ms() >= end)
                fail(others[i], "a line of %s does not come", speaker->name);
            send_all(speaker, "?\n", 2);
        }
    }
    send_all(speaker, "!\n", 2);
    for (size_t i = 0; i < count; i++) {
        while (others[i] != speaker) {
            int byte = next_byte(others[i]);
            if ((byte != '?' && byte != '!') || next_byte(others[i]) != '\n')
                fail(others[i], "expected the line ? or ! of %s", speaker->name);
            if (byte == '!')
                break;
        }
    }
}

static struct connection *add(struct talk *talk, const char *name, int fd)
{
    struct connection *c = &talk->connections[talk->count];

    if (talk->count++ == MAX_CONNECTIONS)
        fail(NULL, "too many connections");
    *c = (struct connection){.name = name, .fd = fd};
    if (set_nonblocking(fd) == -1)
        fail(c, "%s", strerror(errno));
    tcp_set_options(fd);
    return c;
}

static void join(struct talk *talk, const char *name)
{
    char error[ERROR_SIZE];
    bool small = strcmp(step, "small") == 0;
    int fd = small ? script_connect_small(talk->address, error)
                   : tcp_connect(talk->address, error);

    if (fd == -1)
        fail(NULL, "%s", error);
    add(talk, name, fd);
}

static void crowd(const struct talk *talk, size_t count, const char *text)
{
    char error[ERROR_SIZE];
    char bytes[SCRIPT_TEXT_SIZE];
    size_t length = script_bytes(text, bytes);

    while (count-- > 0) {
        struct connection c = {.name = "of many", .fd = tcp_connect(talk->address, error)};
        if (c.fd == -1)
            fail(&c, "%s", error);
        if (set_nonblocking(c.fd) == -1)
            fail(&c, "%s", strerror(errno));
        send_last(&c, bytes, length);
        while (next_byte(&c) != END)
            ;
        close(c.fd);
    }
}

/* One client, from its connection to its end; see visits. */
static void visit(struct talk *talk, const char *how)
{
    char error[ERROR_SIZE];
    struct connection c = {.name = how, .fd = tcp_connect(talk->address, error)};
    bool silent = strcmp(how, "silent") == 0;
    bool unread = strcmp(how, "unread") == 0;

    if (c.fd == -1)
        fail(&c, "%s", error);
    if (set_nonblocking(c.fd) == -1)
        fail(&c, "%s", strerror(errno));
    if (!silent)
        send_all(&c, "Hello\n", 6);
    if (!silent && !unread)
        hear(&c, "Hello\\n");
    if (strcmp(how, "finished") == 0) {
        shutdown(c.fd, SHUT_WR);
        if (next_byte(&c) != END)
            fail(&c, "the stream does not end");
    }
    if (strcmp(how, "reset") == 0)
        script_reset(c.fd);
    else
        close(c.fd);
    /* A client that is served was accepted after those before it: the backlog stays short. */
    if (silent || unread)
        visit(talk, "gone");
}

static struct connection *find(struct talk *talk, const char *name)
{
    for (size_t i = talk->count; i-- > 0;) /* a name may be used again */
        if (strcmp(talk->connections[i].name, name) == 0)
            return &talk->connections[i];
    fail(NULL, "no such connection: %s", name);
}

static void listen_for_program(struct talk *talk)
{
    char error[ERROR_SIZE];
    char text[ADDRESS_TEXT_SIZE];
    int server = tcp_listen(talk->address, error);

    if (server == -1)
        fail(NULL, "%s", error);
    tcp_local_address(server, text);
    printf("Listening on %s\n", text);
    fflush(stdout);
    if (!ready(server, POLLIN, patience_ms))
        fail(NULL, "the program does not connect to the agent");
    talk->agent = add(talk, "agent", accept(server, NULL, NULL));
    close(server);
}

/* Whether a line of /proc/net/tcp, "N: ADDRESS:PORT ADDRESS:PORT STATE" in hexadecimal, is of
   a socket that listens there: its state is 0A. */
static bool is_listener(const char *line, unsigned long port)
{
    char *end;
    const char *at = strchr(line, ':');

    if (at == NULL || (at = strchr(at + 1, ':')) == NULL || strtoul(at + 1, &end, 16) != port)
        return false;
    at = strchr(end, ':');
    return at != NULL && strtoul(at + 1, &end, 16) == 0 && strtoul(end, NULL, 16) == 0x0A;
}

/* Whether a program listens on this port.  It would see a connection, so ask the kernel. */
static bool listens(const char *port)
{
    static const char *const tables[] = {"/proc/net/tcp", "/proc/net/tcp6"};
    unsigned long wanted = strtoul(port, NULL, 10);
    bool found = false;

    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        FILE *table = fopen(tables[i], "r");
        char line[512];
        while (table != NULL && fgets(line, sizeof line, table) != NULL)
            found = found || is_listener(line, wanted);
        if (table != NULL)
            fclose(table);
    }
    return found;
}

/* Whether TEXT is START, followed by the host from which the program has connected and a port
   on which a program listens. */
static bool is_whole(struct talk *talk, const char *text, const char *start)
{
    struct sockaddr_storage program;
    socklen_t length = sizeof program;
    char seen[ADDRESS_TEXT_SIZE];
    char error[ERROR_SIZE];
    struct address from, to;
    int after = 0;

    if (strncmp(text, start, strlen(start)) != 0 ||
        sscanf(text + strlen(start), "%72[^ \r]%n", talk->address, &after) != 1)
        return false;
    text += strlen(start) + (size_t)after;
    if (strcmp(text, "") != 0 && strcmp(text, "\r") != 0)
        return false;
    if (getpeername(talk->agent->fd, (struct sockaddr *)&program, &length) == -1)
        return false;
    address_format((struct sockaddr *)&program, length, seen);
    return address_parse(seen, &from, error) == 0 &&
           address_parse(talk->address, &to, error) == 0 && strcmp(from.host, to.host) == 0 &&
           listens(to.port);
}

/* Appends what has arrived to TEXT, up to a newline.  Returns whether more may follow. */
static bool read_text(struct talk *talk, char *text, size_t size)
{
    struct connection *c = talk->agent;
    size_t length = strlen(text);

    do {
        int byte = next_byte(c);
        if (byte == END || byte == '\n' || length == size - 1)
            return false;
        talk->nul = talk->nul || byte == '\0'; /* one-piece fails for it */
        text[length++] = (char)byte;
        text[length] = '\0';
    } while (c->used < c->length);
    return true;
}

/* Nothing marks the end of the message, which may arrive in pieces: it is complete if a
   program listens on its address.  A newline may follow. */
static void expect_keyword(struct talk *talk, const char *word)
{
    struct connection *c = talk->agent;
    char start[256];
    char text[256] = "";
    char quoted[ADDRESS_QUOTED_SIZE];
    long long end = clock_ms() + patience_ms;
    bool more = true;

    snprintf(start, sizeof start, "TASK-SRV %s ", word);
    while (!is_whole(talk, text, start)) {
        size_t length = strlen(text) < strlen(start) ? strlen(text) : strlen(start);
        if (strncmp(text, start, length) != 0 || clock_ms() >= end) {
            address_quote(text, quoted);
            fail(NULL, "expected \"%sIP:PORT\", where it listens; got %s", start, quoted);
        }
        if (!more) /* it may not listen yet */
            sleep_ms(AGAIN_MS);
        else if (c->used < c->length || ready(c->fd, POLLIN, AGAIN_MS))
            more = read_text(talk, text, sizeof text);
    }
}

/* The kernel counts the segments, if it counts at all.  A short write is one segment. */
static void expect_one_piece(const struct talk *talk, const struct connection *c)
{
    if (talk->nul)
        fail(c, "a NUL byte came with the message");
#ifdef __GLIBC__
    struct tcp_info info = {0};
    socklen_t length = sizeof info;

    if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &length) == 0 &&
        info.tcpi_data_segs_in > 1)
        fail(c, "what came was sent in %u pieces", (unsigned)info.tcpi_data_segs_in);
#else
    (void)c;
#endif
}

static void note_sent(const char *by, const char *text)
{
    last_sent.by = by;
    last_sent.text = text;
}

static size_t number(const char *word)
{
    char *end;
    size_t value = strtoul(word, &end, 10);

    if (*word == '\0' || *end != '\0')
        fail(NULL, "%s is not a number", word);
    return value;
}

/* Carries out a step on one connection. */
static void act(struct talk *talk, const char *name, char **words)
{
    bool joins = strcmp(step, "join") == 0 || strcmp(step, "small") == 0;
    struct connection *c = joins ? NULL : find(talk, name);
    struct lines lines = {0};

    if (joins)
        join(talk, name);
    else if (strcmp(step, "put") == 0) {
        note_sent(name, words[2]);
        char bytes[SCRIPT_TEXT_SIZE];
        send_all(c, bytes, script_bytes(words[2], bytes));
    } else if (strcmp(step, "last") == 0) {
        note_sent(name, words[2]);
        char bytes[SCRIPT_TEXT_SIZE];
        send_last(c, bytes, script_bytes(words[2], bytes));
    } else if (strcmp(step, "hear") == 0)
        hear(c, words[2]);
    else if (strcmp(step, "take") == 0)
        take(c, number(words[2]), *words[3]);
    else if (strcmp(step, "catch") == 0) {
        if (!hear_lines(c, &lines, number(words[2])))
            fail(c, "the stream ended in line %zu of those poured", lines.line);
    } else if (strcmp(step, "cut") == 0) {
        while (next_byte(c) != END) {
            next_of(&lines);
            if (lines.line == number(words[2]))
                fail(c, "all lines came, though it had not read for so long");
        }
    } else if (strcmp(step, "end") == 0 || strcmp(step, "eof") == 0) {
        int byte = next_byte(c);
        if (byte != END)
            fail(c, "expected the end of the stream, got %s", shown(byte));
        if (strcmp(step, "eof") == 0 && c->error != 0)
            fail(c, "%s in place of the end of the stream", strerror(c->error));
    } else if (strcmp(step, "one-piece") == 0)
        expect_one_piece(talk, c);
    else if (strcmp(step, "finish") == 0)
        shutdown(c->fd, SHUT_WR);
    else if (strcmp(step, "close") == 0)
        close(c->fd);
    else
        script_reset(c->fd);
}

/* Splits NAMES at its commas; returns how many they are. */
static size_t split(char *names, char *list[MAX_CONNECTIONS])
{
    size_t count = 0;

    for (char *name = strtok(names, ","); name != NULL; name = strtok(NULL, ","))
        if (count < MAX_CONNECTIONS)
            list[count++] = name;
    return count;
}

static size_t find_all(struct talk *talk, char *names,
                       struct connection *list[MAX_CONNECTIONS])
{
    char *each[MAX_CONNECTIONS];
    size_t count = split(names, each);

    for (size_t i = 0; i < count; i++)
        list[i] = find(talk, each[i]);
    return count;
}

/* Carries out the step at WORDS, which has COUNT words. */
static void carry_out(struct talk *talk, char **words)
{
    char *names[MAX_CONNECTIONS];
    struct connection *list[MAX_CONNECTIONS];

    if (strcmp(step, "say") == 0) {
        printf("%s\n", words[1]);
        fflush(stdout);
    } else if (strcmp(step, "hold") == 0) {
        script_hold();
    } else if (strcmp(step, "pause") == 0) {
        sleep_ms((int)number(words[1]));
    } else if (strcmp(step, "keyword") == 0) {
        expect_keyword(talk, words[1]);
    } else if (strcmp(step, "listen") == 0) {
        listen_for_program(talk);
    } else if (strcmp(step, "where") == 0) {
        printf("%s\n", talk->address);
        fflush(stdout);
    } else if (strcmp(step, "crowd") == 0) {
        crowd(talk, number(words[1]), words[2]);
    } else if (strcmp(step, "visits") == 0) {
        for (size_t i = number(words[1]); i > 0; i--)
            visit(talk, words[2]);
    } else if (strcmp(step, "pour") == 0) {
        size_t count = find_all(talk, words[3], list);
        pour(find(talk, words[1]), number(words[2]), list, count);
    } else if (strcmp(step, "meet") == 0) {
        size_t count = find_all(talk, words[1], list);
        for (size_t i = 0; i < count; i++)
            greet(list[i], list, count);
    } else {
        size_t count = split(words[1], names);
        for (size_t i = 0; i < count; i++)
            act(talk, names[i], words);
    }
}

/* How many words the step has, its own name among them. */
static int words_of(const char *name)
{
    static const char *const names[] = {
        "hold", "where",     "listen", NULL,    "join",  "small", "meet",
        "end",  "eof",       "finish", "close", "reset", "pause", "keyword",
        "say",  "one-piece", NULL,     "put",   "last",  "hear",  "catch",
        "cut",  "crowd",     "visits", NULL,    "take",  "pour"};
    int words = 1;

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (names[i] == NULL)
            words++;
        else if (strcmp(names[i], name) == 0)
            return words;
    }
    fail(NULL, "no such step");
}

int main(int argc, char *argv[])
{
    static struct talk talk;
    int option;

    while ((option = getopt(argc, argv, "+t:")) != -1) {
        if (option != 't')
            return EXIT_FAILURE;
        patience_ms = (int)number(optarg) * 1000;
    }
    if (optind >= argc)
        fail(NULL, "arguments: [-t <seconds>] <host>:<port> <step>...");
    startup();
    snprintf(talk.address, sizeof talk.address, "%s", argv[optind]);
    script_start();

    for (char **words = argv + optind + 1; *words != NULL;) {
        step = *words;
        int count = words_of(step);
        for (int i = 0; i < count; i++)
            if (words[i] == NULL)
                fail(NULL, "a word is missing");
        carry_out(&talk, words);
        words += count;
    }
    return EXIT_SUCCESS;
}
