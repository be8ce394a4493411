/* Addresses as people write them: HOST:PORT.

   HOST is an IPv4 address (127.0.0.1), an IPv6 address in brackets ([::1]), or
   a name (localhost).  PORT is a decimal number from 0 to 65535. */

#ifndef ADDRESS_H
#define ADDRESS_H

#include <sys/socket.h>

enum {
    ADDRESS_HOST_SIZE = 256, /* the longest name, 253 characters, fits (RFC 1035, 2.3.4) */
    ADDRESS_PORT_SIZE = 6,
    ADDRESS_TEXT_SIZE = 72, /* "[" IPv6 address "%" interface "]:" port */
    ERROR_SIZE = 512        /* one line that tells a person what went wrong */
};

/* The two parts of an address, as getaddrinfo takes them. */
struct address {
    char host[ADDRESS_HOST_SIZE]; /* without brackets */
    char port[ADDRESS_PORT_SIZE]; /* without leading zeros */
};

/* Splits TEXT into its host and port.  Looks nothing up: whether a name exists
   is for getaddrinfo to say.

   Returns 0.  Returns -1 with errno EINVAL where TEXT is not an address; ERROR
   then quotes it and says what is wrong.  A text that is too long, or that has
   bytes which no address has, is such an error: nothing is ever cut off. */
int address_parse(const char *text, struct address *address, char error[ERROR_SIZE]);

/* The way back: writes the IPv4 or IPv6 socket address SA, of LENGTH bytes, into
   TEXT: "127.0.0.1:2000" or "[::1]:2000".  Another family gives "?". */
void address_format(const struct sockaddr *sa, socklen_t length, char text[ADDRESS_TEXT_SIZE]);

/* Copies TEXT into QUOTED for a message: between quotation marks, on one line,
   every byte that is not printable ASCII as \xHH; a long text ends in "...". */
enum { ADDRESS_QUOTED_SIZE = 320 };
void address_quote(const char *text, char quoted[ADDRESS_QUOTED_SIZE]);

#endif
