/* HTTP calls to others: admission, tries within one deadline, breakers. Owns the calls in flight.
 *
 * A call is either in curl's hands, or waits on its timer: for the next try, or to end (its result
 * is then known already, but done() must not be called from http_client_send()). */
#include "client_priv.h"

#include <string.h>

#include "client_loop.h"
#include "common/clock.h"
#include "common/mem.h"
#include "common/rng.h"

#define PEERS_MAX 64
#define BACKOFF_BASE_MS 100
#define BACKOFF_CAP_MS 5000
#define DEFAULT_TRIES 3
#define DEFAULT_BREAKER_FAILURES 5
#define DEFAULT_BREAKER_OPEN_MS 5000

struct http_client {
    struct loop *loop;
    struct client_loop *curl;
    struct client_setup setup;
    char *user_agent, *ca_file;
    struct breaker_rule rule;
    unsigned max_in_flight, n_calls;
    bool closing;
    LIST_HEAD(, call) calls;
    struct peer peers[PEERS_MAX];
};

/* --- peers -------------------------------------------------------------------------------------
 */

/* The peer's row, or the one unused for longest; NULL when all are in use. */
static struct peer *peer_get(struct http_client *c, const char *origin)
{
    struct peer *oldest = NULL;

    for (size_t i = 0; i < PEERS_MAX; i++) {
        struct peer *p = &c->peers[i];
        if (strcmp(p->origin, origin) == 0)
            return p;
        if (p->calls == 0 && (!oldest || p->used_us < oldest->used_us))
            oldest = p;
    }
    if (oldest) {
        *oldest = (struct peer){.used_us = 0};
        memcpy(oldest->origin, origin, strlen(origin) + 1);
    }
    return oldest;
}

static bool peer_ask(const struct call *c, int64_t now_us)
{
    return !c->peer || breaker_ask(&c->peer->breaker, now_us);
}

static void peer_report(const struct call *c, enum breaker_outcome outcome, int64_t now_us)
{
    if (c->peer)
        breaker_report(&c->peer->breaker, &c->client->rule, outcome, now_us);
}

/* --- the end of a call -------------------------------------------------------------------------
 */

static void call_free(struct call *c)
{
    curl_easy_cleanup(c->easy);
    curl_slist_free_all(c->headers);
    loop_timer_free(c->timer);
    buf_free(&c->reply.head);
    buf_free(&c->reply.body);
    arena_free(c->arena); /* c is in it */
}

/* The client may be gone when this returns. */
static void call_finish(struct call *c)
{
    struct http_client *client = c->client;

    LIST_REMOVE(c, link);
    client->n_calls--;
    if (c->peer) {
        c->peer->calls--;
        c->peer->used_us = clock_mono_us();
    }
    c->done(c->owner, c->id, c->e, &c->reply.pub);
    call_free(c);
}

/* Without an answer; why is a literal. */
static void call_set_failed(struct call *c, enum err e, const char *why)
{
    c->e = e;
    c->reply.pub.status = 0;
    c->reply.pub.body = "";
    c->reply.pub.body_len = 0;
    c->reply.pub.why = why;
}

/* --- tries -------------------------------------------------------------------------------------
 */

/* The breaker has said yes. On an error it hears of it. */
static enum err call_try(struct call *c, int64_t now_us)
{
    enum err e = try_begin(c, now_us);
    if (e == ERR_OK)
        e = client_loop_add(c->client->curl, c->easy);
    if (e == ERR_OK) {
        c->running = true;
        c->reply.pub.tries++;
    } else {
        peer_report(c, BREAKER_UNKNOWN, now_us);
    }
    return e;
}

/* Full jitter: anywhere up to the ceiling, which doubles; but not before the peer said. */
static int64_t retry_delay_ms(const struct call *c)
{
    int shift = MIN(c->reply.pub.tries - 1, 10);
    int64_t ceiling = MIN((int64_t)BACKOFF_BASE_MS << shift, BACKOFF_CAP_MS);
    int64_t delay = (int64_t)rng_below((uint64_t)ceiling + 1);
    return MAX(delay, MIN(c->reply.pub.retry_after_s, INT32_MAX) * 1000);
}

static void on_try_end(void *arg, CURLcode rc)
{
    struct call *c = arg;
    int64_t now_us = clock_mono_us();

    c->running = false;
    try_end(c, rc, now_us);
    peer_report(c, try_outcome(c), now_us);
    if (c->reply.pub.tries < c->req.max_tries && try_may_repeat(c, rc)) {
        int64_t delay_ms = retry_delay_ms(c);
        if (now_us + delay_ms * USEC_PER_MSEC < c->deadline_us) {
            loop_timer_set(c->timer, delay_ms);
            return;
        }
    }
    call_finish(c);
}

/* Time for the next try, or for the end of a call that had none. */
static void on_timer(void *arg)
{
    struct call *c = arg;
    int64_t now_us = clock_mono_us();

    if (c->reply.pub.tries == 0 || now_us >= c->deadline_us || !peer_ask(c, now_us)) {
        call_finish(c); /* with what the last try gave */
        return;
    }
    enum err e = call_try(c, now_us);
    if (e == ERR_OK)
        return;
    call_set_failed(c, e, "another try could not be started");
    call_finish(c);
}

/* --- the beginning of a call
 * --------------------------------------------------------------------*/

static size_t call_bytes(const struct http_call *call)
{
    size_t n = sizeof(struct call) + strlen(call->url) + call->body.n +
               call->n_headers * (sizeof(char *) + 32);
    for (size_t i = 0; i < call->n_headers; i++)
        n += strlen(call->headers[i]);
    return n + 1024; /* the method, NULs and alignment */
}

static enum err call_copy(struct call *c, const struct http_call *call)
{
    const char **headers = arena_alloc(c->arena, (call->n_headers + 1) * sizeof *headers);
    bool ok = headers != NULL;

    c->req = *call;
    c->req.method = arena_strdup(c->arena, call->method);
    c->req.url = arena_strdup(c->arena, call->url);
    c->req.body.p = arena_strndup(c->arena, call->body.n ? call->body.p : "", call->body.n);
    for (size_t i = 0; ok && i < call->n_headers; i++) {
        headers[i] = arena_strdup(c->arena, call->headers[i]);
        ok = headers[i] != NULL;
    }
    c->req.headers = headers;
    c->req.max_tries = call->max_tries > 0 ? call->max_tries : DEFAULT_TRIES;
    return ok && c->req.method && c->req.url && c->req.body.p ? ERR_OK : ERR_NO_MEMORY;
}

static enum err call_new(struct http_client *client, const struct http_call *call,
                         struct call **ret_call)
{
    struct arena *a = arena_new(call_bytes(call));
    struct call *c = a ? arena_alloc(a, sizeof *c) : NULL;

    if (!c) {
        arena_free(a);
        return ERR_NO_MEMORY;
    }
    c->arena = a;
    c->client = client;
    c->reply.head = BUF_INIT(HEAD_MAX_BYTES);
    c->reply.body = BUF_INIT(client->setup.max_reply_bytes);
    c->timer = loop_timer_new(client->loop, on_timer, c);
    c->easy = curl_easy_init();
    enum err e = c->timer && c->easy ? call_copy(c, call) : ERR_NO_MEMORY;
    if (e == ERR_OK)
        e = try_prepare(c, &client->setup);
    if (e != ERR_OK) {
        call_free(c);
        return e;
    }
    *ret_call = c;
    return ERR_OK;
}

enum err http_client_send(struct http_client *client, const struct http_call *call,
                          http_client_done_fn *done, void *owner, uint64_t id)
{
    int64_t now_us = clock_mono_us();
    char origin[ORIGIN_SIZE];
    struct call *c;

    if (client->closing)
        return ERR_UNAVAILABLE;
    if (client->n_calls >= client->max_in_flight)
        return ERR_BUSY;
    enum err e = try_check(call, client->setup.allow_http, origin);
    if (e == ERR_OK)
        e = call_new(client, call, &c);
    if (e != ERR_OK)
        return e;
    c->done = done;
    c->owner = owner;
    c->id = id;
    c->deadline_us = now_us + call->deadline_ms * USEC_PER_MSEC;
    c->peer = peer_get(client, origin);
    if (!peer_ask(c, now_us)) {
        call_set_failed(c, ERR_UNAVAILABLE, "the peer keeps failing; not tried (circuit breaker)");
        loop_timer_set(c->timer, 0);
    } else {
        e = call_try(c, now_us);
        if (e != ERR_OK) {
            call_free(c);
            return e;
        }
    }
    if (c->peer)
        c->peer->calls++;
    client->n_calls++;
    LIST_INSERT_HEAD(&client->calls, c, link);
    return ERR_OK;
}

/* --- the client --------------------------------------------------------------------------------
 */

size_t http_client_busy(const struct http_client *c)
{
    return c->n_calls;
}

void http_client_free(struct http_client *c)
{
    struct call *call;

    if (!c)
        return;
    c->closing = true;
    while ((call = LIST_FIRST(&c->calls))) {
        if (call->running)
            client_loop_remove(c->curl, call->easy);
        call_set_failed(call, ERR_UNAVAILABLE, "the client was closed");
        call_finish(call);
    }
    client_loop_free(c->curl);
    mem_free(c->user_agent);
    mem_free(c->ca_file);
    mem_free(c);
}

struct http_client *http_client_new(struct loop *l, const struct http_client_options *options)
{
    struct http_client *c = mem_alloc(sizeof *c);

    if (!c)
        return NULL;
    LIST_INIT(&c->calls);
    c->loop = l;
    c->max_in_flight = options->max_in_flight;
    c->rule.failures =
        options->breaker_failures > 0 ? options->breaker_failures : DEFAULT_BREAKER_FAILURES;
    c->rule.open_us = USEC_PER_MSEC * (options->breaker_open_ms > 0 ? options->breaker_open_ms
                                                                    : DEFAULT_BREAKER_OPEN_MS);
    c->user_agent = mem_strdup(options->user_agent);
    c->ca_file = options->ca_file ? mem_strdup(options->ca_file) : NULL;
    c->setup = (struct client_setup){.user_agent = c->user_agent,
                                     .ca_file = c->ca_file,
                                     .allow_http = options->allow_http,
                                     .max_reply_bytes = options->max_reply_bytes};
    c->curl = client_loop_new(l, on_try_end, options->max_in_flight);
    if (!c->curl || !c->user_agent || (options->ca_file && !c->ca_file)) {
        http_client_free(c);
        return NULL;
    }
    return c;
}
