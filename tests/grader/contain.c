/* Runs an untrusted program in a new session and process group, and leaves no process of that
   group behind.

   Usage: contain [-s SECONDS] [-g SECONDS] [-o BYTES] PROGRAM [ARGUMENT...]

   -s SECONDS  how long it may take (default 60)
   -g SECONDS  at the end the group gets SIGTERM, and SIGKILL that much later (default 0:
               SIGKILL only)
   -o BYTES    how much of its output is kept (default 65536)

   The program reads from /dev/null.  Its standard output and standard error are copied to
   standard output, up to the limit.  The rest is read as well, so that it neither blocks nor
   kills the program; after the program's end, a line says how much was cut, and the last
   65536 bytes follow, or BYTES if that is less.  Another line says so if the program has
   exited and left processes running.  The group is ended when the program has exited, at the
   time limit, or on SIGTERM, SIGINT or SIGHUP.
   Other limits and the environment are those of the caller (see sandbox.bash).

   Exit status: that of the program, 128 + N if signal N killed it, 124 if its time was up,
   125 if it could not be run. */

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef __linux__
#include <sys/prctl.h>
#endif
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "tcp.h"

enum {
    TIME_IS_UP = 124,
    CANNOT_RUN = 125,
    LOOK_AGAIN_MS = 10,
    PATIENCE_MS = 5000,
    TAIL_SIZE = 65536
};

struct limits {
    long seconds;
    long grace_seconds;
    size_t output;
};

struct output {
    int fd;
    size_t left;          /* bytes that may still be copied */
    size_t beyond;        /* bytes read after that; the last of them are in tail */
    size_t tail_size;     /* at most TAIL_SIZE */
    char tail[TAIL_SIZE]; /* byte number I of those beyond is at I % tail_size */
};

static int signal_pipe[2];            /* the handler writes a byte, poll sees it */
static volatile sig_atomic_t told_to; /* the signal that asks us to terminate, or 0 */

static void on_signal(int signal)
{
    int error = errno;

    if (signal != SIGCHLD)
        told_to = signal;
    (void)!write(signal_pipe[1], "", 1);
    errno = error;
}

static _Noreturn void give_up(const char *what)
{
    fprintf(stderr, "contain: %s: %s\n", what, strerror(errno));
    exit(CANNOT_RUN);
}

static void keep_in_tail(struct output *output, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length && output->tail_size > 0; i++)
        output->tail[output->beyond++ % output->tail_size] = bytes[i];
}

static void keep(struct output *output, const char *bytes, size_t length)
{
    size_t kept = length < output->left ? length : output->left;

    output->left -= kept;
    keep_in_tail(output, bytes + kept, length - kept);
    while (kept > 0) {
        ssize_t n = write(STDOUT_FILENO, bytes, kept);
        if (n == -1 && (errno == ENOSPC || errno == EDQUOT)) {
            output->left = 0; /* the caller checks for a full disk */
            return;
        }
        if (n == -1 && errno != EINTR)
            give_up("write");
        if (n > 0) {
            bytes += n;
            kept -= (size_t)n;
        }
    }
}

static void print_tail(const struct output *output)
{
    size_t first = 0;

    if (output->beyond > output->tail_size) {
        first = output->beyond - output->tail_size;
        printf("\n[%zu bytes of output were cut]\n", first);
    }
    for (size_t i = first; i < output->beyond; i++)
        putchar(output->tail[i % output->tail_size]);
}

/* Reads what the program has written so far, but no more than one buffer; false if there is
   nothing. */
static bool take_output(struct output *output)
{
    char buf[65536];
    ssize_t n = read(output->fd, buf, sizeof buf);

    if (n > 0)
        keep(output, buf, (size_t)n);
    else if (n == 0)
        output->fd = -1; /* poll ignores it from now on */
    return n > 0;
}

/* Becomes the program, which inherits no descriptor and no signal disposition. */
static _Noreturn void become(char **words, int output)
{
    int null = open("/dev/null", O_RDONLY);
    long open_max = sysconf(_SC_OPEN_MAX);
    sigset_t none;

    setsid();
    if (null == -1 || dup2(null, STDIN_FILENO) == -1 || dup2(output, STDOUT_FILENO) == -1 ||
        dup2(output, STDERR_FILENO) == -1)
        _exit(CANNOT_RUN);
    for (int fd = 3; fd < open_max && fd < 65536; fd++)
        close(fd);
    for (int number = 1; number < 32; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(words[0], words);
    dprintf(STDERR_FILENO, "%s: %s\n", words[0], strerror(errno));
    _exit(CANNOT_RUN);
}

static void catch_signals(void)
{
    const int caught[] = {SIGCHLD, SIGTERM, SIGINT, SIGHUP};
    struct sigaction action = {.sa_handler = on_signal};

    if (pipe(signal_pipe) == -1 || set_nonblocking(signal_pipe[0]) == -1 ||
        set_nonblocking(signal_pipe[1]) == -1)
        give_up("pipe");
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof caught / sizeof *caught; i++)
        sigaction(caught[i], &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

/* Waits for the children that have ended: the program, and its orphans where the system makes
   them our children.  True once the program is among them. */
static bool collect(pid_t program, int *status)
{
    bool ended = false;
    int each;
    pid_t pid;

    while ((pid = waitpid(-1, &each, WNOHANG)) > 0) {
        if (pid == program) {
            *status = WIFSIGNALED(each) ? 128 + WTERMSIG(each) : WEXITSTATUS(each);
            ended = true;
        }
    }
    return ended;
}

/* Waits until the program has exited or must end; returns whether it has exited. */
static bool attend(pid_t program, struct output *output, long long deadline, int *status)
{
    for (;;) {
        struct pollfd waits[] = {{.fd = signal_pipe[0], .events = POLLIN},
                                 {.fd = output->fd, .events = POLLIN}};
        long long left = deadline - clock_ms();
        if (left <= 0) {
            *status = TIME_IS_UP;
            return false;
        }
        if (poll(waits, 2, left < 60000 ? (int)left : 60000) == -1 && errno != EINTR)
            give_up("poll");
        if (waits[1].revents != 0)
            take_output(output);
        /* Only one read: however many signals arrive, the deadline is checked. */
        char bytes[256];
        if (read(signal_pipe[0], bytes, sizeof bytes) > 0 && collect(program, status))
            return true;
        if (told_to != 0) {
            *status = 128 + told_to;
            return false;
        }
    }
}

/* Waits until no process is left in the group, but no longer than MS milliseconds. */
static bool gone(pid_t group, long ms, struct output *output)
{
    long long deadline = clock_ms() + ms;
    int status;

    for (;;) {
        collect(group, &status);
        while (output->fd != -1 && take_output(output))
            ;
        if (kill(-group, 0) == -1 && errno == ESRCH)
            return true;
        if (clock_ms() >= deadline)
            return false;
        sleep_ms(LOOK_AGAIN_MS);
    }
}

static void end_group(pid_t group, long grace_seconds, struct output *output)
{
    if (grace_seconds > 0) {
        kill(-group, SIGTERM);
        if (gone(group, grace_seconds * 1000, output))
            return;
    }
    kill(-group, SIGKILL);
    gone(group, PATIENCE_MS, output);
}

static int run(char **words, const struct limits *limits)
{
    int ends[2];
    int status = CANNOT_RUN;

    catch_signals();
#ifdef __linux__
    /* Otherwise the program could write to our standard error, through /proc. */
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    /* If our parent is killed, it cannot ask us to terminate.  The first process of a
       namespace should be killed instead, and all others with it: bubblewrap has set that. */
    if (getpid() != 1)
        prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
#endif
#ifdef PR_SET_CHILD_SUBREAPER
    /* Processes that the program leaves behind become our children: the first process of some
       systems takes seconds to wait for them. */
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
#endif
    if (pipe(ends) == -1)
        give_up("pipe");
    pid_t program = fork();
    if (program == -1)
        give_up("fork");
    if (program == 0)
        become(words, ends[1]);
    close(ends[1]);
    if (set_nonblocking(ends[0]) == -1)
        give_up("pipe");

    static struct output output;
    bool left_running = false;
    output.fd = ends[0];
    output.left = limits->output;
    output.tail_size = limits->output < TAIL_SIZE ? limits->output : TAIL_SIZE;
    if (!attend(program, &output, clock_ms() + limits->seconds * 1000, &status))
        kill(program, limits->grace_seconds > 0 ? SIGTERM : SIGKILL); /* before its setsid? */
    else
        left_running = waitpid(-1, NULL, WNOHANG) == 0;
    end_group(program, limits->grace_seconds, &output);
    print_tail(&output);
    if (left_running)
        printf("\n[the program has ended, and left processes running]\n");
    return status;
}

static long parse(const char *text)
{
    char *end;
    long value = strtol(text, &end, 10);

    if (*text == '\0' || *end != '\0' || value < 0 || value > 1000000000) {
        fprintf(stderr, "contain: %s is not a number\n", text);
        exit(CANNOT_RUN);
    }
    return value;
}

int main(int argc, char *argv[])
{
    struct limits limits = {.seconds = 60, .grace_seconds = 0, .output = 65536};
    int option;

    while ((option = getopt(argc, argv, "+s:g:o:")) != -1) {
        if (option == 's')
            limits.seconds = parse(optarg);
        else if (option == 'g')
            limits.grace_seconds = parse(optarg);
        else if (option == 'o')
            limits.output = (size_t)parse(optarg);
        else
            return CANNOT_RUN;
    }
    if (optind >= argc) {
        fprintf(stderr, "arguments: [-s <seconds>] [-g <seconds>] [-o <bytes>] <program>\n");
        return CANNOT_RUN;
    }
    return run(argv + optind, &limits);
}
