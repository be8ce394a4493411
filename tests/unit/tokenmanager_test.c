/* Tokens: unique while in use, the last one freed first, and calls that are wrong. */

#include "tokenmanager.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>

#include "check.h"

static size_t allocate(struct token_manager *manager)
{
    size_t token;

    CHECK(allocate_token(manager, &token) == 0);
    return token;
}

static void test_order(struct token_manager *manager)
{
    for (size_t i = 0; i < 100; i++)
        CHECK(allocate(manager) == i);
    free_token(manager, 3);
    free_token(manager, 50);
    free_token(manager, 7);
    CHECK(allocate(manager) == 7);
    CHECK(allocate(manager) == 50);
    CHECK(allocate(manager) == 3);
    CHECK(allocate(manager) == 100);
}

static void test_not_held(struct token_manager *manager)
{
    free_token(manager, 5);
    free_token(manager, 5);        /* twice */
    free_token(manager, 101);      /* never allocated */
    free_token(manager, SIZE_MAX); /* no token at all */
    free_token(manager, SIZE_MAX - 1);
    CHECK(allocate(manager) == 5);
    CHECK(allocate(manager) == 101);
    CHECK(allocate(manager) == 102);
}

/* Allocates and frees at random, and keeps a plain list of the tokens in use. */
static void test_unique(void)
{
    enum { MOST = 500 };
    struct token_manager manager;
    bool held[MOST] = {false};
    size_t tokens[MOST];
    size_t count = 0;

    token_manager_init(&manager);
    srand(1);
    for (int i = 0; i < 100000; i++) {
        if (count < MOST && (count == 0 || rand() % 2 == 0)) {
            size_t token = allocate(&manager);
            CHECK(token < MOST); /* dense: no more numbers than were ever in use together */
            CHECK(!held[token]);
            held[token] = true;
            tokens[count++] = token;
        } else {
            size_t which = (size_t)rand() % count;
            free_token(&manager, tokens[which]);
            held[tokens[which]] = false;
            tokens[which] = tokens[--count];
        }
    }
    free(manager.tokens);
}

static void test_no_memory(void)
{
    struct token_manager manager;
    size_t token = 42;

    /* So many are in use that no larger array can exist. */
    token_manager_init(&manager);
    manager.count = manager.capacity = SIZE_MAX / sizeof token;
    errno = 0;
    CHECK(allocate_token(&manager, &token) == -1);
    CHECK(errno == ENOMEM);
    CHECK(token == 42);
    CHECK(manager.count == SIZE_MAX / sizeof token);
}

int main(void)
{
    struct token_manager manager;

    token_manager_init(&manager);
    test_order(&manager);
    test_not_held(&manager);
    free(manager.tokens);
    test_unique();
    test_no_memory();
    return EXIT_SUCCESS;
}
