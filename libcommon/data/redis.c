/* The Redis client: commands, scripts and subscriptions over connections (redis_conn.c), to one
 * server, to the master that sentinels name, or to the nodes of a cluster.
 *
 * Commands are written at once or refused: without a connection the answer is ERR_UNAVAILABLE, now,
 * and the caller goes on with what it has without Redis. The connection for messages is made at the
 * first subscription. */
#include "common/redis.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/crypto.h"
#include "common/mem.h"
#include "redis_priv.h"

/* --- commands ------------------------------------------------------------------------------- */

/* The connection for a command about that key. */
static enum err conn_for(struct redis *r, struct str key, struct redis_conn **ret_conn)
{
    struct redis_conn *c = r->cluster ? redis_cluster_conn(r->cluster, key) : &r->commands;
    if (!c || c->closing || c->state != REDIS_UP || c->stalled)
        return ERR_UNAVAILABLE;
    if (c->n_ops >= r->options.max_in_flight)
        return ERR_BUSY;
    *ret_conn = c;
    return ERR_OK;
}

/* Keeps n_words words, what scratch has from `start` on. */
static struct redis_op *op_new(const struct redis *r, int n_words, size_t start)
{
    size_t n = buf_err(&r->scratch) == ERR_OK ? r->scratch.len - start : 0;
    struct redis_op *op = mem_alloc(sizeof *op + n);
    if (!op)
        return NULL;
    op->n_words = n_words;
    op->words_len = n;
    if (n)
        memcpy(op->words, r->scratch.data + start, n);
    return op;
}

/* Takes op, which may be NULL for lack of memory. */
static enum err op_send(struct redis_conn *c, struct redis_op *op)
{
    enum err e = op ? redis_conn_write(c, op) : ERR_NO_MEMORY;
    if (e != ERR_OK)
        mem_free(op);
    return e;
}

enum err redis_command(struct redis *r, struct redis_args args, redis_done_fn *done, void *owner,
                       uint64_t id)
{
    struct redis_conn *c;
    enum err e = conn_for(r, args.n > 1 ? args.v[1] : STR(""), &c);
    if (e != ERR_OK)
        return e;
    buf_clear(&r->scratch);
    redis_put_head(r, args.n);
    size_t start = r->scratch.len;
    for (int i = 0; i < args.n; i++)
        redis_put(r, args.v[i]);
    struct redis_op *op = op_new(r, args.n, r->cluster ? start : r->scratch.len);
    if (op) {
        op->done = done;
        op->owner = owner;
        op->id = id;
    }
    return op_send(c, op);
}

enum err redis_eval(struct redis *r, struct redis_script *script, struct redis_args args,
                    redis_done_fn *done, void *owner, uint64_t id)
{
    assert(args.n >= script->n_keys);
    struct redis_conn *c;
    enum err e = conn_for(r, script->n_keys > 0 ? args.v[0] : STR(""), &c);
    if (e == ERR_OK && !script->sha1[0])
        e = sha1_hex(str_of(script->text), script->sha1);
    if (e != ERR_OK)
        return e;
    char count[12];
    snprintf(count, sizeof count, "%d", script->n_keys);
    buf_clear(&r->scratch);
    redis_put_head(r, args.n + 3);
    redis_put(r, STR("EVALSHA"));
    redis_put(r, str_of(script->sha1));
    size_t start = r->scratch.len;
    redis_put(r, str_of(count));
    for (int i = 0; i < args.n; i++)
        redis_put(r, args.v[i]);
    struct redis_op *op = op_new(r, args.n + 1, start);
    if (op) {
        op->done = done;
        op->owner = owner;
        op->id = id;
        op->script = script;
    }
    return op_send(c, op);
}

/* --- messages ------------------------------------------------------------------------------- */

/* Without memory the channel is silent until the next reconnect; nothing rests on messages. */
static void send_subscribe(struct redis *r, const struct subscription *s)
{
    redis_put_args(r, REDIS_ARGS(STR("SUBSCRIBE"), str_of(s->channel)));
    enum err e = redis_conn_write(&r->messages, NULL);
    (void)e;
}

void redis_resubscribe(struct redis *r)
{
    const struct subscription *s = LIST_FIRST(&r->subscriptions);
    for (; s; s = LIST_NEXT(s, link))
        send_subscribe(r, s);
}

/* [message, channel, text]; what else comes (subscribe, pong) is only a sign of life. */
void redis_on_message(struct redis *r, const struct redis_value *v)
{
    if (v->type != REDIS_ARRAY || v->n != 3)
        return;
    const struct redis_value *kind = &v->items[0], *channel = &v->items[1], *text = &v->items[2];
    if (kind->type != REDIS_STR || channel->type != REDIS_STR || text->type != REDIS_STR ||
        strcmp(kind->s, "message") != 0)
        return;
    const struct subscription *s, *next;
    for (s = LIST_FIRST(&r->subscriptions); s; s = next) {
        next = LIST_NEXT(s, link); /* fn may unsubscribe */
        if (strcmp(s->channel, channel->s) == 0)
            s->fn(s->owner, s->channel, text->s, text->n);
    }
}

enum err redis_subscribe(struct redis *r, const char *channel, redis_message_fn *fn, void *owner)
{
    size_t n = strlen(channel) + 1;
    struct subscription *s = mem_alloc(sizeof *s + n);
    if (!s)
        return ERR_NO_MEMORY;
    memcpy(s->channel, channel, n);
    s->fn = fn;
    s->owner = owner;
    bool first = LIST_EMPTY(&r->subscriptions);
    LIST_INSERT_HEAD(&r->subscriptions, s, link);
    if (r->messages.state == REDIS_UP)
        send_subscribe(r, s);
    else if (first && r->messages.state == REDIS_DOWN)
        redis_conn_start(&r->messages);
    return ERR_OK;
}

void redis_unsubscribe(struct redis *r, const void *owner)
{
    struct subscription *s, *next;
    for (s = LIST_FIRST(&r->subscriptions); s; s = next) {
        next = LIST_NEXT(s, link);
        if (s->owner == owner) {
            LIST_REMOVE(s, link);
            mem_free(s);
        }
    }
}

void redis_publish(struct redis *r, const char *channel, const char *message)
{
    enum err e = redis_command(r, REDIS_ARGS(STR("PUBLISH"), str_of(channel), str_of(message)),
                               NULL, NULL, 0);
    (void)e; /* they will look anyway */
}

/* --- life ----------------------------------------------------------------------------------- */

static bool parts_init(struct redis *r)
{
    const struct redis_options *o = &r->options;
    if (redis_url_parse(o->url, &r->url) != ERR_OK ||
        redis_login_parse(str_of(o->sentinel_login ? o->sentinel_login : ""), &r->sentinel_login) !=
            ERR_OK)
        return false;
    r->commands.at = r->messages.at = r->url.hosts[0];
    if (r->url.mode == REDIS_CLUSTER && !(r->cluster = redis_cluster_new(r)))
        return false;
    return redis_conn_init(&r->commands, r, REDIS_COMMANDS) &&
           redis_conn_init(&r->messages, r, REDIS_MESSAGES) &&
           redis_conn_init(&r->asker, r, REDIS_ASKER);
}

struct redis *redis_new(struct loop *l, const struct redis_options *options)
{
    struct redis *r = mem_alloc(sizeof *r);
    if (!r)
        return NULL;
    r->loop = l;
    r->options = *options;
    r->scratch = BUF_INIT(REDIS_MAX_COMMAND_BYTES);
    LIST_INIT(&r->subscriptions);
    if (!parts_init(r)) {
        redis_free(r);
        return NULL;
    }
    if (r->cluster)
        redis_cluster_start(r->cluster);
    else
        redis_conn_start(&r->commands);
    return r;
}

void redis_free(struct redis *r)
{
    if (!r)
        return;
    r->asking = false;
    redis_conn_done(&r->asker);
    redis_conn_done(&r->commands);
    redis_conn_done(&r->messages);
    redis_cluster_free(r->cluster);
    struct subscription *s;
    while ((s = LIST_FIRST(&r->subscriptions))) {
        LIST_REMOVE(s, link);
        mem_free(s);
    }
    buf_free(&r->scratch);
    mem_free(r);
}

bool redis_ready(const struct redis *r)
{
    if (r->cluster)
        return redis_cluster_ready(r->cluster);
    return r->commands.state == REDIS_UP && !r->commands.stalled;
}
