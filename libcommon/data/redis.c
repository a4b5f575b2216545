/* The Redis client: commands, scripts and subscriptions over two connections (redis_conn.c).
 *
 * Commands are written at once or refused: without a connection the answer is ERR_UNAVAILABLE, now,
 * and the caller goes on with what it has without Redis. The second connection is made at the first
 * subscription. */
#include "common/redis.h"

#include <assert.h>
#include <string.h>

#include "common/crypto.h"
#include "common/mem.h"
#include "redis_priv.h"

/* --- writing commands ----------------------------------------------------------------------- */

void redis_put_head(struct redis *r, int n)
{
    buf_clear(&r->scratch);
    buf_addf(&r->scratch, "*%d\r\n", n);
}

static void put_arg(struct buf *b, struct str arg)
{
    buf_addf(b, "$%zu\r\n", arg.n);
    buf_addstr(b, arg);
    buf_add(b, "\r\n", 2);
}

void redis_put(struct redis *r, struct str arg)
{
    put_arg(&r->scratch, arg);
}

static void put_words(struct redis *r, struct redis_args args)
{
    for (int i = 0; i < args.n; i++)
        redis_put(r, args.v[i]);
}

void redis_put_args(struct redis *r, struct redis_args args)
{
    redis_put_head(r, args.n);
    put_words(r, args);
}

static enum err check_open(const struct redis *r)
{
    const struct redis_conn *c = &r->commands;
    if (r->closing || c->state != REDIS_UP || c->stalled)
        return ERR_UNAVAILABLE;
    return c->n_ops < r->options.max_in_flight ? ERR_OK : ERR_BUSY;
}

/* Takes op, which may be NULL for lack of memory. */
static enum err send_op(struct redis *r, struct redis_op *op)
{
    enum err e = op ? redis_conn_send(&r->commands, op) : ERR_NO_MEMORY;
    if (e != ERR_OK)
        mem_free(op);
    return e;
}

enum err redis_command(struct redis *r, struct redis_args args, redis_done_fn *done, void *owner,
                       uint64_t id)
{
    enum err e = check_open(r);
    if (e != ERR_OK)
        return e;
    redis_put_args(r, args);
    struct redis_op *op = mem_alloc(sizeof *op);
    if (op) {
        op->done = done;
        op->owner = owner;
        op->id = id;
    }
    return send_op(r, op);
}

/* --- scripts -------------------------------------------------------------------------------- */

enum err redis_eval(struct redis *r, struct redis_script *script, struct redis_args args,
                    redis_done_fn *done, void *owner, uint64_t id)
{
    assert(args.n >= script->n_keys);
    enum err e = check_open(r);
    if (e == ERR_OK && !script->sha1[0])
        e = sha1_hex(str_of(script->text), script->sha1);
    if (e != ERR_OK)
        return e;
    int n_tail = 1 + args.n;
    char count[12];
    snprintf(count, sizeof count, "%d", script->n_keys);
    redis_put_head(r, n_tail + 2);
    redis_put(r, STR("EVALSHA"));
    redis_put(r, str_of(script->sha1));
    size_t start = r->scratch.len;
    redis_put(r, str_of(count));
    put_words(r, args);
    size_t tail_len = r->scratch.len - start;
    struct redis_op *op = mem_alloc(sizeof *op + tail_len);
    if (op) {
        op->done = done;
        op->owner = owner;
        op->id = id;
        op->script = script;
        op->n_tail = n_tail;
        op->tail_len = tail_len;
        if (buf_err(&r->scratch) == ERR_OK)
            memcpy(op->tail, r->scratch.data + start, tail_len);
    }
    return send_op(r, op);
}

/* --- messages ------------------------------------------------------------------------------- */

/* Without memory the channel is silent until the next reconnect; nothing rests on messages. */
static void send_subscribe(struct redis *r, const struct subscription *s)
{
    redis_put_args(r, REDIS_ARGS(STR("SUBSCRIBE"), str_of(s->channel)));
    enum err e = redis_conn_send(&r->messages, NULL);
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

struct redis *redis_new(struct loop *l, const struct redis_options *options)
{
    struct redis *r = mem_alloc(sizeof *r);
    if (!r)
        return NULL;
    r->loop = l;
    r->options = *options;
    r->scratch = BUF_INIT(REDIS_MAX_COMMAND_BYTES);
    LIST_INIT(&r->subscriptions);
    if (redis_url_parse(options->url, &r->url) != ERR_OK ||
        !redis_conn_init(&r->commands, r, false) || !redis_conn_init(&r->messages, r, true)) {
        redis_free(r);
        return NULL;
    }
    redis_conn_start(&r->commands);
    return r;
}

void redis_free(struct redis *r)
{
    if (!r)
        return;
    r->closing = true;
    redis_conn_done(&r->commands);
    redis_conn_done(&r->messages);
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
    return r->commands.state == REDIS_UP && !r->commands.stalled;
}
