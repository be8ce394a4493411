#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LONGEST_LABEL = 63, LONGEST_NAME = 253 }; /* RFC 1035, 2.3.4 */

#define LETTERS_AND_DIGITS \
    "abcdefghijklmnopqrstuvwxyz" \
    "ABCDEFGHIJKLMNOPQRSTUVWXYZ" \
    "0123456789"

static bool consists_of(const char *text, const char *allowed)
{
    return text[strspn(text, allowed)] == '\0';
}

static bool is_ipv4(const char *host)
{
    struct in_addr address;
    return inet_pton(AF_INET, host, &address) == 1;
}

static bool is_ipv6(const char *host)
{
    struct in6_addr address;
    return inet_pton(AF_INET6, host, &address) == 1;
}

/* Whether the text is a number to inet_aton, which getaddrinfo uses: 10, 010, 0x10. */
static bool is_number(const char *text)
{
    char *end;

    if (*text < '0' || *text > '9')
        return false;
    strtoul(text, &end, 0);
    return *end == '\0';
}

/* The three checks return NULL, or what is wrong. */

static const char *check_port(const char *text, char port[ADDRESS_PORT_SIZE])
{
    static const char wrong[] = "the port must be a number from 0 to 65535";
    unsigned value = 0;

    /* By hand: strtoul would take a sign, blanks and "0x" too. */
    if (*text == '\0')
        return wrong;
    for (; *text != '\0'; text++) {
        if (*text < '0' || *text > '9')
            return wrong;
        value = 10 * value + (unsigned)(*text - '0');
        if (value > 65535)
            return wrong;
    }
    snprintf(port, ADDRESS_PORT_SIZE, "%u", value);
    return NULL;
}

static const char *check_ipv6(const char *host)
{
    char address[INET6_ADDRSTRLEN];
    size_t length = strcspn(host, "%");

    if (length >= sizeof address)
        return "not an IPv6 address";
    memcpy(address, host, length);
    address[length] = '\0';
    if (!is_ipv6(address))
        return "not an IPv6 address";

    /* "%eth0" names the interface of a link-local address (RFC 4007, 11). */
    if (host[length] == '%') {
        const char *zone = host + length + 1;
        size_t zone_length = strlen(zone);

        if (zone_length == 0 || zone_length >= IF_NAMESIZE ||
            !consists_of(zone, LETTERS_AND_DIGITS "-._:@"))
            return "no interface has the name behind the %";
    }
    return NULL;
}

static const char *check_name(const char *host)
{
    const char *label = host;
    size_t length = strlen(host);

    if (!consists_of(host, LETTERS_AND_DIGITS "-._"))
        return "a name consists of letters, digits, '-', '_' and '.'";
    if (length > LONGEST_NAME)
        return "a name has at most 253 characters";
    for (;;) {
        size_t label_length = strcspn(label, ".");

        if (label_length > LONGEST_LABEL)
            return "a part of a name has at most 63 characters";
        if (label_length == 0 && (label == host || *label == '.'))
            return "a part of the name is empty";
        if (label[label_length] == '\0')
            break;
        label += label_length + 1;
    }
    /* No name ends in a number, but getaddrinfo would read "127.1" or
       "0x7f000001" as a short form of some address. */
    if (is_number(label) && !is_ipv4(host))
        return "an IPv4 address consists of four numbers from 0 to 255";
    return NULL;
}

/* What to write in place of TEXT, which has colons but no brackets. */
static void suggest_brackets(const char *text, char suggestion[ERROR_SIZE])
{
    static const char hint[] = "an IPv6 address stands in brackets:";
    char address[INET6_ADDRSTRLEN + IF_NAMESIZE] = "";
    char port[ADDRESS_PORT_SIZE];
    const char *colon = strrchr(text, ':');
    size_t length = (size_t)(colon - text);

    if (length < sizeof address)
        memcpy(address, text, length);
    if (check_ipv6(address) == NULL && check_port(colon + 1, port) == NULL)
        snprintf(suggestion, ERROR_SIZE, "%s [%s]:%s", hint, address, port);
    else if (check_ipv6(text) == NULL)
        snprintf(suggestion, ERROR_SIZE, "%s [%s]:PORT", hint, text);
    else
        snprintf(suggestion, ERROR_SIZE, "%s [::1]:2000", hint);
}

/* Copies the LENGTH bytes of the host; false where they are too many. */
static bool copy_host(struct address *address, const char *host, size_t length)
{
    if (length >= sizeof address->host)
        return false;
    memcpy(address->host, host, length);
    address->host[length] = '\0';
    return true;
}

static const char *parse(const char *text, struct address *address,
                         char suggestion[ERROR_SIZE])
{
    bool bracketed = *text == '[';
    const char *host = bracketed ? text + 1 : text;
    const char *end = strchr(host, bracketed ? ']' : ':');
    const char *wrong;

    if (end == NULL)
        return bracketed ? "the bracket is not closed"
                         : "the port is missing: write HOST:PORT";
    if (bracketed && end[1] != ':')
        return "the port is missing: write [ADDRESS]:PORT";
    if (!bracketed && strchr(end + 1, ':') != NULL) {
        suggest_brackets(text, suggestion);
        return suggestion;
    }
    if (end == host)
        return "the host is missing: write HOST:PORT";
    if (!copy_host(address, host, (size_t)(end - host)))
        return bracketed ? "not an IPv6 address" : "a name has at most 253 characters";

    wrong = bracketed ? check_ipv6(address->host) : check_name(address->host);
    if (wrong != NULL)
        return wrong;
    return check_port(bracketed ? end + 2 : end + 1, address->port);
}

int address_parse(const char *text, struct address *address, char error[ERROR_SIZE])
{
    char suggestion[ERROR_SIZE];
    const char *wrong = parse(text, address, suggestion);

    if (wrong == NULL)
        return 0;

    char quoted[ADDRESS_QUOTED_SIZE];
    address_quote(text, quoted);
    snprintf(error, ERROR_SIZE, "bad address %s: %.150s", quoted, wrong);
    errno = EINVAL;
    return -1;
}

void address_format(const struct sockaddr *sa, socklen_t length, char text[ADDRESS_TEXT_SIZE])
{
    char host[ADDRESS_TEXT_SIZE - 9]; /* less "[]:65535" and its end */
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
