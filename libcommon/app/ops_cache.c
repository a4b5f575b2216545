/* The cache as an operation of a request. A request that misses fills the entry, and until it does
 * others with the same key wait for it: so what it found is put as soon as it is known, before the
 * reply. */
#include "req_priv.h"

static void on_cached(void *owner, uint64_t id, const char *text, size_t n)
{
    struct reqx *x = req_find(owner, id);
    if (!x)
        return;
    /* What does not fit into the arena any more is a miss; the request will fail by itself. */
    const char *copy = text ? arena_strndup(x->r.arena, text, n) : NULL;
    x->r.cached = (struct str){copy, copy ? n : 0};
    req_resume(owner, id);
}

enum step_rc req_cache_get(struct req *r, const char *kind, const char *key)
{
    r->cached = (struct str){NULL, 0};
    r->cache_kind = NULL;
    if (cache_get(r->svc->cache, kind, key, on_cached, r->svc, r->id) != ERR_OK)
        return STEP_NEXT;
    r->cache_kind = kind;
    r->cache_key = key;
    return STEP_WAIT;
}

void req_cache_put(struct req *r, struct str text, int ttl_s)
{
    if (r->cache_kind)
        cache_put(r->svc->cache, r->cache_kind, r->cache_key, text.p, text.n, ttl_s);
}
