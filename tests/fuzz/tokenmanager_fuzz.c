/* Fuzzes the token manager beside a naive model of it.  Two bytes of the input are a call
   and its argument. */

#include "tokenmanager.h"

#include <stdbool.h>
#include <stdint.h>

#include "../unit/check.h"

enum { MOST = 4096 };

/* Which tokens are in use, and which are free, in the order in which they were freed. */
struct model {
    bool held[MOST];
    size_t given;
    size_t freed[MOST];
    size_t freed_count;
};

static void allocate(struct token_manager *manager, struct model *model)
{
    size_t expected = model->given;
    size_t token;

    if (model->freed_count > 0)
        expected = model->freed[--model->freed_count];
    else if (model->given < MOST)
        model->given++;
    else
        return;
    CHECK(allocate_token(manager, &token) == 0);
    CHECK(token == expected && token < MOST);
    model->held[token] = true;
}

/* Any number may be freed; only that of a token in use changes anything. */
static void give_back(struct token_manager *manager, struct model *model, size_t token)
{
    free_token(manager, token);
    if (token < model->given && token < MOST && model->held[token]) {
        CHECK(model->freed_count < MOST);
        model->held[token] = false;
        model->freed[model->freed_count++] = token;
    }
}

static void step(struct token_manager *manager, struct model *model, uint8_t call,
                 uint8_t argument)
{
    size_t given = model->given;

    switch (call % 8) {
    case 0:
    case 1: /* one of the first, or, below, one of the last */
        give_back(manager, model, argument);
        break;
    case 2:
        give_back(manager, model, given - 1 - argument);
        break;
    case 3:
        give_back(manager, model, given + argument);
        break;
    case 4:
        give_back(manager, model, SIZE_MAX - argument);
        break;
    case 5:
        if (argument == 0) {
            free(manager->tokens);
            token_manager_init(manager);
            model->given = model->freed_count = 0;
        }
        break;
    default:
        for (int i = 0; i <= argument % 32; i++)
            allocate(manager, model);
    }
    CHECK(manager->count == model->given);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct model model; /* too large for a stack */
    struct token_manager manager;

    model.given = model.freed_count = 0;
    token_manager_init(&manager);
    for (size_t i = 0; i + 1 < size; i += 2)
        step(&manager, &model, data[i], data[i + 1]);
    /* Whatever happened before, each free token is allocated once, and then a new number. */
    while (model.freed_count > 0)
        allocate(&manager, &model);
    allocate(&manager, &model);
    free(manager.tokens);
    return 0;
}
