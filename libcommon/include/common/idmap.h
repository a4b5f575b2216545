/* 64-bit ids for things that may be gone when somebody asks for them again.
 *
 * An operation in flight remembers the id of the request it works for, never its address. An id is
 * used once in a process's life: the low 32 bits are a slot, the high 32 bits its generation. */
#ifndef COMMON_IDMAP_H
#define COMMON_IDMAP_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"

struct idmap;

/* Holds at most max_entries at once. */
MUSTCHECK struct idmap *idmap_new(size_t max_entries);
void idmap_free(struct idmap *m);

/* ERR_BUSY when the map is full. An id is never 0. */
MUSTCHECK enum err idmap_put(struct idmap *m, void *ptr, uint64_t *ret_id);
/* NULL when the id was never given out or has been removed. */
void *idmap_get(const struct idmap *m, uint64_t id);
void idmap_remove(struct idmap *m, uint64_t id);
size_t idmap_count(const struct idmap *m);

#endif
