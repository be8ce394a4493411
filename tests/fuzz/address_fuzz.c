/* Fuzzes the address parser: it accepts again, as printed, what it has accepted, and quotes
   on one line what it rejects. */

#include "address.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "../unit/check.h"

/* The text's length; it ends within SIZE bytes, and is printable ASCII. */
static size_t check_line(const char *text, size_t size)
{
    size_t length = strnlen(text, size);

    CHECK(length < size);
    for (size_t i = 0; i < length; i++)
        CHECK(text[i] >= ' ' && text[i] <= '~');
    return length;
}

static char unquote(const char **quoted)
{
    const char *c = *quoted;

    if (*c != '\\') {
        ++*quoted;
        return *c;
    }
    CHECK(c[1] == 'x' && isxdigit((unsigned char)c[2]) && isxdigit((unsigned char)c[3]));
    *quoted += 4;
    char digits[] = {c[2], c[3], '\0'};
    return (char)strtoul(digits, NULL, 16);
}

/* QUOTED is TEXT, quoted, or its beginning if there is no room for more. */
static void check_quoted(const char *text, const char *quoted)
{
    size_t length = check_line(quoted, ADDRESS_QUOTED_SIZE);
    const char *end = quoted + length - 1;
    const char *c = quoted + 1;

    CHECK(length >= 2 && *quoted == '"' && *end == '"');
    CHECK(strchr(quoted + 1, '"') == end);
    while (*text != '\0' && c < end) {
        if (strcmp(c, "...\"") == 0 && strcmp(text, "...") != 0) {
            CHECK(length > ADDRESS_QUOTED_SIZE - 12);
            return;
        }
        CHECK(unquote(&c) == *text++);
    }
    CHECK(c == end && *text == '\0');
}

static void check_refused(const char *text, const char error[ERROR_SIZE])
{
    char quoted[ADDRESS_QUOTED_SIZE];

    CHECK(errno == EINVAL);
    check_line(error, ERROR_SIZE);
    address_quote(text, quoted);
    check_quoted(text, quoted);
    const char *found = strstr(error, quoted);
    CHECK(found != NULL);
    CHECK(strlen(found) > strlen(quoted) + strlen(": ")); /* and says what is wrong */
}

static void check_port(const char port[ADDRESS_PORT_SIZE])
{
    char digits[24];

    CHECK(check_line(port, ADDRESS_PORT_SIZE) > 0);
    unsigned long value = strtoul(port, NULL, 10);
    CHECK(value <= 65535);
    snprintf(digits, sizeof digits, "%lu", value);
    CHECK(strcmp(digits, port) == 0);
}

static void check_same(const char *text, const struct address *address)
{
    struct address again;
    char error[ERROR_SIZE];

    CHECK(address_parse(text, &again, error) == 0);
    CHECK(strcmp(again.host, address->host) == 0);
    CHECK(strcmp(again.port, address->port) == 0);
}

/* By way of the socket address, which prints the host in its canonical form. */
static void check_numeric(const struct address *address)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    in_port_t port = htons((uint16_t)strtoul(address->port, NULL, 10));
    char text[ADDRESS_TEXT_SIZE];
    char error[ERROR_SIZE];
    struct address again;
    unsigned char binary[sizeof(struct in6_addr)];

    v4.sin_port = v6.sin6_port = port;
    if (inet_pton(AF_INET, address->host, &v4.sin_addr) == 1) {
        address_format((struct sockaddr *)&v4, sizeof v4, text);
        CHECK(address_parse(text, &again, error) == 0);
        CHECK(inet_pton(AF_INET, again.host, binary) == 1);
        CHECK(memcmp(binary, &v4.sin_addr, sizeof v4.sin_addr) == 0);
    } else if (inet_pton(AF_INET6, address->host, &v6.sin6_addr) == 1) {
        address_format((struct sockaddr *)&v6, sizeof v6, text);
        CHECK(address_parse(text, &again, error) == 0);
        CHECK(inet_pton(AF_INET6, again.host, binary) == 1);
        CHECK(memcmp(binary, &v6.sin6_addr, sizeof v6.sin6_addr) == 0);
    } else {
        /* getaddrinfo would accept "127.1", which hardly any user means. */
        CHECK(inet_addr(address->host) == (in_addr_t)-1);
        return;
    }
    CHECK(strcmp(again.port, address->port) == 0);
}

static void check_taken(const struct address *address)
{
    char text[ADDRESS_HOST_SIZE + ADDRESS_PORT_SIZE + 3];
    bool brackets = strchr(address->host, ':') != NULL;

    CHECK(check_line(address->host, ADDRESS_HOST_SIZE) > 0);
    check_port(address->port);
    snprintf(text, sizeof text, brackets ? "[%s]:%s" : "%s:%s", address->host, address->port);
    check_same(text, address);
    check_numeric(address);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct address address;
    char error[ERROR_SIZE];
    size_t length = strnlen((const char *)data, size);
    char *text = malloc(length +
                        1); /* so that the address sanitizer sees a read beyond its end */

    CHECK(text != NULL);
    memcpy(text, data, length);
    text[length] = '\0';
    memset(&address, '~', sizeof address);
    memset(error, '\n', sizeof error);
    errno = 0;
    if (address_parse(text, &address, error) == 0)
        check_taken(&address);
    else
        check_refused(text, error);
    free(text);
    return 0;
}
