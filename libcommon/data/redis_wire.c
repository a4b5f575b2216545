/* Commands to the socket, replies from it. Replies come in the order of the commands.
 *
 * Of hiredis only the reader is used: its asynchronous half has asserts on what a server sends and
 * no clock. done() is called from the socket's or the timer's event, never from within
 * redis_command().
 *
 * A command may have to be sent twice: with its text, when the server has forgotten the script; to
 * another node, when the cluster says so. Its place in the queue is then a new one. */
#include <string.h>

#include <event2/buffer.h>

#include "common/clock.h"
#include "common/mem.h"
#include "redis_priv.h"

/* --- writing -------------------------------------------------------------------------------- */

void redis_put_head(struct redis *r, int n)
{
    buf_addf(&r->scratch, "*%d\r\n", n);
}

void redis_put(struct redis *r, struct str arg)
{
    buf_addf(&r->scratch, "$%zu\r\n", arg.n);
    buf_addstr(&r->scratch, arg);
    buf_add(&r->scratch, "\r\n", 2);
}

void redis_put_args(struct redis *r, struct redis_args args)
{
    buf_clear(&r->scratch);
    redis_put_head(r, args.n);
    for (int i = 0; i < args.n; i++)
        redis_put(r, args.v[i]);
}

static void conn_queue(struct redis_conn *c, struct redis_op *op)
{
    TAILQ_INSERT_TAIL(&c->ops, op, link);
    if (c->n_ops++ == 0 && c->state == REDIS_UP)
        loop_timer_set(c->timer, c->r->options.command_timeout_ms);
}

enum err redis_conn_write(struct redis_conn *c, struct redis_op *op)
{
    struct buf *b = &c->r->scratch;
    enum err e = buf_err(b);
    if (e == ERR_OK && evbuffer_get_length(bufferevent_get_output(c->bev)) > REDIS_MAX_OUTPUT_BYTES)
        e = ERR_BUSY;
    if (e == ERR_OK && bufferevent_write(c->bev, b->data, b->len) != 0)
        e = ERR_NO_MEMORY;
    if (e == ERR_OK && op) {
        op->sent_us = clock_mono_us();
        conn_queue(c, op);
    }
    return e;
}

/* ASKING goes before, with a reply of its own. */
static void put_again(struct redis *r, const struct redis_op *op)
{
    buf_clear(&r->scratch);
    if (op->asking) {
        redis_put_head(r, 1);
        redis_put(r, STR("ASKING"));
    }
    redis_put_head(r, op->n_words + (op->script ? 2 : 0));
    if (op->script) {
        redis_put(r, op->with_text ? STR("EVAL") : STR("EVALSHA"));
        redis_put(r, str_of(op->with_text ? op->script->text : op->script->sha1));
    }
    buf_add(&r->scratch, op->words, op->words_len);
}

/* The caller's patience began with the first try. */
static enum err op_send_again(struct redis_conn *c, struct redis_op *op)
{
    struct redis_op *asking = op->asking ? mem_alloc(sizeof *asking) : NULL;
    if (op->asking && !asking)
        return ERR_NO_MEMORY;
    int64_t sent_us = op->sent_us;
    put_again(c->r, op);
    enum err e = redis_conn_write(c, op);
    if (e != ERR_OK) {
        mem_free(asking);
        return e;
    }
    op->sent_us = sent_us;
    if (asking) {
        asking->sent_us = sent_us;
        TAILQ_INSERT_BEFORE(op, asking, link);
        c->n_ops++;
    }
    return ERR_OK;
}

enum err redis_conn_give(struct redis_conn *c, struct redis_op *op)
{
    if (c->state == REDIS_UP)
        return op_send_again(c, op);
    if (c->state == REDIS_DOWN || c->n_held >= c->r->options.max_in_flight)
        return ERR_UNAVAILABLE;
    TAILQ_INSERT_TAIL(&c->held, op, link);
    c->n_held++;
    return ERR_OK;
}

static struct redis_op *ops_shift(struct redis_ops *ops, unsigned *n)
{
    struct redis_op *op = TAILQ_FIRST(ops);
    TAILQ_REMOVE(ops, op, link);
    --*n;
    return op;
}

void redis_conn_give_held(struct redis_conn *c)
{
    while (c->n_held > 0) {
        struct redis_op *op = ops_shift(&c->held, &c->n_held);
        if (op_send_again(c, op) != ERR_OK)
            redis_op_finish(op, ERR_UNAVAILABLE, NULL);
    }
}

enum err redis_conn_ask(struct redis_conn *c, struct redis_args args, redis_done_fn *done,
                        void *owner)
{
    struct redis_op *op = mem_alloc(sizeof *op);
    if (!op)
        return ERR_NO_MEMORY;
    op->done = done;
    op->owner = owner;
    redis_put_args(c->r, args);
    enum err e = redis_conn_write(c, op);
    if (e != ERR_OK)
        mem_free(op);
    return e;
}

/* --- ends ----------------------------------------------------------------------------------- */

void redis_op_finish(struct redis_op *op, enum err e, const struct redis_value *v)
{
    if (op->done)
        op->done(op->owner, op->id, e, v);
    mem_free(op);
}

void redis_ops_fail(struct redis_conn *c)
{
    while (c->n_ops > 0)
        redis_op_finish(ops_shift(&c->ops, &c->n_ops), ERR_UNAVAILABLE, NULL);
    while (c->n_held > 0)
        redis_op_finish(ops_shift(&c->held, &c->n_held), ERR_UNAVAILABLE, NULL);
}

/* --- reading -------------------------------------------------------------------------------- */

static bool starts(const struct redis_value *v, const char *prefix)
{
    return strncmp(v->s, prefix, strlen(prefix)) == 0;
}

/* The server will not serve us, or not for now. */
static bool is_refusal(const struct redis_value *v)
{
    static const char *const prefixes[] = {"LOADING", "READONLY", "MASTERDOWN", "NOAUTH",
                                           "CLUSTERDOWN"};
    for (size_t i = 0; i < ARRAY_LEN(prefixes); i++)
        if (starts(v, prefixes[i]))
            return true;
    return false;
}

static bool op_send_text(struct redis_conn *c, struct redis_op *op, const struct redis_value *v)
{
    if (!op->script || op->with_text || !starts(v, "NOSCRIPT"))
        return false;
    op->with_text = true;
    return op_send_again(c, op) == ERR_OK;
}

static void take_error(struct redis_conn *c, struct redis_op *op, const struct redis_value *v)
{
    struct redis_cluster *cluster = c->r->cluster;
    if (cluster && redis_cluster_refused(cluster, c, op, (struct str){v->s, v->n}))
        return;
    if (is_refusal(v)) {
        redis_op_finish(op, ERR_UNAVAILABLE, NULL);
        redis_conn_lose(c);
    } else if (!op_send_text(c, op, v)) {
        redis_op_finish(op, ERR_INTERNAL, NULL);
    }
}

static void take_reply(struct redis_conn *c, const struct redis_value *v)
{
    if (c->role == REDIS_MESSAGES && c->state == REDIS_UP)
        redis_on_message(c->r, v);
    else if (c->n_ops == 0) /* nobody asked: "max number of clients reached" */
        redis_conn_lose(c);
    else if (c->reply_is_error)
        take_error(c, ops_shift(&c->ops, &c->n_ops), v);
    else
        redis_op_finish(ops_shift(&c->ops, &c->n_ops), ERR_OK, v);
}

/* Moves what the socket gave into the reader; false when that is too much. */
static bool conn_feed(struct redis_conn *c)
{
    struct evbuffer *in = bufferevent_get_input(c->bev);
    size_t n;
    while ((n = evbuffer_get_contiguous_space(in)) > 0) {
        if (redisReaderFeed(c->reader, (const char *)evbuffer_pullup(in, (ssize_t)n), n) != 0)
            return false;
        evbuffer_drain(in, n);
    }
    return c->reader->len <= REDIS_MAX_REPLY_BYTES;
}

/* The connection may be lost by any reply: then there is no reader any more. */
void redis_conn_read(struct redis_conn *c)
{
    c->answered_us = clock_mono_us();
    c->stalled = false;
    if (!conn_feed(c)) {
        redis_conn_lose(c);
        return;
    }
    while (c->reader) {
        void *reply = NULL;
        if (redisReaderGetReply(c->reader, &reply) != 0)
            redis_conn_lose(c);
        if (!reply)
            break;
        take_reply(c, reply);
        redis_reply_functions.freeObject(reply);
        c->reply_items = 0;
        c->reply_is_error = false;
    }
}
