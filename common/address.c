#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DIGITS "0123456789"
#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"

static bool consists_of(const char *text, const char *allowed)
{
    return text[strspn(text, allowed)] == '\0';
}

static bool is_ipv6(const char *host)
{
    struct in6_addr binary;
    char address[INET6_ADDRSTRLEN] = "";
    size_t length = strcspn(host, "%"); /* then the interface, as in fe80::1%eth0 (RFC 4007) */

    if (length < sizeof address)
        memcpy(address, host, length);
    return inet_pton(AF_INET6, address, &binary) == 1;
}

/* getaddrinfo takes 127.1, 010.0.0.1 and 0x7f000001 for IPv4 addresses, as inet_aton does.
   No name ends in a number. */
static bool is_ipv4_in_short(const char *host)
{
    struct in_addr binary;
    const char *dot = strrchr(host, '.');
    const char *last = dot == NULL ? host : dot + 1;
    char *end;

    if (*last < '0' || *last > '9')
        return false;
    strtoul(last, &end, 0);
    return *end == '\0' && inet_pton(AF_INET, host, &binary) != 1;
}

/* This and parse return NULL, or what is wrong. */
static const char *parse_port(const char *text, char port[ADDRESS_PORT_SIZE])
{
    unsigned long value = strtoul(text, NULL, 10);

    /* strtoul alone would accept a sign and blanks. */
    if (*text == '\0' || !consists_of(text, DIGITS) || value > 65535)
        return "the port must be a number from 0 to 65535";
    snprintf(port, ADDRESS_PORT_SIZE, "%lu", value);
    return NULL;
}

static const char *parse(const char *text, struct address *address)
{
    bool bracketed = *text == '[';
    const char *host = bracketed ? text + 1 : text;
    const char *end = strchr(host, bracketed ? ']' : ':');

    if (strstr(text, "://") != NULL)
        return "an address is not a URL: write HOST:PORT, as in localhost:2000";
    if (end == NULL)
        return bracketed ? "the bracket is not closed"
                         : "the port is missing: write HOST:PORT";
    if (bracketed && end[1] != ':')
        return "the port is missing: write [ADDRESS]:PORT";
    if (!bracketed && strchr(end + 1, ':') != NULL)
        return "write an IPv6 address in brackets, as in [::1]:2000";

    size_t length = (size_t)(end - host);
    if (length == 0)
        return "the host is missing: write HOST:PORT";
    if (length >= sizeof address->host)
        return "the host is too long";
    memcpy(address->host, host, length);
    address->host[length] = '\0';

    if (!consists_of(address->host,
                     bracketed ? LETTERS DIGITS "-._:%@" : LETTERS DIGITS "-._"))
        return "a host consists of letters, digits, '-', '_' and '.'";
    if (bracketed && !is_ipv6(address->host))
        return "not an IPv6 address";
    if (!bracketed && is_ipv4_in_short(address->host))
        return "an IPv4 address consists of four numbers from 0 to 255";
    return parse_port(bracketed ? end + 2 : end + 1, address->port);
}

int address_parse(const char *text, struct address *address, char error[ERROR_SIZE])
{
    const char *wrong = parse(text, address);

    if (wrong == NULL)
        return 0;

    char quoted[ADDRESS_QUOTED_SIZE];
    address_quote(text, quoted);
    snprintf(error, ERROR_SIZE, "bad address %s: %s", quoted, wrong);
    errno = EINVAL;
    return -1;
}

void address_format(const struct sockaddr *sa, socklen_t length, char text[ADDRESS_TEXT_SIZE])
{
    char host[ADDRESS_TEXT_SIZE - 9]; /* leaves room for "[]:65535" and the NUL */
    char port[ADDRESS_PORT_SIZE];

    if (getnameinfo(sa, length, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        snprintf(text, ADDRESS_TEXT_SIZE, "?");
    else if (sa->sa_family == AF_INET6)
        snprintf(text, ADDRESS_TEXT_SIZE, "[%s]:%s", host, port);
    else
        snprintf(text, ADDRESS_TEXT_SIZE, "%s:%s", host, port);
}

void address_quote(const char *text, char quoted[ADDRESS_QUOTED_SIZE])
{
    char *end = quoted;
    char *limit = quoted + ADDRESS_QUOTED_SIZE - sizeof "\\xHH...\"";

    *end++ = '"';
    for (; *text != '\0' && end < limit; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte < ' ' || byte > '~' || byte == '"' || byte == '\\')
            end += sprintf(end, "\\x%02x", byte);
        else
            *end++ = (char)byte;
    }
    strcpy(end, *text == '\0' ? "\"" : "...\"");
}
