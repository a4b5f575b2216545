/* The inside of the cache, shared by cache.c and cache_drop.c. */
#ifndef DATA_CACHE_PRIV_H
#define DATA_CACHE_PRIV_H

#include <stdbool.h>
#include <sys/queue.h>

#include "common/cache.h"
#include "common/encode.h"

#define CACHE_BUCKETS 256
#define CACHE_MAX_NAME 200 /* bytes of a kind, bytes of a key */
#define CACHE_TICK_MS 200

struct entry;

/* A drop that Redis has not confirmed. */
struct cache_drop {
    TAILQ_ENTRY(cache_drop) link;
    uint64_t id;
    bool sent;
    char kind[];
};

struct cache {
    struct loop *loop;
    struct redis *redis;
    char prefix[64];
    LIST_HEAD(, entry) buckets[CACHE_BUCKETS];
    size_t n_entries; /* with those that are over */
    TAILQ_HEAD(, cache_drop) drops;
    size_t n_drops, n_drops_sent;
    uint64_t last_drop;
    struct loop_timer *tick;
    bool closed;
};

/* A generation is a random word in Redis; it lives longer than anything that is kept under it. */
#define CACHE_GENERATION_SIZE HEX_SIZE(8)
#define CACHE_GENERATION_TTL "604800"
void cache_generation_new(char generation[CACHE_GENERATION_SIZE]);

/* The name in Redis of a kind's generation; what is kept has longer ones. */
#define CACHE_NAME_SIZE (64 + CACHE_MAX_NAME + 16)
void cache_kind_name(const struct cache *c, const char *kind, char name[CACHE_NAME_SIZE]);

/* Frees c when it is closed and nobody owes it a call. */
void cache_release(struct cache *c);

/* cache_drop.c */

/* The kind is about to be dropped. */
bool cache_is_dropping(struct cache *c, const char *kind);
void cache_drop_send(struct cache *c, const char *kind);
/* Sends again what has failed. */
void cache_drops_tick(struct cache *c);
void cache_drops_free(struct cache *c);

#endif
