/* The only door to malloc; what it hands out is the caller's, to be given back to mem_free().
 *
 * The surprise: in builds with MEM_TORTURE a test can close the door at a chosen allocation. The
 * counters are atomic because the threads of the worker pool may allocate too. */
#include "common/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#ifdef MEM_TORTURE

#include <stdatomic.h>

static atomic_ulong torture_count;
static atomic_ulong torture_at; /* 0: off */
static atomic_bool torture_sticky;

static bool must_fail(void)
{
    unsigned long n = atomic_fetch_add(&torture_count, 1) + 1;
    unsigned long at = atomic_load(&torture_at);
    return at != 0 && (n == at || (n > at && atomic_load(&torture_sticky)));
}

void mem_torture(unsigned long n, int sticky)
{
    atomic_store(&torture_at, n);
    atomic_store(&torture_sticky, sticky != 0);
    atomic_store(&torture_count, 0);
}

unsigned long mem_torture_count(void)
{
    return atomic_load(&torture_count);
}

#else

static inline bool must_fail(void)
{
    return false;
}

#endif

void *mem_alloc(size_t size)
{
    if (must_fail())
        return NULL;
    return calloc(1, size ? size : 1);
}

void *mem_realloc(void *p, size_t size)
{
    if (must_fail())
        return NULL;
    /* realloc(p, 0) would free p, and nobody could tell that from a failure. */
    return realloc(p, size ? size : 1);
}

char *mem_strdup(const char *s)
{
    size_t size = strlen(s) + 1;
    char *copy = mem_alloc(size);
    if (copy)
        memcpy(copy, s, size);
    return copy;
}

void mem_free(void *p)
{
    free(p);
}
