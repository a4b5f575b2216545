/* Memory for a library that mixes small objects which stay for good with larger ones that come and
 * go: what is at most CELL_BYTES big lies together, in memory of its own. Elsewhere each of the
 * small ones would pin the page that it lies on, long after its neighbours are gone.
 *
 * In the form of malloc(), realloc() and free(), built on mem.h. For one thread. */
#ifndef COMMON_CELL_H
#define COMMON_CELL_H

#include <stddef.h>

#include "common/compiler.h"

#define CELL_BYTES 16

/* Not zeroed. NULL when out of memory. */
MUSTCHECK void *cell_alloc(size_t size);
/* On failure returns NULL and `p` stays valid. */
MUSTCHECK void *cell_realloc(void *p, size_t size);
void cell_free(void *p);

/* How much there is at p: at least what was asked for, and all of it may be read. */
size_t cell_size(void *p);

/* How many small objects there are. */
size_t cell_count(void);

#endif
