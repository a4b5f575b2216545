/* Cells: equal pieces of one array, for small objects. A cell belongs to who got it until
 * cell_free(); so does what is too big for a cell, which is an allocation like any other.
 *
 * The array is as large as it may ever get, but costs memory only as far as it has been used. When
 * it is full, small objects are allocations as well. */
#include "common/cell.h"

#include <malloc.h>
#include <stdalign.h>
#include <stdbool.h>
#include <string.h>

#include "common/mem.h"
#include "poison.h"

/* Some of libevent's for each of the most connections, and the headers of requests in work. */
#define MAX_CELLS ((size_t)1 << 17)

union cell {
    union cell *next; /* of those that were given back */
    alignas(max_align_t) char bytes[CELL_BYTES];
};

static union cell cells[MAX_CELLS];
static union cell *given_back;
static size_t n_begun; /* cells that have ever been handed out: the first ones */
static size_t n_used;

static bool is_cell(const void *p)
{
    const char *at = p, *first = cells[0].bytes;
    return at >= first && at < first + sizeof(cells);
}

static union cell *cell_take(void)
{
    union cell *c = given_back;
    if (c) {
        UNPOISON(c, sizeof(*c));
        given_back = c->next;
    } else if (n_begun < MAX_CELLS) {
        c = &cells[n_begun++];
    }
    return c;
}

void *cell_alloc(size_t size)
{
    if (size <= CELL_BYTES && mem_must_fail())
        return NULL;
    union cell *c = size <= CELL_BYTES ? cell_take() : NULL;
    if (!c)
        return mem_realloc(NULL, size);
    n_used++;
    POISON(c->bytes + size, CELL_BYTES - size);
    return c;
}

void *cell_realloc(void *p, size_t size)
{
    if (!is_cell(p))
        return p ? mem_realloc(p, size) : cell_alloc(size);
    union cell *c = p;
    if (size <= CELL_BYTES) {
        UNPOISON(c->bytes, size);
        POISON(c->bytes + size, CELL_BYTES - size);
        return p;
    }
    void *large = mem_realloc(NULL, size);
    if (!large)
        return NULL;
    UNPOISON(c->bytes, CELL_BYTES);
    memcpy(large, c->bytes, CELL_BYTES);
    cell_free(p);
    return large;
}

void cell_free(void *p)
{
    if (!is_cell(p)) {
        mem_free(p);
        return;
    }
    union cell *c = p;
    UNPOISON(c, sizeof(*c));
    c->next = given_back;
    given_back = c;
    n_used--;
    POISON(c, sizeof(*c));
}

size_t cell_size(void *p)
{
    if (!is_cell(p))
        return malloc_usable_size(p);
    UNPOISON(p, CELL_BYTES);
    return CELL_BYTES;
}

size_t cell_count(void)
{
    return n_used;
}
