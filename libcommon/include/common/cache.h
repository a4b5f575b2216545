/* Replies kept in Redis for a time, by kind; a miss is single-flight within a process. A cache that
 * is down is a miss. */
#ifndef COMMON_CACHE_H
#define COMMON_CACHE_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/loop.h"
#include "common/redis.h"

struct cache;

MUSTCHECK struct cache *cache_new(struct loop *l, struct redis *redis, const char *prefix);
void cache_free(struct cache *c);

/* text is NULL on a miss: the receiver is then the one that fills it, with cache_put() or
 * cache_abandon(); others who ask meanwhile wait (at most 2 s, then they miss too). */
typedef void cache_done_fn(void *owner, uint64_t id, const char *text, size_t n);

/* Keys of one kind are dropped together: "availability:<station>". On an error (ERR_BUSY,
 * ERR_TOO_LARGE: a name over 200 bytes, ERR_NO_MEMORY) done is not called: go on as without a
 * cache. What is put after cache_drop() by one who asked before it is not kept. */
MUSTCHECK enum err cache_get(struct cache *c, const char *kind, const char *key,
                             cache_done_fn *done, void *owner, uint64_t id);
void cache_put(struct cache *c, const char *kind, const char *key, const char *text, size_t n,
               int ttl_s);
void cache_abandon(struct cache *c, const char *kind, const char *key);
/* Makes every key of the kind a miss from now on (a generation counter per kind). */
void cache_drop(struct cache *c, const char *kind);

#endif
