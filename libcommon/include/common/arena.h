/* Memory with the lifetime of one unit of work (a request, an event, a job).
 *
 * Allocation is a pointer bump; everything is released at once. An arena has a budget: going over
 * it marks the arena and returns NULL, so that a hostile input ends in an error, not in a crash or
 * in a large process. Foreign objects (a PGresult, a cJSON tree) are bound to the arena with
 * arena_defer() and released with it, last in, first out. */
#ifndef COMMON_ARENA_H
#define COMMON_ARENA_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/buf.h"
#include "common/compiler.h"
#include "common/err.h"

struct arena;

/* budget_bytes bounds the sum of all allocations. NULL when out of memory. */
MUSTCHECK struct arena *arena_new(size_t budget_bytes);
/* Runs the deferred destructors, then releases everything. NULL is fine. */
void arena_free(struct arena *a);
/* As arena_free() followed by arena_new(), but keeps the first block for the next use. */
void arena_reset(struct arena *a);

/* Zeroed and aligned for any type. NULL when the budget or the memory is exhausted. */
MUSTCHECK void *arena_alloc(struct arena *a, size_t size);
MUSTCHECK char *arena_strdup(struct arena *a, const char *s);
/* Copies n bytes and adds a NUL. */
MUSTCHECK char *arena_strndup(struct arena *a, const char *s, size_t n);
MUSTCHECK char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);
MUSTCHECK char *arena_vprintf(struct arena *a, const char *fmt, va_list ap) PRINTF_LIKE(2, 0);

/* The text of a buffer, which is freed. NULL when the buffer has failed, or the arena has no room:
 * both count as a failed allocation. */
MUSTCHECK char *arena_take(struct arena *a, struct buf *b);

/* Calls fn(ptr) when the arena is reset or freed. When the arena cannot take the entry, fn(ptr)
 * runs at once and ERR_TOO_LARGE is returned: the object is never leaked, and gone on failure. */
MUSTCHECK enum err arena_defer(struct arena *a, void (*fn)(void *ptr), void *ptr);

/* True once any allocation has failed since the last reset. */
bool arena_overflowed(const struct arena *a);
/* And it was not its budget that was too small: there was no memory. */
bool arena_starved(const struct arena *a);
/* Bytes handed out since the last reset. */
size_t arena_used(const struct arena *a);

#endif
