/* Addresses: which texts are accepted, which are rejected, and how they are printed. */

#include "address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "check.h"

static char error[ERROR_SIZE];
static struct address address;

static void good(const char *text, const char *host, const char *port)
{
    if (address_parse(text, &address, error) == -1) {
        fprintf(stderr, "%s\n", error);
        exit(EXIT_FAILURE);
    }
    CHECK(strcmp(address.host, host) == 0);
    CHECK(strcmp(address.port, port) == 0);
}

/* Expects that TEXT is rejected, with a message of one line that contains WHY. */
static void bad(const char *text, const char *why)
{
    errno = 0;
    if (address_parse(text, &address, error) == 0) {
        fprintf(stderr, "%s\n", text);
        exit(EXIT_FAILURE);
    }
    CHECK(errno == EINVAL);
    if (strstr(error, why) == NULL) {
        fprintf(stderr, "%s: does not say \"%s\"\n", error, why);
        exit(EXIT_FAILURE);
    }
    for (const char *c = error; *c != '\0'; c++)
        CHECK(*c >= ' ' && *c <= '~');
}

static const char PORT[] = "the port must be a number from 0 to 65535";

static void test_ports(void)
{
    good("127.0.0.1:0", "127.0.0.1", "0");
    good("127.0.0.1:65535", "127.0.0.1", "65535");
    good("127.0.0.1:00080", "127.0.0.1", "80");
    const char *ports[] = {"",           "+80",  "-80",   " 80",
                           "80 ",        "0x50", "80x",   "65536",
                           "4294967376", "8 0",  "\xb2",  "18446744073709551696",
                           "80\n",       "http", "99999", "1e3"};
    for (size_t i = 0; i < sizeof ports / sizeof *ports; i++) {
        char text[64];
        snprintf(text, sizeof text, "127.0.0.1:%s", ports[i]);
        bad(text, PORT);
        snprintf(text, sizeof text, "[::1]:%s", ports[i]);
        bad(text, PORT);
    }
}

static void test_hosts(void)
{
    good("localhost:2000", "localhost", "2000");
    good("a-b_c.example.:1", "a-b_c.example.", "1");
    good("3f2a91bc77de:1", "3f2a91bc77de", "1");
    good("[::1]:2000", "::1", "2000");
    good("[::ffff:1.2.3.4]:1", "::ffff:1.2.3.4", "1");
    good("[fe80::1%eth0]:1", "fe80::1%eth0", "1");
    /* getaddrinfo finds out that these do not exist. */
    good("a..b:80", "a..b", "80");
    good("[fe80::1%]:80", "fe80::1%", "80");

    bad("", "the port is missing");
    bad("2000", "the port is missing");
    bad("[::1]", "the port is missing");
    bad("[::1]80", "the port is missing");
    bad(":80", "the host is missing");
    bad("[]:80", "the host is missing");
    bad("[::1:80", "the bracket is not closed");
    bad("[127.0.0.1]:80", "not an IPv6 address");
    bad("[localhost]:80", "not an IPv6 address");
    bad("[:::1]:80", "not an IPv6 address");
    bad("[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80", "not an IPv6 address");
    bad("[fe80::1%a b]:80", "a host consists of");
    /* getaddrinfo would take these for addresses, which hardly any user means. */
    bad("127.1:80", "four numbers");
    bad("256.1.1.1:80", "four numbers");
    bad("1.2.3.4.5:80", "four numbers");
    bad("0x7f000001:80", "four numbers");
    bad("127.0.0.010:80", "four numbers");
    bad("2130706433:80", "four numbers");
}

static void test_hints(void)
{
    const char *no_brackets[] = {"::1:2000", "::1", "fe80::1%eth0:80", "a:b:80"};
    const char *urls[] = {"http://localhost:2000", "http://localhost", "https://[::1]:2000/",
                          "tcp://127.0.0.1:2000", "://"};

    for (size_t i = 0; i < sizeof no_brackets / sizeof *no_brackets; i++)
        bad(no_brackets[i], "in brackets, as in [::1]:2000");
    for (size_t i = 0; i < sizeof urls / sizeof *urls; i++)
        bad(urls[i], "not a URL: write HOST:PORT");
    bad("localhost:2000/", PORT);
}

static void test_any_bytes(void)
{
    bad("a b:80", "a host consists of");
    bad(" a:80", "a host consists of");
    bad("a\nb:80", "\"a\\x0ab:80\"");
    bad("\x1b[31m:80", "\\x1b");
    bad("\xff\xfe:80", "\"\\xff\\xfe:80\"");
    bad("b\xc3\xbc"
        "cher:80",
        "\\xc3\\xbc");
    bad("\"quoted\":80", "\\x22quoted\\x22");
}

static void test_long_names(void)
{
    char text[2000];

    /* The longest that fits, and one more. */
    memset(text, 'a', sizeof text);
    memcpy(text + ADDRESS_HOST_SIZE - 1, ":80", 4);
    CHECK(address_parse(text, &address, error) == 0);
    CHECK(strlen(address.host) == ADDRESS_HOST_SIZE - 1);
    memcpy(text + ADDRESS_HOST_SIZE - 1, "a:80", 5);
    bad(text, "too long");
    memset(text, 'a', sizeof text);
    memcpy(text + sizeof text - 4, ":80", 4);
    bad(text, "too long");
    bad(text, "...\"");
    text[0] = '[';
    memcpy(text + sizeof text - 5, "]:80", 5);
    bad(text, "too long");
}

static void test_format(void)
{
    char text[ADDRESS_TEXT_SIZE];
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = htons(2000)};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = htons(65535)};
    struct sockaddr unknown = {.sa_family = AF_UNSPEC};

    inet_pton(AF_INET, "127.0.0.1", &v4.sin_addr);
    address_format((struct sockaddr *)&v4, sizeof v4, text);
    CHECK(strcmp(text, "127.0.0.1:2000") == 0);
    inet_pton(AF_INET6, "::1", &v6.sin6_addr);
    address_format((struct sockaddr *)&v6, sizeof v6, text);
    CHECK(strcmp(text, "[::1]:65535") == 0);
    /* The longest possible one. */
    inet_pton(AF_INET6, "fe80:1111:2222:3333:4444:5555:6666:7777", &v6.sin6_addr);
    v6.sin6_scope_id = 4000000000;
    address_format((struct sockaddr *)&v6, sizeof v6, text);
    CHECK(strcmp(text, "[fe80:1111:2222:3333:4444:5555:6666:7777%4000000000]:65535") == 0);
    address_format(&unknown, sizeof unknown, text);
    CHECK(strcmp(text, "?") == 0);
}

int main(void)
{
    test_ports();
    test_hosts();
    test_hints();
    test_any_bytes();
    test_long_names();
    test_format();
    return EXIT_SUCCESS;
}
