/* Arrays that grow. */

#ifndef ARRAY_H
#define ARRAY_H

#include <stddef.h>

/* Makes room in ARRAY, from malloc or NULL, which has *CAPACITY items of SIZE bytes,
   for at least NEEDED items.  It grows by half at least, so that adding items one by
   one stays cheap.

   Returns the array, which may have moved, and sets *CAPACITY.  Returns NULL with
   errno ENOMEM where there is no memory; ARRAY and *CAPACITY are then as before. */
void *array_grow(void *array, size_t *capacity, size_t needed, size_t size);

#endif
