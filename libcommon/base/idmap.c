/* Ids for things that may be gone. The map owns its table, never what the entries point at.
 *
 * A slot that is free is linked to the next free one; each removal gives it a new generation, so
 * that the old id finds nothing. The table grows by doubling up to its limit and never shrinks.
 *
 * The surprise: generations wrap after 2^32 uses of one slot (and skip 0, so that no id is 0). An
 * id would have to be kept for four thousand million requests to meet its double. */
#include "common/idmap.h"

#include <assert.h>

#include "common/mem.h"

#define FIRST_SLOTS 64
#define NO_SLOT UINT32_MAX

struct slot {
    void *ptr; /* NULL: free */
    uint32_t generation;
    uint32_t next_free;
};

struct idmap {
    struct slot *slots;
    size_t n_slots;
    size_t max;
    size_t count;
    uint32_t free; /* first free slot, or NO_SLOT */
};

/* Makes at least one free slot. */
static enum err idmap_grow(struct idmap *m)
{
    if (m->n_slots == m->max)
        return ERR_BUSY;
    size_t n = MIN(MAX(2 * m->n_slots, FIRST_SLOTS), m->max);
    struct slot *slots = mem_realloc(m->slots, n * sizeof *slots);
    if (!slots)
        return ERR_NO_MEMORY;
    for (size_t i = m->n_slots; i < n; i++) {
        uint32_t next = i + 1 < n ? (uint32_t)(i + 1) : NO_SLOT;
        slots[i] = (struct slot){.generation = 1, .next_free = next};
    }
    m->free = (uint32_t)m->n_slots;
    m->slots = slots;
    m->n_slots = n;
    return ERR_OK;
}

/* The slot that the id is in, or NULL. */
static struct slot *idmap_slot(const struct idmap *m, uint64_t id)
{
    uint32_t index = (uint32_t)id;
    if (index >= m->n_slots)
        return NULL;
    struct slot *s = &m->slots[index];
    return s->ptr && s->generation == id >> 32 ? s : NULL;
}

struct idmap *idmap_new(size_t max_entries)
{
    struct idmap *m = mem_alloc(sizeof *m);
    if (!m)
        return NULL;
    m->max = MIN(max_entries, NO_SLOT - (size_t)1);
    m->free = NO_SLOT;
    return m;
}

void idmap_free(struct idmap *m)
{
    if (!m)
        return;
    mem_free(m->slots);
    mem_free(m);
}

enum err idmap_put(struct idmap *m, void *ptr, uint64_t *ret_id)
{
    assert(ptr);
    if (m->free == NO_SLOT) {
        enum err e = idmap_grow(m);
        if (e != ERR_OK)
            return e;
    }
    uint32_t index = m->free;
    struct slot *s = &m->slots[index];
    m->free = s->next_free;
    m->count++;
    s->ptr = ptr;
    *ret_id = (uint64_t)s->generation << 32 | index;
    return ERR_OK;
}

void *idmap_get(const struct idmap *m, uint64_t id)
{
    struct slot *s = idmap_slot(m, id);
    return s ? s->ptr : NULL;
}

void idmap_remove(struct idmap *m, uint64_t id)
{
    struct slot *s = idmap_slot(m, id);
    if (!s)
        return;
    s->ptr = NULL;
    s->generation = s->generation == UINT32_MAX ? 1 : s->generation + 1;
    s->next_free = m->free;
    m->free = (uint32_t)id;
    m->count--;
}

size_t idmap_count(const struct idmap *m)
{
    return m->count;
}
