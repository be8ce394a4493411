#include "script.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

size_t script_bytes(const char *text, char bytes[SCRIPT_TEXT_SIZE])
{
    size_t length = 0;

    for (; *text != '\0' && length < SCRIPT_TEXT_SIZE; length++) {
        bytes[length] = *text++;
        if (bytes[length] == '\\' && *text == 'n') {
            bytes[length] = '\n';
            text++;
        } else if (bytes[length] == '\\' && *text == 'x') {
            char digits[3] = {text[1], text[2], '\0'};
            bytes[length] = (char)strtoul(digits, NULL, 16);
            text += 3;
        }
    }
    return length;
}

char *script_show(const char *bytes, size_t length, char text[SCRIPT_SHOWN_SIZE])
{
    enum { MOST = (SCRIPT_SHOWN_SIZE - sizeof "...\"\"") / 4 };
    char *at = text + sprintf(text, "%s\"", length > MOST ? "..." : "");

    if (length == 0)
        return strcpy(text, "nothing");
    for (size_t i = length > MOST ? length - MOST : 0; i < length; i++) {
        unsigned char byte = (unsigned char)bytes[i];
        if (byte == '\n')
            at += sprintf(at, "\\n");
        else
            at += sprintf(at, byte < ' ' || byte > '~' ? "\\x%02x" : "%c", byte);
    }
    sprintf(at, "\"");
    return text;
}

int script_connect_small(const char *text, char error[ERROR_SIZE])
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
    struct addrinfo *ai;
    struct address address;
    int room = 4096;

    if (address_parse(text, &address, error) == -1)
        return -1;
    if (getaddrinfo(address.host, address.port, &hints, &ai) != 0) {
        snprintf(error, ERROR_SIZE, "no address: %.300s", text);
        return -1;
    }
    int fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
#ifdef TCP_MAXSEG
    int segment = 536;
    setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
#endif
    if (connect(fd, ai->ai_addr, ai->ai_addrlen) == -1) {
        snprintf(error, ERROR_SIZE, "cannot connect to %.300s: %s", text, strerror(errno));
        close(fd);
        fd = -1;
    }
    freeaddrinfo(ai);
    return fd;
}

void script_reset(int fd)
{
    /* With no time to linger, close sends a reset (see socket(7), SO_LINGER). */
    struct linger linger = {.l_onoff = 1, .l_linger = 0};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    close(fd);
}

static void set_of_sigusr1(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGUSR1);
}

void script_start(void)
{
    sigset_t set;

    set_of_sigusr1(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

void script_hold(void)
{
    sigset_t set;
    int signal;

    set_of_sigusr1(&set);
    sigwait(&set, &signal);
}
