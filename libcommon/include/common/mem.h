/* The only door to malloc. Everything else in the suite allocates through arenas or through
 * x_new()/x_free() pairs built on these four functions.
 *
 * In builds with MEM_TORTURE (tests) the n-th allocation, or every one from the n-th on, can be
 * made to fail, so that each error path is walked. */
#ifndef COMMON_MEM_H
#define COMMON_MEM_H

#include <stddef.h>

#include "common/compiler.h"

/* Zeroed memory, or NULL. A request of 0 bytes gives a pointer that may be freed. */
MUSTCHECK void *mem_alloc(size_t size);
/* As realloc(): on failure returns NULL and `p` stays valid. New bytes are not zeroed. */
MUSTCHECK void *mem_realloc(void *p, size_t size);
/* Copies the string; NULL when out of memory. */
MUSTCHECK char *mem_strdup(const char *s);
void mem_free(void *p);

#ifdef MEM_TORTURE
/* Fail allocation number n (1 = the next). sticky: and every later one. n = 0 turns it off. */
void mem_torture(unsigned long n, int sticky);
/* Allocations attempted since the last call of mem_torture(). */
unsigned long mem_torture_count(void);
#endif

#endif
