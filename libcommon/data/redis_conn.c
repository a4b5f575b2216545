/* One connection to Redis: finds out where to go, connects without waiting, greets (AUTH, SELECT,
 * PING), then carries commands whose replies come in order, or messages. When it is lost it starts
 * again, with backoff: the host is looked up anew, and sentinels are asked anew.
 *
 * A command that is late gets ERR_TIMEOUT but keeps its place, so that a short hiccup costs no
 * connection; until the server says something again, new commands are refused at once, and a server
 * that stays silent loses the connection. */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <event2/event.h>
#include <event2/util.h>

#include "common/backoff.h"
#include "common/clock.h"
#include "common/dns.h"
#include "redis_priv.h"

/* --- losing it ------------------------------------------------------------------------------ */

static void conn_tell_lost(struct redis_conn *c)
{
    if (c->role == REDIS_ASKER)
        redis_sentinel_lost(c->r);
    else if (c->role == REDIS_COMMANDS && c->r->cluster)
        redis_cluster_lost(c->r->cluster);
}

void redis_conn_lose(struct redis_conn *c)
{
    c->state = REDIS_DOWN;
    dns_cancel(c->r->options.dns, c);
    if (c->bev)
        bufferevent_free(c->bev);
    redisReaderFree(c->reader);
    c->bev = NULL;
    c->reader = NULL;
    c->stalled = false;
    c->failures++;
    if (c->role == REDIS_ASKER)
        loop_timer_cancel(c->timer); /* it is started when it is needed */
    else
        loop_timer_set(c->timer,
                       backoff_ms(c->failures, REDIS_BACKOFF_MIN_MS, REDIS_BACKOFF_MAX_MS));
    redis_ops_fail(c);
    if (!c->closing)
        conn_tell_lost(c);
}

/* --- greeting ------------------------------------------------------------------------------- */

static void conn_up(struct redis_conn *c)
{
    c->state = REDIS_UP;
    c->failures = 0;
    loop_timer_set(c->timer, REDIS_PING_MS);
    if (c->role == REDIS_MESSAGES)
        redis_resubscribe(c->r);
    else if (c->role == REDIS_ASKER)
        redis_sentinel_greeted(c->r);
    else
        redis_conn_give_held(c);
    if (c->role == REDIS_COMMANDS && c->r->cluster)
        redis_cluster_up(c->r->cluster);
}

static void on_greeted(void *owner, uint64_t id UNUSED, enum err e,
                       const struct redis_value *v UNUSED)
{
    struct redis_conn *c = owner;
    if (c->state != REDIS_GREETING)
        return; /* lost already */
    if (e != ERR_OK)
        redis_conn_lose(c);
    else if (c->n_ops == 0)
        conn_up(c);
}

/* A sentinel may be behind: what it calls the master has to say so itself. One that keeps that from
 * us (an ACL) is believed; a write would tell. */
static void on_role(void *owner, uint64_t id, enum err e, const struct redis_value *v)
{
    bool other =
        e == ERR_OK && !(v->type == REDIS_ARRAY && v->n > 0 && v->items[0].type == REDIS_STR &&
                         strcmp(v->items[0].s, "master") == 0);
    on_greeted(owner, id, e == ERR_INTERNAL ? ERR_OK : other ? ERR_UNAVAILABLE : e, v);
}

/* Without memory for it the connection is no good either. */
static void greet(struct redis_conn *c, struct redis_args args, redis_done_fn *done)
{
    if (c->state == REDIS_GREETING && redis_conn_ask(c, args, done, c) != ERR_OK)
        redis_conn_lose(c);
}

static void conn_greet(struct redis_conn *c)
{
    bool server = c->role != REDIS_ASKER;
    const struct redis_login *login = server ? &c->r->url.login : &c->r->sentinel_login;
    int db = server ? c->r->url.db : 0;
    char number[12];
    snprintf(number, sizeof number, "%d", db);
    c->state = REDIS_GREETING;
    if (login->password[0] && login->user[0])
        greet(c, REDIS_ARGS(STR("AUTH"), str_of(login->user), str_of(login->password)), on_greeted);
    else if (login->password[0])
        greet(c, REDIS_ARGS(STR("AUTH"), str_of(login->password)), on_greeted);
    if (db)
        greet(c, REDIS_ARGS(STR("SELECT"), str_of(number)), on_greeted);
    if (server && c->r->url.mode == REDIS_SENTINEL)
        greet(c, REDIS_ARGS(STR("ROLE")), on_role);
    greet(c, REDIS_ARGS(STR("PING")), on_greeted); /* a server that is loading refuses it */
}

/* --- connecting ----------------------------------------------------------------------------- */

static bool is_socket(const struct redis_host *host)
{
    return host->name[0] == '/';
}

static void on_readable(struct bufferevent *bev UNUSED, void *arg)
{
    redis_conn_read(arg);
}

static void on_connection(struct bufferevent *bev, short what, void *arg)
{
    struct redis_conn *c = arg;
    if (!(what & BEV_EVENT_CONNECTED)) {
        redis_conn_lose(c);
        return;
    }
    int on = 1;
    if (!is_socket(&c->at))
        setsockopt(bufferevent_getfd(bev), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    conn_greet(c);
}

/* address NULL: a socket's path. The result's size, or 0. */
static int place_of(const struct redis_host *host, const char *address,
                    struct sockaddr_storage *ret_place)
{
    int size = sizeof *ret_place;
    memset(ret_place, 0, sizeof *ret_place);
    if (!address) {
        struct sockaddr_un *at = (struct sockaddr_un *)ret_place;
        at->sun_family = AF_UNIX;
        bool fits = str_copy(at->sun_path, sizeof at->sun_path, str_of(host->name)) == ERR_OK;
        return fits ? (int)sizeof *at : 0;
    }
    char text[DNS_ADDRESS_SIZE + 12];
    snprintf(text, sizeof text, strchr(address, ':') ? "[%s]:%d" : "%s:%d", address, host->port);
    bool ok = evutil_parse_sockaddr_port(text, (struct sockaddr *)ret_place, &size) == 0;
    return ok ? size : 0;
}

/* libevent may call on_connection() with the failure before it returns. */
static void conn_dial(struct redis_conn *c, const char *address)
{
    struct sockaddr_storage place;
    int size = place_of(&c->at, address, &place);
    c->state = REDIS_CONNECTING;
    c->reply_items = 0;
    c->reply_is_error = false;
    c->answered_us = clock_mono_us();
    loop_timer_set(c->timer, c->r->options.connect_timeout_ms);
    c->reader = redisReaderCreateWithFunctions(&redis_reply_functions);
    c->bev = bufferevent_socket_new(loop_base(c->r->loop), -1, BEV_OPT_CLOSE_ON_FREE);
    if (!size || !c->reader || !c->bev) {
        redis_conn_lose(c);
        return;
    }
    c->reader->privdata = c;
    bufferevent_setcb(c->bev, on_readable, NULL, on_connection, c);
    bufferevent_enable(c->bev, EV_READ | EV_WRITE);
    if (bufferevent_socket_connect(c->bev, (struct sockaddr *)&place, size) != 0 &&
        c->state == REDIS_CONNECTING)
        redis_conn_lose(c);
}

/* After each failure another one. */
static void on_address(void *owner, uint64_t id UNUSED, enum err e, const struct dns_answer *answer)
{
    struct redis_conn *c = owner;
    if (e == ERR_OK)
        conn_dial(c, answer->addresses[c->failures % answer->n]);
    else
        redis_conn_lose(c);
}

void redis_conn_look(struct redis_conn *c)
{
    c->state = REDIS_LOOKING;
    loop_timer_set(c->timer, REDIS_FIND_MS);
    if (is_socket(&c->at))
        conn_dial(c, NULL);
    else if (dns_lookup(c->r->options.dns, c->at.name, on_address, c, 0) != ERR_OK)
        redis_conn_lose(c);
}

void redis_conn_start(struct redis_conn *c)
{
    struct redis *r = c->r;
    if (r->url.mode == REDIS_SENTINEL && c->role != REDIS_ASKER) {
        c->state = REDIS_FINDING;
        loop_timer_set(c->timer, REDIS_FIND_MS);
        redis_sentinel_find(r);
        return;
    }
    if (r->cluster && c->role == REDIS_MESSAGES)
        redis_cluster_some(r->cluster, &c->at);
    redis_conn_look(c);
}

/* --- time ----------------------------------------------------------------------------------- */

static int64_t timeout_us(const struct redis_conn *c)
{
    return c->r->options.command_timeout_ms * USEC_PER_MSEC;
}

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

static bool is_dead(const struct redis_conn *c, int64_t now_us)
{
    if (c->n_ops > 0)
        return now_us - TAILQ_FIRST(&c->ops)->sent_us > dead_us(c);
    return c->role == REDIS_MESSAGES &&
           now_us - c->answered_us > REDIS_PING_MS * USEC_PER_MSEC + dead_us(c);
}

/* Answered by a message, on a connection for those. When it cannot be sent, silence will tell. */
static void conn_ping(struct redis_conn *c)
{
    redis_put_args(c->r, REDIS_ARGS(STR("PING")));
    enum err e = c->role == REDIS_MESSAGES ? redis_conn_write(c, NULL)
                                           : redis_conn_ask(c, REDIS_ARGS(STR("PING")), NULL, NULL);
    (void)e;
}

static void conn_watch(struct redis_conn *c)
{
    int64_t now_us = clock_mono_us(), ping_us = REDIS_PING_MS * USEC_PER_MSEC;
    int64_t next_us = c->answered_us + ping_us;
    if (is_dead(c, now_us)) {
        redis_conn_lose(c);
        return;
    }
    if (c->n_ops == 0 && now_us >= next_us) {
        conn_ping(c);
        next_us = now_us + ping_us;
    }
    if (c->n_ops > 0)
        next_us = conn_expire(c, now_us);
    loop_timer_set(c->timer, (next_us - now_us) / USEC_PER_MSEC + 1);
}

static void on_timer(void *arg)
{
    struct redis_conn *c = arg;
    if (c->state == REDIS_DOWN)
        redis_conn_start(c);
    else if (c->state == REDIS_UP)
        conn_watch(c);
    else
        redis_conn_lose(c);
}

/* --- life ----------------------------------------------------------------------------------- */

bool redis_conn_init(struct redis_conn *c, struct redis *r, enum redis_role role)
{
    c->r = r;
    c->role = role;
    TAILQ_INIT(&c->ops);
    TAILQ_INIT(&c->held);
    c->timer = loop_timer_new(r->loop, on_timer, c);
    return c->timer != NULL;
}

void redis_conn_done(struct redis_conn *c)
{
    if (!c->timer)
        return;
    c->closing = true;
    redis_conn_lose(c);
    loop_timer_free(c->timer);
    c->timer = NULL;
}
