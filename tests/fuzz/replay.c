/* Runs a fuzz target over files, for compilers that have no libFuzzer.

   Usage: TARGET FILE...

   Fails if no file is named: a missing corpus must not pass. */

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "../unit/check.h"

enum { LONGEST = 4096 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char *argv[])
{
    static uint8_t data[LONGEST];

    CHECK(argc > 1);
    for (int i = 1; i < argc; i++) {
        FILE *file = fopen(argv[i], "rb");

        printf("%s\n", argv[i]); /* the last one named is the one that fails */
        fflush(stdout);
        CHECK(file != NULL);
        size_t size = fread(data, 1, sizeof data, file);
        CHECK(feof(file));
        fclose(file);
        CHECK(LLVMFuzzerTestOneInput(data, size) == 0);
    }
    return EXIT_SUCCESS;
}
