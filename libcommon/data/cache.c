/* Replies kept in Redis, one fill at a time.
 *
 * A kind has a generation, a random word in Redis that is part of its keys' names: another word,
 * and nothing of before is found any more. An entry here stands for one key that is being looked up
 * or filled; it is the list of those who wait for it.
 *
 * What was being looked up or filled while its kind was dropped may be of before: such an entry is
 * stale. It answers "a miss" to whoever waits or comes, keeps nothing that is put, and goes when
 * its filler must have given up. A drop that Redis has not confirmed is repeated, and until then
 * its kind has only misses here.
 *
 * Entries outlive cache_free() as long as Redis or the loop owes them a call. */
#include "common/cache.h"

#include <stdio.h>
#include <string.h>

#include "cache_priv.h"
#include "common/clock.h"
#include "common/mem.h"

#define MAX_ENTRIES 10000
#define WAIT_US (2 * USEC_PER_SEC)
#define STALE_US (15 * USEC_PER_SEC) /* longer than a fill can take */

/* The generation of a kind, which is made where there is none, and the value under it. */
static struct redis_script get_script = {
    .name = "cache_get",
    .n_keys = 1,
    .text = "local g = redis.call('GET', KEYS[1])\n"
            "if not g then\n"
            "  g = ARGV[2]\n"
            "  redis.call('SET', KEYS[1], g, 'EX', " CACHE_GENERATION_TTL ")\n"
            "end\n"
            "return {g, redis.call('GET', KEYS[1] .. ':' .. g .. ':' .. ARGV[1])}\n",
};

struct waiter {
    STAILQ_ENTRY(waiter) link;
    cache_done_fn *done;
    void *owner;
    uint64_t id;
};
STAILQ_HEAD(waiters, waiter);

enum entry_state { ENTRY_LOOKING, ENTRY_FILLING, ENTRY_OVER };

struct entry {
    LIST_ENTRY(entry) bucket; /* unless over */
    struct cache *cache;
    enum entry_state state;
    bool stale;
    unsigned n_owed;  /* calls that will come; an entry that is over is freed with the last */
    int64_t since_us; /* filling: since then */
    struct waiters waiters;
    char *text; /* for the waiters, when over; NULL: a miss */
    size_t text_n;
    char generation[CACHE_GENERATION_SIZE]; /* "": not known */
    size_t kind_n;
    char name[]; /* kind, NUL, key, NUL */
};

/* --- entries -------------------------------------------------------------------------------- */

static unsigned bucket_of(const char *kind, const char *key)
{
    uint32_t h = 2166136261u;
    for (const char *p = kind; *p; p++)
        h = (h ^ (unsigned char)*p) * 16777619u;
    for (const char *p = key; *p; p++)
        h = (h ^ (unsigned char)*p) * 16777619u;
    return h % CACHE_BUCKETS;
}

static const char *entry_key(const struct entry *e)
{
    return e->name + e->kind_n + 1;
}

static struct entry *entry_find(struct cache *c, const char *kind, const char *key)
{
    struct entry *e = LIST_FIRST(&c->buckets[bucket_of(kind, key)]);
    while (e && (strcmp(e->name, kind) != 0 || strcmp(entry_key(e), key) != 0))
        e = LIST_NEXT(e, bucket);
    return e;
}

static struct entry *entry_new(struct cache *c, const char *kind, const char *key)
{
    size_t kind_n = strlen(kind), key_n = strlen(key);
    struct entry *e = mem_alloc(sizeof *e + kind_n + key_n + 2);
    if (!e)
        return NULL;
    e->cache = c;
    e->kind_n = kind_n;
    memcpy(e->name, kind, kind_n);
    memcpy(e->name + kind_n + 1, key, key_n);
    STAILQ_INIT(&e->waiters);
    LIST_INSERT_HEAD(&c->buckets[bucket_of(kind, key)], e, bucket);
    c->n_entries++;
    return e;
}

void cache_release(struct cache *c)
{
    if (!c->closed || c->n_entries > 0 || c->n_drops_sent > 0)
        return;
    mem_free(c);
}

static struct waiter *waiter_pop(struct entry *e)
{
    struct waiter *w = STAILQ_FIRST(&e->waiters);
    if (w)
        STAILQ_REMOVE_HEAD(&e->waiters, link);
    return w;
}

/* Nobody finds it any more; it is freed when nothing is owed. */
static void entry_end(struct entry *e)
{
    if (e->state != ENTRY_OVER)
        LIST_REMOVE(e, bucket);
    e->state = ENTRY_OVER;
    if (e->n_owed > 0)
        return;
    struct cache *c = e->cache;
    struct waiter *w;
    while ((w = waiter_pop(e)))
        mem_free(w);
    mem_free(e->text);
    mem_free(e);
    c->n_entries--;
    cache_release(c);
}

static void entry_tell(struct entry *e, const char *text, size_t n)
{
    struct waiter *w;
    while (!e->cache->closed && (w = waiter_pop(e))) {
        w->done(w->owner, w->id, text, n);
        mem_free(w);
    }
}

static void on_tell(void *arg)
{
    struct entry *e = arg;
    entry_tell(e, e->text, e->text_n);
    e->n_owed--;
    if (e->state == ENTRY_OVER)
        entry_end(e);
}

/* Tells those who wait, in a later turn. Without memory for that they wait for the next tick. */
static bool entry_tell_later(struct entry *e)
{
    if (STAILQ_EMPTY(&e->waiters))
        return true;
    if (loop_later(e->cache->loop, on_tell, e) != ERR_OK)
        return false;
    e->n_owed++;
    return true;
}

static void entry_finish(struct entry *e)
{
    if (entry_tell_later(e))
        entry_end(e);
}

/* --- names in Redis ------------------------------------------------------------------------- */

void cache_kind_name(const struct cache *c, const char *kind, char name[CACHE_NAME_SIZE])
{
    snprintf(name, CACHE_NAME_SIZE, "%scache:{%s}", c->prefix, kind);
}

/* --- looking up ----------------------------------------------------------------------------- */

/* The first who waits fills; it may call us back at once. */
static void entry_hand_on(struct entry *e)
{
    struct waiter *w = waiter_pop(e);
    if (!w) {
        entry_end(e);
        return;
    }
    e->state = ENTRY_FILLING;
    e->since_us = clock_mono_us();
    loop_timer_set(e->cache->tick, CACHE_TICK_MS);
    w->done(w->owner, w->id, NULL, 0);
    mem_free(w);
}

static void on_looked(void *owner, uint64_t id UNUSED, enum err err, const struct redis_value *v)
{
    struct entry *e = owner;
    bool known = err == ERR_OK && v->type == REDIS_ARRAY && v->n == 2 &&
                 v->items[0].type == REDIS_STR && v->items[0].n < CACHE_GENERATION_SIZE;
    if (e->state == ENTRY_OVER || e->stale || (known && v->items[1].type == REDIS_STR)) {
        const struct redis_value *hit = known && !e->stale ? &v->items[1] : NULL;
        entry_end(e); /* this call is still owed: it is not freed yet */
        entry_tell(e, hit ? hit->s : NULL, hit ? hit->n : 0);
        e->n_owed--;
        entry_end(e);
        return;
    }
    if (known)
        memcpy(e->generation, v->items[0].s, v->items[0].n + 1);
    e->n_owed--;
    entry_hand_on(e);
}

static void on_not_looked(void *arg)
{
    on_looked(arg, 0, ERR_UNAVAILABLE, NULL);
}

static enum err entry_look(struct entry *e)
{
    struct cache *c = e->cache;
    char name[CACHE_NAME_SIZE], generation[CACHE_GENERATION_SIZE];
    cache_kind_name(c, e->name, name);
    cache_generation_new(generation);
    struct redis_args args = REDIS_ARGS(str_of(name), str_of(entry_key(e)), str_of(generation));
    enum err err = redis_eval(c->redis, &get_script, args, on_looked, e, 0);
    if (err != ERR_OK)
        err = loop_later(c->loop, on_not_looked, e);
    if (err == ERR_OK)
        e->n_owed++;
    return err;
}

/* --- time ----------------------------------------------------------------------------------- */

/* True when there is reason to look again. */
static bool entry_tick(struct entry *e, int64_t now_us)
{
    if (e->state != ENTRY_FILLING)
        return false;
    int64_t age_us = now_us - e->since_us;
    if (e->stale && age_us <= STALE_US)
        (void)entry_tell_later(e);
    else if (e->stale || age_us > WAIT_US)
        entry_finish(e);
    return true;
}

static void on_tick(void *arg)
{
    struct cache *c = arg;
    int64_t now_us = clock_mono_us();
    bool again = false;
    for (size_t i = 0; i < CACHE_BUCKETS; i++) {
        struct entry *e, *next;
        for (e = LIST_FIRST(&c->buckets[i]); e; e = next) {
            next = LIST_NEXT(e, bucket);
            again = entry_tick(e, now_us) || again;
        }
    }
    cache_drops_tick(c);
    if (again)
        loop_timer_set(c->tick, CACHE_TICK_MS);
}

/* --- the cache ------------------------------------------------------------------------------ */

struct cache *cache_new(struct loop *l, struct redis *redis, const char *prefix)
{
    struct cache *c = mem_alloc(sizeof *c);
    if (!c)
        return NULL;
    c->loop = l;
    c->redis = redis;
    TAILQ_INIT(&c->drops);
    c->tick = loop_timer_new(l, on_tick, c);
    if (!c->tick || str_copy(c->prefix, sizeof c->prefix, str_of(prefix)) != ERR_OK) {
        cache_free(c);
        return NULL;
    }
    return c;
}

void cache_free(struct cache *c)
{
    if (!c)
        return;
    loop_timer_free(c->tick);
    cache_drops_free(c);
    for (size_t i = 0; i < CACHE_BUCKETS; i++) {
        struct entry *e;
        while ((e = LIST_FIRST(&c->buckets[i])))
            entry_end(e);
    }
    c->closed = true;
    cache_release(c);
}

/* The entry is new and has its first waiter. */
static enum err entry_start(struct entry *e, bool hopeless)
{
    if (!hopeless)
        return entry_look(e);
    if (!entry_tell_later(e))
        return ERR_NO_MEMORY;
    entry_end(e);
    return ERR_OK;
}

enum err cache_get(struct cache *c, const char *kind, const char *key, cache_done_fn *done,
                   void *owner, uint64_t id)
{
    if (strlen(kind) > CACHE_MAX_NAME || strlen(key) > CACHE_MAX_NAME)
        return ERR_TOO_LARGE;
    struct entry *e = entry_find(c, kind, key);
    bool hopeless = (e && e->stale) || cache_is_dropping(c, kind);
    bool fresh = !e || hopeless;
    if (fresh && c->n_entries >= MAX_ENTRIES)
        return ERR_BUSY;
    if (fresh)
        e = entry_new(c, kind, key);
    struct waiter *w = e ? mem_alloc(sizeof *w) : NULL;
    enum err err = ERR_NO_MEMORY;
    if (w) {
        *w = (struct waiter){.done = done, .owner = owner, .id = id};
        STAILQ_INSERT_TAIL(&e->waiters, w, link);
        err = fresh ? entry_start(e, hopeless) : ERR_OK;
    }
    if (err != ERR_OK && fresh && e)
        entry_end(e);
    return err;
}

/* What the filler of (kind, key) may end, or NULL. */
static struct entry *entry_filled(struct cache *c, const char *kind, const char *key)
{
    struct entry *e = entry_find(c, kind, key);
    return e && e->state == ENTRY_FILLING && !e->stale ? e : NULL;
}

static void entry_store(const struct entry *e, const char *text, size_t n, int ttl_s)
{
    struct cache *c = e->cache;
    char kind[CACHE_NAME_SIZE], name[2 * CACHE_NAME_SIZE], ttl[12];
    cache_kind_name(c, e->name, kind);
    snprintf(name, sizeof name, "%s:%s:%s", kind, e->generation, entry_key(e));
    snprintf(ttl, sizeof ttl, "%d", ttl_s);
    struct redis_args args =
        REDIS_ARGS(STR("SET"), str_of(name), (struct str){text, n}, STR("EX"), str_of(ttl));
    enum err err = redis_command(c->redis, args, NULL, NULL, 0);
    (void)err; /* then the next one fills it again */
}

void cache_put(struct cache *c, const char *kind, const char *key, const char *text, size_t n,
               int ttl_s)
{
    struct entry *e = entry_filled(c, kind, key);
    if (!e)
        return;
    if (e->generation[0])
        entry_store(e, text, n, ttl_s);
    if (!STAILQ_EMPTY(&e->waiters)) {
        mem_free(e->text);
        e->text = mem_alloc(n + 1);
        e->text_n = n;
        if (e->text)
            memcpy(e->text, text, n);
    }
    entry_finish(e);
}

static void on_abandoned(void *arg)
{
    struct entry *e = arg;
    e->n_owed--;
    if (e->state == ENTRY_OVER)
        entry_end(e);
    else
        entry_hand_on(e);
}

void cache_abandon(struct cache *c, const char *kind, const char *key)
{
    struct entry *e = entry_filled(c, kind, key);
    if (!e)
        return;
    if (STAILQ_EMPTY(&e->waiters))
        entry_end(e);
    else if (loop_later(c->loop, on_abandoned, e) == ERR_OK)
        e->n_owed++;
}

/* What it has or gets may be of before the drop. */
static void entry_spoil(struct entry *e)
{
    e->stale = true;
    if (e->state == ENTRY_FILLING)
        (void)entry_tell_later(e);
}

void cache_drop(struct cache *c, const char *kind)
{
    if (strlen(kind) > CACHE_MAX_NAME)
        return; /* nothing of such a kind is kept */
    for (size_t i = 0; i < CACHE_BUCKETS; i++)
        for (struct entry *e = LIST_FIRST(&c->buckets[i]); e; e = LIST_NEXT(e, bucket))
            if (strcmp(e->name, kind) == 0)
                entry_spoil(e);
    cache_drop_send(c, kind);
}
