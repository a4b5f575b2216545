/* The only door to malloc; what it hands out is the caller's, to be given back to mem_free().
 *
 * The surprise: in builds with MEM_TORTURE a test can close the door at a chosen allocation. The
 * counters are atomic because the threads of the worker pool may allocate too. */
#include "common/mem.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

#include "poison.h"

#ifdef ASAN_POISONS
size_t __sanitizer_get_current_allocated_bytes(void); /* gcc has no header for it */
#endif

#ifdef MEM_TORTURE

#include <errno.h>
#include <stdatomic.h>
#include <sys/mman.h>

#define PAGE_FD 3

struct torture {
    atomic_ulong count;
    atomic_ulong at; /* 0: off */
    atomic_ulong sticky;
};

static struct torture own;
static struct torture *torture = &own;

bool mem_must_fail(void)
{
    unsigned long n = atomic_fetch_add(&torture->count, 1) + 1;
    unsigned long at = atomic_load(&torture->at);
    bool fails = at != 0 && (n == at || (n > at && atomic_load(&torture->sticky)));
    if (fails)
        errno = ENOMEM; /* as malloc() does: libevent goes by it */
    return fails;
}

void mem_torture(unsigned long n, int sticky)
{
    atomic_store(&torture->at, n);
    atomic_store(&torture->sticky, sticky != 0);
    atomic_store(&torture->count, 0);
}

unsigned long mem_torture_count(void)
{
    return atomic_load(&torture->count);
}

/* Whoever starts a service to torture it hands it a page to do so, as descriptor 3. */
static void torture_setup(void)
{
    void *page = mmap(NULL, sizeof(own), PROT_READ | PROT_WRITE, MAP_SHARED, PAGE_FD, 0);
    if (page != MAP_FAILED)
        torture = page;
}

#else

static void torture_setup(void)
{
}

#endif

void *mem_alloc(size_t size)
{
    if (mem_must_fail())
        return NULL;
    return calloc(1, size ? size : 1);
}

void *mem_realloc(void *p, size_t size)
{
    if (mem_must_fail())
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

void mem_setup(void)
{
    torture_setup();
    mallopt(M_ARENA_MAX, 1);
}

void mem_trim(void)
{
    malloc_trim(0);
}

size_t mem_in_use(void)
{
#ifdef ASAN_POISONS
    return __sanitizer_get_current_allocated_bytes();
#else
    struct mallinfo2 m = mallinfo2();
    return m.uordblks + m.hblkhd;
#endif
}
