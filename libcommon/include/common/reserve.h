/* A reserve of memory for code that cannot do without: when an ordinary allocation has failed, a
 * small one is made here. It belongs to who got it until reserve_free(). Of one thread. */
#ifndef COMMON_RESERVE_H
#define COMMON_RESERVE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"

#define RESERVE_BYTES 1024 /* the most that one allocation gets */
#define RESERVE_BLOCKS 1024

/* Not zeroed. NULL: more than RESERVE_BYTES, or nothing is left. */
MUSTCHECK void *reserve_alloc(size_t size);
/* p is of the reserve, and not NULL. */
void reserve_free(void *p);
/* Whether p is of the reserve. It has room for RESERVE_BYTES then. */
bool reserve_has(const void *p);
/* Half of it is in use: time to refuse work. */
bool reserve_is_low(void);

#endif
