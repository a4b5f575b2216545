/* The only door to malloc. Everything else in the suite allocates through arenas or through
 * x_new()/x_free() pairs built on these four functions.
 *
 * In builds with MEM_TORTURE (tests) the n-th allocation, or every one from the n-th on, can be
 * made to fail, so that each error path is walked. */
#ifndef COMMON_MEM_H
#define COMMON_MEM_H

#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"

/* Zeroed memory, or NULL. A request of 0 bytes gives a pointer that may be freed. */
MUSTCHECK void *mem_alloc(size_t size);
/* As realloc(): on failure returns NULL and `p` stays valid. New bytes are not zeroed. */
MUSTCHECK void *mem_realloc(void *p, size_t size);
/* Copies the string; NULL when out of memory. */
MUSTCHECK char *mem_strdup(const char *s);
void mem_free(void *p);

/* Before the first thread: lets all threads share one heap, since mem_trim() cannot give back what
 * is at the top of a thread's own. */
void mem_setup(void);
/* Gives free pages back to the system. Takes some microseconds, or a millisecond when there is much
 * to give. */
void mem_trim(void);
/* Bytes handed out and not given back, by libraries too; for a metric. */
MUSTCHECK size_t mem_in_use(void);

#ifdef MEM_TORTURE
/* Fail allocation number n (1 = the next). sticky: and every later one. n = 0 turns it off. */
void mem_torture(unsigned long n, int sticky);
/* Allocations attempted since the last call of mem_torture(). */
unsigned long mem_torture_count(void);
/* For allocators beside these functions: counts an allocation, and says whether it must fail. */
bool mem_must_fail(void);
#else
static inline bool mem_must_fail(void)
{
    return false;
}
#endif

#endif
