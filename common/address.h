/* Addresses as people write them: HOST:PORT.

   HOST is an IPv4 address (127.0.0.1), an IPv6 address in brackets ([::1]), or a name
   (localhost).  PORT is a decimal number from 0 to 65535. */

#ifndef ADDRESS_H
#define ADDRESS_H

#include <sys/socket.h>

enum {
    ADDRESS_HOST_SIZE = 256, /* the longest name, 253 characters, fits (RFC 1035, 2.3.4) */
    ADDRESS_PORT_SIZE = 6,
    ADDRESS_TEXT_SIZE = 72,    /* "[" IPv6 address "%" interface "]:" port */
    ADDRESS_QUOTED_SIZE = 320, /* a text that was to be an address, quoted */
    ERROR_SIZE = 512           /* an error message of one line */
};

/* The two parts of an address, as getaddrinfo takes them. */
struct address {
    char host[ADDRESS_HOST_SIZE]; /* without brackets */
    char port[ADDRESS_PORT_SIZE]; /* without leading zeros */
};

/* Splits TEXT into its host and port.  It rejects what getaddrinfo would accept although
   nobody means it, such as +80 as a port or 127.1 as a host; whether a name exists,
   getaddrinfo must find out.

   Returns 0; or -1 with errno EINVAL if TEXT is not an address.  ERROR then quotes it and
   says what is wrong.  A text that is too long, or contains bytes that no address has, is
   such an error: nothing is ever cut off. */
int address_parse(const char *text, struct address *address, char error[ERROR_SIZE]);

/* Writes the IPv4 or IPv6 socket address SA, of LENGTH bytes, into TEXT: "127.0.0.1:2000" or
   "[::1]:2000".  An address of another family becomes "?". */
void address_format(const struct sockaddr *sa, socklen_t length, char text[ADDRESS_TEXT_SIZE]);

/* Copies TEXT into QUOTED for a message: between quotation marks, on one line, every byte
   that is not printable ASCII as \xHH.  A long text ends in "...". */
void address_quote(const char *text, char quoted[ADDRESS_QUOTED_SIZE]);

#endif
