/* Tokens: small numbers, each of which identifies one event source, such as a socket, until it
   is freed.  They start at 0 and stay dense, so a token can index an array. */

#ifndef TOKENMANAGER_H
#define TOKENMANAGER_H

#include <stddef.h>

struct token_manager {
    size_t *tokens;    /* for each token: that it is in use, or the next free one */
    size_t capacity;   /* of the array */
    size_t count;      /* tokens handed out so far: 0 to count - 1 */
    size_t first_free; /* the one freed last */
};

/* Initializes an empty manager.  It allocates no memory yet. */
void token_manager_init(struct token_manager *manager);

/* Stores an unused token in *TOKEN: the one freed last, or else the next number.  Returns 0,
   or -1 with errno ENOMEM. */
int allocate_token(struct token_manager *manager, size_t *token);

/* Frees TOKEN.  Does nothing if it is not in use. */
void free_token(struct token_manager *manager, size_t token);

#endif
