/* Arrays that grow. */

#ifndef ARRAY_H
#define ARRAY_H

#include <stddef.h>

/* Makes room for at least NEEDED items in ARRAY, which was returned by malloc or is NULL, and
   has *CAPACITY items of SIZE bytes.  It grows by at least a half, so adding items one by one
   stays cheap.  All bytes of the new items are zero.

   Returns the array, which may have moved, and sets *CAPACITY.  Returns NULL with errno
   ENOMEM if there is no memory; ARRAY and *CAPACITY are then unchanged. */
void *array_grow(void *array, size_t *capacity, size_t needed, size_t size);

#endif
