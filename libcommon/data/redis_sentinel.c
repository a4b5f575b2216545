/* Redis Sentinel: which server is the master. A connection that is about to be made waits here; one
 * sentinel after the other is asked, beginning with the one that answered last, until one knows.
 *
 * Nothing is asked while all is well: when a master dies, is demoted, or a sentinel moves us on,
 * connections break, and those that are made again ask. The master has to confirm that it is one
 * (on_role() in redis_conn.c). */
#include <string.h>

#include "redis_priv.h"

static void for_those_who_wait(struct redis *r, void (*act)(struct redis_conn *c),
                               const struct redis_host *master)
{
    struct redis_conn *const conns[] = {&r->commands, &r->messages};
    for (size_t i = 0; i < ARRAY_LEN(conns); i++) {
        if (conns[i]->state != REDIS_FINDING)
            continue;
        if (master)
            conns[i]->at = *master;
        act(conns[i]);
    }
}

static void ask_next(struct redis *r)
{
    if (r->n_asked++ == r->url.n_hosts) {
        r->asking = false;
        for_those_who_wait(r, redis_conn_lose, NULL);
        return;
    }
    r->asker.at = r->url.hosts[r->sentinel];
    redis_conn_start(&r->asker);
}

void redis_sentinel_find(struct redis *r)
{
    if (r->asking)
        return;
    r->asking = true;
    r->n_asked = 0;
    ask_next(r);
}

/* [address, port], or nil when it does not know the service. */
static enum err master_read(const struct redis_value *v, struct redis_host *ret_master)
{
    if (v->type != REDIS_ARRAY || v->n != 2 || v->items[0].type != REDIS_STR ||
        v->items[1].type != REDIS_STR)
        return ERR_INVALID;
    struct str name = {v->items[0].s, v->items[0].n}, port = {v->items[1].s, v->items[1].n};
    int64_t number;
    if (name.n == 0 || name.p[0] == '/' || memchr(name.p, '\0', name.n) ||
        str_copy(ret_master->name, sizeof ret_master->name, name) != ERR_OK ||
        str_to_i64(port, 1, 65535, &number) != ERR_OK)
        return ERR_INVALID;
    ret_master->port = (int)number;
    return ERR_OK;
}

/* A late sentinel is left by its connection's own clock. */
static void on_master(void *owner, uint64_t id UNUSED, enum err e, const struct redis_value *v)
{
    struct redis *r = owner;
    struct redis_host master;
    if (e == ERR_TIMEOUT || e == ERR_UNAVAILABLE)
        return;
    if (e == ERR_OK && master_read(v, &master) == ERR_OK) {
        r->asking = false;
        redis_conn_lose(&r->asker);
        for_those_who_wait(r, redis_conn_look, &master);
    } else {
        redis_conn_lose(&r->asker);
    }
}

void redis_sentinel_greeted(struct redis *r)
{
    struct redis_args args =
        REDIS_ARGS(STR("SENTINEL"), STR("GET-MASTER-ADDR-BY-NAME"), str_of(r->url.service));
    if (redis_conn_ask(&r->asker, args, on_master, r) != ERR_OK)
        redis_conn_lose(&r->asker);
}

void redis_sentinel_lost(struct redis *r)
{
    if (!r->asking)
        return;
    r->sentinel = (r->sentinel + 1) % r->url.n_hosts;
    ask_next(r);
}
