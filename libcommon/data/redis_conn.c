/* One connection to Redis: connects without waiting, greets (AUTH, SELECT, PING), then carries
 * commands whose replies come in order, or messages.
 *
 * Of hiredis only the reader is used: its asynchronous half has asserts on what a server sends and
 * no clock. A command that is late gets ERR_TIMEOUT but keeps its place, so that a short hiccup
 * costs no connection; until the server says something again, new commands are refused at once,
 * and a server that stays silent loses the connection.
 *
 * done() is called from the socket's or the timer's event, never from within redis_command(). The
 * surprise: a host name is looked up with a blocking call, at each connect. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include "common/clock.h"
#include "common/mem.h"
#include "common/rng.h"
#include "redis_priv.h"

/* --- losing it ------------------------------------------------------------------------------ */

static int64_t backoff_ms(unsigned failures)
{
    int64_t ms = REDIS_BACKOFF_MIN_MS;
    for (unsigned i = 1; i < failures && ms < REDIS_BACKOFF_MAX_MS; i++)
        ms *= 2;
    ms = MIN(ms, REDIS_BACKOFF_MAX_MS);
    return ms / 2 + (int64_t)rng_below((uint64_t)ms / 2 + 1);
}

static void op_finish(struct redis_op *op, enum err e, const struct redis_value *v)
{
    if (op->done)
        op->done(op->owner, op->id, e, v);
    mem_free(op);
}

static struct redis_op *conn_shift(struct redis_conn *c)
{
    struct redis_op *op = TAILQ_FIRST(&c->ops);
    TAILQ_REMOVE(&c->ops, op, link);
    c->n_ops--;
    return op;
}

static void conn_lose(struct redis_conn *c)
{
    c->state = REDIS_DOWN;
    if (c->bev)
        bufferevent_free(c->bev);
    redisReaderFree(c->reader);
    c->bev = NULL;
    c->reader = NULL;
    c->stalled = false;
    c->failures++;
    loop_timer_set(c->timer, backoff_ms(c->failures));
    while (c->n_ops > 0)
        op_finish(conn_shift(c), ERR_UNAVAILABLE, NULL);
}

/* --- sending -------------------------------------------------------------------------------- */

static int64_t timeout_us(const struct redis_conn *c)
{
    return c->r->options.command_timeout_ms * USEC_PER_MSEC;
}

enum err redis_conn_send(struct redis_conn *c, struct redis_op *op)
{
    struct buf *b = &c->r->scratch;
    enum err e = buf_err(b);
    if (e == ERR_OK && evbuffer_get_length(bufferevent_get_output(c->bev)) > REDIS_MAX_OUTPUT_BYTES)
        e = ERR_BUSY;
    if (e == ERR_OK && bufferevent_write(c->bev, b->data, b->len) != 0)
        e = ERR_NO_MEMORY;
    if (e != ERR_OK || !op)
        return e;
    op->sent_us = clock_mono_us();
    TAILQ_INSERT_TAIL(&c->ops, op, link);
    if (c->n_ops++ == 0 && c->state == REDIS_UP)
        loop_timer_set(c->timer, c->r->options.command_timeout_ms);
    return ERR_OK;
}

/* A command of our own; without memory for it the connection is no good either. */
static void conn_say(struct redis_conn *c, redis_done_fn *done, struct redis_args args)
{
    struct redis_op *op = mem_alloc(sizeof *op);
    redis_put_args(c->r, args);
    if (op) {
        op->done = done;
        op->owner = c;
    }
    if (!op || redis_conn_send(c, op) != ERR_OK) {
        mem_free(op);
        conn_lose(c);
    }
}

/* EVALSHA found no script: the same once more with its text. */
static bool op_send_script(struct redis_conn *c, struct redis_op *op)
{
    struct redis *r = c->r;
    redis_put_head(r, op->n_tail + 2);
    redis_put(r, STR("EVAL"));
    redis_put(r, str_of(op->script->text));
    buf_add(&r->scratch, op->tail, op->tail_len);
    int64_t sent_us = op->sent_us;
    op->script = NULL;
    if (redis_conn_send(c, op) != ERR_OK)
        return false;
    op->sent_us = sent_us; /* the caller's patience began with the first try */
    return true;
}

/* --- receiving ------------------------------------------------------------------------------ */

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

static void take_reply(struct redis_conn *c, const struct redis_value *v)
{
    if (c->subscriber && c->state == REDIS_UP) {
        redis_on_message(c->r, v);
        return;
    }
    if (c->n_ops == 0) { /* nobody asked: "max number of clients reached" */
        conn_lose(c);
        return;
    }
    struct redis_op *op = conn_shift(c);
    if (!c->reply_is_error) {
        op_finish(op, ERR_OK, v);
    } else if (is_refusal(v)) {
        op_finish(op, ERR_UNAVAILABLE, NULL);
        conn_lose(c);
    } else if (!op->script || !starts(v, "NOSCRIPT") || !op_send_script(c, op)) {
        op_finish(op, ERR_INTERNAL, NULL);
    }
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
static void on_readable(struct bufferevent *bev UNUSED, void *arg)
{
    struct redis_conn *c = arg;
    c->answered_us = clock_mono_us();
    c->stalled = false;
    if (!conn_feed(c)) {
        conn_lose(c);
        return;
    }
    while (c->reader) {
        void *reply = NULL;
        if (redisReaderGetReply(c->reader, &reply) != 0)
            conn_lose(c);
        if (!reply)
            break;
        take_reply(c, reply);
        redis_reply_functions.freeObject(reply);
        c->reply_items = 0;
        c->reply_is_error = false;
    }
}

/* --- greeting ------------------------------------------------------------------------------- */

static void conn_up(struct redis_conn *c)
{
    c->state = REDIS_UP;
    c->failures = 0;
    loop_timer_set(c->timer, REDIS_PING_MS);
    if (c->subscriber)
        redis_resubscribe(c->r);
}

static void on_greeted(void *owner, uint64_t id UNUSED, enum err e,
                       const struct redis_value *v UNUSED)
{
    struct redis_conn *c = owner;
    if (c->state != REDIS_GREETING)
        return; /* lost already */
    if (e != ERR_OK)
        conn_lose(c);
    else if (c->n_ops == 0)
        conn_up(c);
}

static void conn_greet(struct redis_conn *c)
{
    const struct redis_url *url = &c->r->url;
    char db[12];
    snprintf(db, sizeof db, "%d", url->db);
    c->state = REDIS_GREETING;
    if (url->password[0] && url->user[0])
        conn_say(c, on_greeted, REDIS_ARGS(STR("AUTH"), str_of(url->user), str_of(url->password)));
    else if (url->password[0])
        conn_say(c, on_greeted, REDIS_ARGS(STR("AUTH"), str_of(url->password)));
    if (c->state == REDIS_GREETING && url->db)
        conn_say(c, on_greeted, REDIS_ARGS(STR("SELECT"), str_of(db)));
    if (c->state == REDIS_GREETING)
        conn_say(c, on_greeted, REDIS_ARGS(STR("PING"))); /* a server that is loading refuses it */
}

/* --- connecting ----------------------------------------------------------------------------- */

static void on_connection(struct bufferevent *bev, short what, void *arg)
{
    struct redis_conn *c = arg;
    if (!(what & BEV_EVENT_CONNECTED)) {
        conn_lose(c);
        return;
    }
    int on = 1;
    if (!c->r->url.path[0])
        setsockopt(bufferevent_getfd(bev), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    conn_greet(c);
}

/* Either way libevent may have called on_connection() with the failure before it returns. */
static int conn_dial(struct redis_conn *c)
{
    const struct redis_url *url = &c->r->url;
    if (!url->path[0])
        return bufferevent_socket_connect_hostname(c->bev, NULL, AF_UNSPEC, url->host, url->port);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, url->path, sizeof url->path);
    return bufferevent_socket_connect(c->bev, (struct sockaddr *)&address, (int)sizeof address);
}

void redis_conn_start(struct redis_conn *c)
{
    c->state = REDIS_CONNECTING;
    c->reply_items = 0;
    c->reply_is_error = false;
    c->answered_us = clock_mono_us();
    loop_timer_set(c->timer, c->r->options.connect_timeout_ms);
    c->reader = redisReaderCreateWithFunctions(&redis_reply_functions);
    c->bev = bufferevent_socket_new(loop_base(c->r->loop), -1, BEV_OPT_CLOSE_ON_FREE);
    if (!c->reader || !c->bev) {
        conn_lose(c);
        return;
    }
    c->reader->privdata = c;
    bufferevent_setcb(c->bev, on_readable, NULL, on_connection, c);
    bufferevent_enable(c->bev, EV_READ | EV_WRITE);
    if (conn_dial(c) != 0 && c->state == REDIS_CONNECTING)
        conn_lose(c);
}

/* --- time ----------------------------------------------------------------------------------- */

static int64_t dead_us(const struct redis_conn *c)
{
    return MAX(4 * timeout_us(c), USEC_PER_SEC);
}

/* Tells those who have waited long enough; when the next one has. */
static int64_t conn_expire(struct redis_conn *c, int64_t now_us)
{
    for (struct redis_op *op = TAILQ_FIRST(&c->ops); op; op = TAILQ_NEXT(op, link)) {
        if (!op->done)
            continue;
        if (op->sent_us + timeout_us(c) > now_us)
            return op->sent_us + timeout_us(c);
        redis_done_fn *done = op->done;
        op->done = NULL;
        c->stalled = true;
        done(op->owner, op->id, ERR_TIMEOUT, NULL);
    }
    return TAILQ_FIRST(&c->ops)->sent_us + dead_us(c);
}

static void conn_watch(struct redis_conn *c)
{
    int64_t now_us = clock_mono_us(), silent_us = now_us - c->answered_us;
    int64_t ping_us = REDIS_PING_MS * USEC_PER_MSEC, next_us = now_us + ping_us;
    bool dead = c->n_ops > 0 ? now_us - TAILQ_FIRST(&c->ops)->sent_us > dead_us(c)
                             : c->subscriber && silent_us > ping_us + dead_us(c);
    if (dead) {
        conn_lose(c);
        return;
    }
    if (c->n_ops > 0) {
        next_us = conn_expire(c, now_us);
    } else if (silent_us >= ping_us && c->subscriber) { /* answered by a message */
        redis_put_args(c->r, REDIS_ARGS(STR("PING")));
        enum err e = redis_conn_send(c, NULL);
        (void)e; /* then silence will tell */
    } else if (silent_us >= ping_us) {
        conn_say(c, NULL, REDIS_ARGS(STR("PING")));
        return; /* the timer is set */
    } else {
        next_us = c->answered_us + ping_us;
    }
    loop_timer_set(c->timer, (next_us - now_us) / USEC_PER_MSEC + 1);
}

static void on_timer(void *arg)
{
    struct redis_conn *c = arg;
    switch (c->state) {
    case REDIS_DOWN:
        redis_conn_start(c);
        break;
    case REDIS_CONNECTING:
    case REDIS_GREETING:
        conn_lose(c);
        break;
    case REDIS_UP:
        conn_watch(c);
        break;
    }
}

/* --- life ----------------------------------------------------------------------------------- */

bool redis_conn_init(struct redis_conn *c, struct redis *r, bool subscriber)
{
    c->r = r;
    c->subscriber = subscriber;
    TAILQ_INIT(&c->ops);
    c->timer = loop_timer_new(r->loop, on_timer, c);
    return c->timer != NULL;
}

void redis_conn_done(struct redis_conn *c)
{
    if (!c->timer)
        return;
    conn_lose(c);
    loop_timer_free(c->timer);
}
