#include "tokenmanager.h"

#include <stdint.h>
#include <stdlib.h>

#include "array.h"

/* The free tokens form a list: first_free is its head, and the entry of each free token is the
   next.  Two numbers that no token reaches mark the end of the list and a token in use. */
static const size_t NONE = SIZE_MAX;
static const size_t IN_USE = SIZE_MAX - 1;

void token_manager_init(struct token_manager *manager)
{
    *manager = (struct token_manager){.first_free = NONE};
}

int allocate_token(struct token_manager *manager, size_t *token)
{
    if (manager->first_free != NONE) {
        *token = manager->first_free;
        manager->first_free = manager->tokens[*token];
    } else {
        size_t *tokens = array_grow(manager->tokens, &manager->capacity, manager->count + 1,
                                    sizeof *tokens);
        if (tokens == NULL)
            return -1;
        manager->tokens = tokens;
        *token = manager->count++;
    }
    manager->tokens[*token] = IN_USE;
    return 0;
}

void free_token(struct token_manager *manager, size_t token)
{
    if (token >= manager->count || manager->tokens[token] != IN_USE)
        return;
    manager->tokens[token] = manager->first_free;
    manager->first_free = token;
}
