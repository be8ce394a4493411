/* Tokens: small numbers, each naming one event source (a socket, a task) for as
   long as its holder keeps it.  They start at 0 and stay dense, so a token can
   index an array. */

#ifndef TOKENMANAGER_H
#define TOKENMANAGER_H

#include <stddef.h>

struct token_manager {
    size_t *tokens;    /* for each token: that it is held, or the next free one */
    size_t capacity;   /* room in the array */
    size_t count;      /* tokens given so far: 0 to count - 1 */
    size_t first_free; /* the last one freed */
};

/* Makes an empty manager; takes no memory yet. */
void token_manager_init(struct token_manager *manager);

/* Gives the memory back; no token is held any more. */
void token_manager_destroy(struct token_manager *manager);

/* Puts a token that nobody holds into *TOKEN: the last one freed, else the next
   new number.  Returns 0, or -1 with errno ENOMEM. */
int allocate_token(struct token_manager *manager, size_t *token);

/* Takes TOKEN back.  A token that is not held is left as it is. */
void free_token(struct token_manager *manager, size_t token);

#endif
