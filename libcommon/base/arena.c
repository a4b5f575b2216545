/* Arenas: memory that is released all at once. What an arena hands out belongs to the arena.
 *
 * The surprise: nothing is zeroed when it is handed out. A block is zero wherever it has not been
 * handed out yet: calloc sees to that for a new one and arena_reset() for the first one, which is
 * kept. So an allocation is a comparison and an addition, and a reset costs what was used.
 *
 * With AddressSanitizer, what has not been handed out is poisoned and allocations stand apart, so
 * that running over the end of one is seen as it would be with malloc. */
#include "common/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "common/mem.h"
#include "poison.h"

#ifdef ASAN_POISONS
#define RED_ZONE 8     /* poisoned bytes between two allocations */
#define STRING_ALIGN 8 /* the sanitizer's grain */
#else
#define RED_ZONE 0
#define STRING_ALIGN 1
#endif

#define ALIGN alignof(max_align_t)
#define FIRST_BLOCK_BYTES 8192 /* with the arena itself; most requests need no other */
#define MAX_BLOCK_BYTES 65536

struct block {
    struct block *next;
    alignas(max_align_t) char data[];
};

struct deferred {
    struct deferred *next;
    void (*fn)(void *ptr);
    void *ptr;
};

struct arena {
    char *pos, *end;           /* what is left of the block in use */
    struct block *blocks;      /* all but the first */
    struct deferred *deferred; /* last in, first out */
    size_t next_block_bytes;
    size_t budget, used;
    bool overflowed;
    bool starved; /* for want of memory, not by its budget */
    alignas(max_align_t) char first[];
};

static char *first_end(struct arena *a)
{
    return (char *)a + FIRST_BLOCK_BYTES;
}

/* A new block of n bytes of data, which the arena will release. */
static char *block_add(struct arena *a, size_t n)
{
    struct block *b = mem_alloc(sizeof *b + n);
    if (!b)
        return NULL;
    b->next = a->blocks;
    a->blocks = b;
    POISON(b->data, n);
    return b->data;
}

/* size bytes that the block in use has no room for. A large allocation gets a block of its own, and
 * the one in use stays in use: what is left of it is not wasted. */
static char *alloc_slow(struct arena *a, size_t size)
{
    if (size > a->next_block_bytes / 4)
        return block_add(a, size);
    char *data = block_add(a, a->next_block_bytes);
    if (!data)
        return NULL;
    a->end = data + a->next_block_bytes;
    a->pos = data + size + RED_ZONE;
    a->next_block_bytes = MIN(2 * a->next_block_bytes, MAX_BLOCK_BYTES);
    return data;
}

/* The budget is charged with the size rounded up to align: small objects cost what they take. */
static void *alloc_aligned(struct arena *a, size_t size, size_t align)
{
    size_t room = a->budget - a->used;
    if (size == 0)
        size = 1;
    if (size > room) {
        a->overflowed = true;
        return NULL;
    }
    size_t charge = MIN((size + align - 1) & ~(align - 1), room);

    size_t pad = -(uintptr_t)a->pos & (MAX(align, STRING_ALIGN) - 1);
    char *p;
    if (pad + charge + RED_ZONE <= (size_t)(a->end - a->pos)) {
        p = a->pos + pad;
        a->pos = p + charge + RED_ZONE;
    } else {
        p = alloc_slow(a, charge);
        if (!p) {
            a->overflowed = a->starved = true;
            return NULL;
        }
    }
    a->used += charge;
    UNPOISON(p, size);
    return p;
}

/* Runs the destructors and releases every block but the first. A destructor may still use the
 * arena, and may defer another one. */
static void release(struct arena *a)
{
    while (a->deferred) {
        struct deferred *d = a->deferred;
        a->deferred = d->next;
        d->fn(d->ptr);
    }
    while (a->blocks) {
        struct block *b = a->blocks;
        a->blocks = b->next;
        mem_free(b);
    }
}

struct arena *arena_new(size_t budget_bytes)
{
    struct arena *a = mem_alloc(FIRST_BLOCK_BYTES);
    if (!a)
        return NULL;
    a->pos = a->first;
    a->end = first_end(a);
    a->next_block_bytes = 2 * FIRST_BLOCK_BYTES;
    a->budget = MIN(budget_bytes, SIZE_MAX / 2); /* so that no sum of sizes overflows */
    POISON(a->first, (size_t)(a->end - a->first));
    return a;
}

void arena_free(struct arena *a)
{
    if (!a)
        return;
    release(a);
    mem_free(a);
}

void arena_reset(struct arena *a)
{
    release(a);
    char *used_end = a->end == first_end(a) ? a->pos : first_end(a);
    UNPOISON(a->first, (size_t)(used_end - a->first));
    memset(a->first, 0, (size_t)(used_end - a->first));
    a->pos = a->first;
    a->end = first_end(a);
    a->next_block_bytes = 2 * FIRST_BLOCK_BYTES;
    a->used = 0;
    a->overflowed = a->starved = false;
    POISON(a->first, (size_t)(a->end - a->first));
}

void *arena_alloc(struct arena *a, size_t size)
{
    return alloc_aligned(a, size, ALIGN);
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
    char *copy = n < SIZE_MAX ? alloc_aligned(a, n + 1, 1) : NULL;
    if (copy && n)
        memcpy(copy, s, n);
    return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
    return arena_strndup(a, s, strlen(s));
}

char *arena_vprintf(struct arena *a, const char *fmt, va_list ap)
{
    char small[256]; /* most texts fit, and are then formatted once */
    va_list again;
    va_copy(again, ap);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    char *text = NULL;
    if (n < 0) {
        a->overflowed = true; /* longer than INT_MAX */
    } else if ((size_t)n < sizeof small) {
        text = arena_strndup(a, small, (size_t)n);
    } else {
        text = alloc_aligned(a, (size_t)n + 1, 1);
        if (text)
            vsnprintf(text, (size_t)n + 1, fmt, again);
    }
    va_end(again);
    return text;
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    char *text = arena_vprintf(a, fmt, ap);
    va_end(ap);
    return text;
}

char *arena_take(struct arena *a, struct buf *b)
{
    enum err e = buf_err(b);
    char *text = e == ERR_OK ? arena_strndup(a, b->data ? b->data : "", b->len) : NULL;
    a->overflowed = a->overflowed || e != ERR_OK;
    a->starved = a->starved || e == ERR_NO_MEMORY;
    buf_free(b);
    return text;
}

enum err arena_defer(struct arena *a, void (*fn)(void *ptr), void *ptr)
{
    struct deferred *d = arena_alloc(a, sizeof *d);
    if (!d) {
        fn(ptr);
        return ERR_TOO_LARGE;
    }
    *d = (struct deferred){.next = a->deferred, .fn = fn, .ptr = ptr};
    a->deferred = d;
    return ERR_OK;
}

bool arena_overflowed(const struct arena *a)
{
    return a->overflowed;
}

bool arena_starved(const struct arena *a)
{
    return a->starved;
}

size_t arena_used(const struct arena *a)
{
    return a->used;
}
