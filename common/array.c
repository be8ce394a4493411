#include "array.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

void *array_grow(void *array, size_t *capacity, size_t needed, size_t size)
{
    size_t larger = *capacity + *capacity / 2 + 16;

    if (needed <= *capacity)
        return array;
    if (larger < needed)
        larger = needed;
    if (larger > SIZE_MAX / size) {
        errno = ENOMEM;
        return NULL;
    }
    array = realloc(array, larger * size);
    if (array == NULL)
        return NULL;
    memset((char *)array + *capacity * size, 0, (larger - *capacity) * size);
    *capacity = larger;
    return array;
}
