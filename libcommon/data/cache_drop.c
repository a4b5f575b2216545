/* Dropping a kind: its generation gets another word. Until Redis has confirmed that, the drop is
 * remembered and sent again; there are at most MAX_DROPS of them, because what is old also ends
 * with its time to live. */
#include <stdio.h>
#include <string.h>

#include "cache_priv.h"
#include "common/mem.h"
#include "common/rng.h"

#define MAX_DROPS 64

void cache_generation_new(char generation[CACHE_GENERATION_SIZE])
{
    unsigned char bytes[8];
    rng_bytes(bytes, sizeof bytes);
    hex_encode(bytes, sizeof bytes, generation);
}

static struct cache_drop *drop_find(struct cache *c, const char *kind)
{
    struct cache_drop *d = TAILQ_FIRST(&c->drops);
    while (d && strcmp(d->kind, kind) != 0)
        d = TAILQ_NEXT(d, link);
    return d;
}

static void drop_forget(struct cache *c, struct cache_drop *d)
{
    TAILQ_REMOVE(&c->drops, d, link);
    c->n_drops--;
    mem_free(d);
}

static void on_dropped(void *owner, uint64_t id, enum err err, const struct redis_value *v UNUSED)
{
    struct cache *c = owner;
    c->n_drops_sent--;
    if (c->closed) {
        cache_release(c);
        return;
    }
    struct cache_drop *d = TAILQ_FIRST(&c->drops);
    while (d && d->id != id)
        d = TAILQ_NEXT(d, link);
    if (d && err == ERR_OK) {
        drop_forget(c, d);
    } else if (d) {
        d->sent = false;
        loop_timer_set(c->tick, CACHE_TICK_MS);
    }
}

static void drop_send(struct cache *c, struct cache_drop *d)
{
    char name[CACHE_NAME_SIZE], generation[CACHE_GENERATION_SIZE];
    cache_kind_name(c, d->kind, name);
    cache_generation_new(generation);
    struct redis_args args = REDIS_ARGS(STR("SET"), str_of(name), str_of(generation), STR("EX"),
                                        STR(CACHE_GENERATION_TTL));
    d->id = ++c->last_drop;
    d->sent = redis_command(c->redis, args, on_dropped, c, d->id) == ERR_OK;
    if (d->sent)
        c->n_drops_sent++;
    else
        loop_timer_set(c->tick, CACHE_TICK_MS);
}

/* NULL: out of memory. */
static struct cache_drop *drop_new(struct cache *c, const char *kind)
{
    if (c->n_drops == MAX_DROPS)
        drop_forget(c, TAILQ_FIRST(&c->drops));
    size_t n = strlen(kind) + 1;
    struct cache_drop *d = mem_alloc(sizeof *d + n);
    if (!d)
        return NULL;
    memcpy(d->kind, kind, n);
    TAILQ_INSERT_TAIL(&c->drops, d, link);
    c->n_drops++;
    return d;
}

bool cache_is_dropping(struct cache *c, const char *kind)
{
    return drop_find(c, kind) != NULL;
}

void cache_drop_send(struct cache *c, const char *kind)
{
    struct cache_drop *d = drop_find(c, kind);
    if (!d)
        d = drop_new(c, kind);
    if (d)
        drop_send(c, d);
}

void cache_drops_tick(struct cache *c)
{
    for (struct cache_drop *d = TAILQ_FIRST(&c->drops); d; d = TAILQ_NEXT(d, link))
        if (!d->sent)
            drop_send(c, d);
}

void cache_drops_free(struct cache *c)
{
    while (c->n_drops > 0)
        drop_forget(c, TAILQ_FIRST(&c->drops));
}
