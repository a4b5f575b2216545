/* The door: a request comes in, gets its arena, id, deadline and route, and is handed to the
 * runner. */
#include "common/clock.h"
#include "common/encode.h"
#include "common/http_head.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/net.h"
#include "common/rng.h"
#include "req_priv.h"

#define TRACEPARENT_LEN 55

static bool is_trusted(const struct app *app, const char *peer)
{
    struct net address;
    if (net_parse(str_of(peer), &address) != ERR_OK)
        return false;
    struct str rest = str_of(app->config.trusted_proxies);
    while (rest.n) {
        struct net proxy;
        if (net_parse(str_trim(str_cut(&rest, ',')), &proxy) == ERR_OK &&
            net_contains(&proxy, &address))
            return true;
    }
    return false;
}

static void random_hex(size_t bytes, char *ret_text)
{
    uint8_t raw[16];
    rng_bytes(raw, bytes);
    hex_encode(raw, bytes, ret_text);
}

/* W3C Trace Context, version 00: 00-<32 hex>-<16 hex>-<2 hex> */
static bool is_traceparent(const char *s)
{
    static const char form[] = "00-hhhhhhhhhhhhhhhhhhhhhhhhhhhhhhhh-hhhhhhhhhhhhhhhh-hh";
    if (strlen(s) != TRACEPARENT_LEN)
        return false;
    for (size_t i = 0; i < TRACEPARENT_LEN; i++) {
        bool hex = (s[i] >= '0' && s[i] <= '9') || (s[i] >= 'a' && s[i] <= 'f');
        if (form[i] == 'h' ? !hex : s[i] != form[i])
            return false;
    }
    return true;
}

/* nginx's, or ours. */
static void request_id_take(const struct http_exchange *xch, bool trusted,
                            char ret_id[HTTP_REQUEST_ID_MAX + 1])
{
    const char *id = trusted ? http_exchange_header(xch, "X-Request-Id") : NULL;
    if (id && http_is_request_id(str_of(id)))
        memcpy(ret_id, id, strlen(id) + 1);
    else
        random_hex(16, ret_id);
}

/* Who asks, and under which id: what nginx says is believed, what a stranger says is not. */
static enum err origin_take(struct reqx *x)
{
    struct req *r = &x->r;
    bool trusted = is_trusted(app_of(r->svc), http_exchange_peer(r->http));
    const char *ip = trusted ? req_header(r, "X-Real-IP") : NULL;
    struct net checked;
    if (!ip || strchr(ip, '/') || net_parse(str_of(ip), &checked) != ERR_OK)
        ip = http_exchange_peer(r->http);
    r->ip = arena_strdup(r->arena, ip);

    char id[HTTP_REQUEST_ID_MAX + 1], trace[HEX_SIZE(16)], span[HEX_SIZE(8)];
    request_id_take(r->http, trusted, id);
    r->request_id = arena_strdup(r->arena, id);

    random_hex(16, trace);
    random_hex(8, span);
    const char *parent = req_header(r, "traceparent");
    r->traceparent = parent && is_traceparent(parent)
                         ? arena_strdup(r->arena, parent)
                         : arena_printf(r->arena, "00-%s-%s-01", trace, span);
    return r->ip && r->request_id && r->traceparent ? ERR_OK : ERR_NO_MEMORY;
}

static void on_deadline(void *arg)
{
    struct reqx *x = arg;
    (void)req_fail(&x->r, ERR_TIMEOUT, NULL);
    req_finish(x);
}

static enum err deadline_start(struct reqx *x)
{
    const struct app *app = app_of(x->r.svc);
    int64_t ms =
        x->r.route->deadline_ms ? x->r.route->deadline_ms : app->config.request_deadline_ms;
    x->r.deadline_us = x->started_us + ms * USEC_PER_MSEC;
    x->deadline = loop_timer_new(x->r.svc->loop, on_deadline, x);
    if (!x->deadline)
        return ERR_NO_MEMORY;
    loop_timer_set(x->deadline, ms);
    return ERR_OK;
}

static enum err route_find(struct reqx *x, char **ret_allow)
{
    struct req *r = &x->r;
    struct str path = str_of(http_exchange_target(r->http));
    path = str_cut(&path, '?');
    struct router_match match = {0};
    const char *method = http_exchange_method(r->http);
    enum err e = router_find(app_of(r->svc)->router, r->arena, method, path, &match);
    if (e == ERR_METHOD_NOT_ALLOWED)
        *ret_allow = arena_strdup(r->arena, match.allow);
    if (e != ERR_OK)
        return e;
    if (match.route < health_routes || match.route >= health_routes + health_n_routes)
        app_of(r->svc)->asked_us = x->started_us;
    x->head = strcmp(method, "HEAD") == 0;
    r->route = match.route;
    memcpy(r->params, match.params, sizeof(r->params));
    if (match.route->ctx_bytes) {
        r->ctx = arena_alloc(r->arena, match.route->ctx_bytes);
        if (!r->ctx)
            return ERR_NO_MEMORY;
    }
    return ERR_OK;
}

static struct reqx *req_new(struct app *app, struct http_exchange *xch)
{
    struct arena *arena = app->n_free_arenas ? app->free_arenas[--app->n_free_arenas]
                                             : arena_new((size_t)app->config.request_arena_bytes);
    if (!arena)
        return NULL;
    struct reqx *x = arena_alloc(arena, sizeof(*x));
    if (!x) {
        arena_free(arena);
        return NULL;
    }
    x->r.svc = &app->svc;
    x->r.arena = arena;
    x->r.http = xch;
    x->r.now_us = clock_wall_us();
    x->started_us = clock_mono_us();
    x->stage = STAGE_ADMISSION;
    x->at = admission;
    return x;
}

/* Refused before it was a request of ours. */
static void refuse(const struct app *app, struct http_exchange *xch, enum err e)
{
    char id[HTTP_REQUEST_ID_MAX + 1];
    request_id_take(xch, is_trusted(app, http_exchange_peer(xch)), id);
    metric_add(&app_metrics[M_REFUSED], 1, err_code(e));
    log_context(id, NULL);
    log_event(LOG_INFO, "request.refused", LOG_S("code", err_code(e)),
              LOG_IP("peer", http_exchange_peer(xch)));
    log_context(NULL, NULL);
    req_problem_send(xch, e, id);
}

void app_handle(void *owner, struct http_exchange *xch, enum err refused)
{
    struct app *app = owner;
    if (refused != ERR_OK || app->state == APP_STOPPING) {
        refuse(app, xch, refused != ERR_OK ? refused : ERR_NOT_READY);
        return;
    }
    struct reqx *x = req_new(app, xch);
    if (!x) {
        refuse(app, xch, ERR_NO_MEMORY);
        return;
    }
    enum err e = idmap_put(app->requests, x, &x->r.id);
    if (e != ERR_OK) {
        req_release(x);
        refuse(app, xch, e);
        return;
    }
    metric_set(&app_metrics[M_IN_FLIGHT], (int64_t)idmap_count(app->requests));
    char *allow = NULL;
    e = origin_take(x);
    if (e != ERR_OK) {
        idmap_remove(app->requests, x->r.id);
        req_release(x);
        refuse(app, xch, e);
        return;
    }
    e = route_find(x, &allow);
    if (e == ERR_OK)
        e = deadline_start(x);
    if (allow)
        req_reply_header(&x->r, "Allow", allow);
    if (e != ERR_OK) {
        x->at = NULL;
        (void)req_fail(&x->r, e, NULL);
    }
    req_run(x);
}

/* --- the metrics port --------------------------------------------------------------------------
 */

static void metrics_refresh(struct app *app)
{
    metric_set(&app_metrics[M_CONNECTIONS], http_server_connections(app->server));
    metric_observe_us(&app_metrics[M_LONGEST_TURN], loop_longest_turn_us(app->svc.loop));
    metric_set(&app_metrics[M_PG_BUSY], (int64_t)pg_busy(app->svc.pg));
    metric_set(&app_metrics[M_LOG_DROPPED], (int64_t)log_dropped());
    metric_set(&app_metrics[M_MEMORY], (int64_t)mem_in_use());
}

void app_handle_metrics(void *owner, struct http_exchange *xch, enum err refused)
{
    struct app *app = owner;
    if (refused != ERR_OK || strcmp(http_exchange_target(xch), "/metrics") != 0) {
        refuse(app, xch, refused != ERR_OK ? refused : ERR_NOT_FOUND);
        return;
    }
    metrics_refresh(app);
    const struct metric *tables[] = {app_metrics, app->svc.desc->metrics};
    const size_t counts[] = {app_n_metrics, app->svc.desc->n_metrics};
    struct buf out = BUF_INIT(8u << 20);
    metrics_print(tables, counts, app->svc.desc->metrics ? 2 : 1, &out);
    struct http_reply reply = {
        .status = 200,
        .content_type = "text/plain; version=0.0.4; charset=utf-8",
        .body = buf_str(&out),
    };
    if (buf_err(&out) == ERR_OK)
        http_exchange_reply(xch, &reply);
    else
        refuse(app, xch, ERR_NO_MEMORY);
    buf_free(&out);
}
