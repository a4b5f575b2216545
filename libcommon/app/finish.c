/* The end of a request: its reply or problem document goes out, one line is logged, the metrics are
 * counted, and its memory is released once nobody on another thread uses it. */
#include <stdio.h>

#include "common/clock.h"
#include "common/encode.h"
#include "common/log.h"
#include "common/mem.h"
#include "req_priv.h"
#include "sealed.h"

#define PROBLEM_TYPE "application/problem+json; charset=utf-8"
#define PROBLEM_URI "urn:myhibachi:problem:"
#define PROBLEM_MAX_BYTES 65536
#define PROBLEM_SMALL_SIZE 512

static void problem_write(struct buf *out, enum err e, const char *detail, const char *request_id,
                          const struct reqx *x)
{
    struct json_writer w = JSON_WRITER(out);
    char type[96];
    (void)snprintf(type, sizeof(type), PROBLEM_URI "%s", err_code(e));
    json_open(&w, NULL, '{');
    json_put_cstr(&w, "type", type);
    json_put_cstr(&w, "title", err_title(e));
    json_put_i64(&w, "status", err_status(e));
    json_put_cstr(&w, "code", err_code(e));
    if (detail)
        json_put_cstr(&w, "detail", detail);
    json_put_cstr(&w, "request_id", request_id);
    if (x && x->issues.n) {
        json_open(&w, "errors", '[');
        for (size_t i = 0; i < x->issues.n; i++) {
            json_open(&w, NULL, '{');
            json_put_cstr(&w, "pointer", x->issues.list[i].pointer);
            json_put_cstr(&w, "reason", x->issues.list[i].reason);
            json_close(&w, '}');
        }
        json_close(&w, ']');
    }
    for (size_t i = 0; x && i < x->n_members; i++)
        json_put_raw(&w, x->members[i].name, str_of(x->members[i].value));
    json_close(&w, '}');
}

/* The document in `out`; when there was no memory for all of it a small one, in `small`: half of it
 * would be no JSON. */
static struct str problem_text(const struct buf *out, enum err e, const char *request_id,
                               char small[PROBLEM_SMALL_SIZE])
{
    if (buf_err(out) == ERR_OK)
        return buf_str(out);
    (void)snprintf(small, PROBLEM_SMALL_SIZE,
                   "{\"type\":\"" PROBLEM_URI "%s\",\"title\":\"%s\",\"status\":%d,"
                   "\"code\":\"%s\",\"request_id\":\"%s\"}",
                   err_code(e), err_title(e), err_status(e), err_code(e), request_id);
    return str_of(small);
}

static bool is_server_fault(enum err e)
{
    int status = err_status(e);
    return status >= 500;
}

void req_problem_send(struct http_exchange *xch, enum err e, const char *request_id)
{
    struct buf body = BUF_INIT(PROBLEM_MAX_BYTES);
    char small[PROBLEM_SMALL_SIZE];
    problem_write(&body, e, NULL, request_id, NULL);
    struct http_header headers[] = {
        {"Cache-Control", "no-store"}, {"X-Request-Id", request_id}, {"Retry-After", "1"}};
    struct http_reply reply = {
        .status = err_status(e),
        .content_type = PROBLEM_TYPE,
        .body = problem_text(&body, e, request_id, small),
        .headers = headers,
        .n_headers = err_status(e) == 503 ? 3 : 2,
        .close = true,
    };
    http_exchange_reply(xch, &reply);
    buf_free(&body);
}

/* The reply of a failed request. The body is in `out`, which the caller frees, or in `small`. */
static void problem_prepare(struct reqx *x, struct buf *out, char small[PROBLEM_SMALL_SIZE])
{
    problem_write(out, x->err, x->detail, x->r.request_id, x);
    x->status = err_status(x->err);
    x->content_type = PROBLEM_TYPE;
    x->body = problem_text(out, x->err, x->r.request_id, small);
    if (x->status == 503)
        req_reply_header(&x->r, "Retry-After", "1");
    if (x->status == 401)
        req_reply_header(&x->r, "WWW-Authenticate", "Bearer");
}

/* Weak entity tag of a body, for lists and other replies that have no version of their own. */
static void etag_add(struct reqx *x)
{
    uint8_t digest[SHA256_SIZE];
    if (sha256(x->body, digest) != ERR_OK)
        return;
    char hex[HEX_SIZE(16)];
    hex_encode(digest, 16, hex);
    char *tag = arena_printf(x->r.arena, "W/\"%s\"", hex);
    if (tag)
        req_reply_header(&x->r, "ETag", tag);
}

static const char *reply_header_get(const struct reqx *x, const char *name)
{
    for (size_t i = 0; i < x->n_headers; i++)
        if (strcmp(x->headers[i].name, name) == 0)
            return x->headers[i].value;
    return NULL;
}

/* RFC 9110 section 13.1.2: weak comparison against a list of tags. */
static bool etag_listed(const char *list, const char *tag)
{
    struct str bare = str_of(tag);
    if (str_starts(bare, STR("W/")))
        bare = (struct str){bare.p + 2, bare.n - 2};
    struct str rest = str_of(list);
    while (rest.n) {
        struct str one = str_trim(str_cut(&rest, ','));
        if (str_starts(one, STR("W/")))
            one = (struct str){one.p + 2, one.n - 2};
        if (str_eq(one, bare) || str_eq(one, STR("*")))
            return true;
    }
    return false;
}

static void conditional_reply(struct reqx *x)
{
    if (!x->r.route || x->r.route->method != GET || x->status != 200)
        return;
    if (!reply_header_get(x, "ETag"))
        etag_add(x);
    const char *tag = reply_header_get(x, "ETag");
    const char *wanted = req_header(&x->r, "If-None-Match");
    if (!tag || !wanted || !etag_listed(wanted, tag))
        return;
    x->status = 304;
    x->content_type = NULL;
    x->body = (struct str){0};
}

static void usual_headers(struct reqx *x)
{
    req_reply_header(&x->r, "X-Request-Id", x->r.request_id);
    if (!reply_header_get(x, "Cache-Control"))
        req_reply_header(&x->r, "Cache-Control", "no-store");
}

/* 204 has no body whatever the row gave (RFC 9110 section 15.3.5). HEAD tells the length that GET
 * would have. */
static void body_fit(struct reqx *x)
{
    if (x->status == 204) {
        x->content_type = NULL;
        x->body = (struct str){0};
    }
    if (x->head) {
        const char *length = arena_printf(x->r.arena, "%zu", x->body.n);
        if (length)
            req_reply_header(&x->r, "Content-Length", length);
    }
}

static void reply_send(struct reqx *x)
{
    struct http_reply reply = {
        .status = x->status,
        .content_type = x->content_type,
        .body = x->head ? (struct str){0} : x->body,
        .headers = x->headers,
        .n_headers = x->n_headers,
    };
    struct http_exchange *xch = x->r.http;
    x->r.http = NULL;
    http_exchange_reply(xch, &reply);
}

static void request_log(const struct reqx *x, int64_t took_us)
{
    const struct req *r = &x->r;
    enum log_level level = LOG_INFO;
    if (r->route && r->route->tier == TIER_NONE)
        level = LOG_DEBUG; /* health probes, several a second */
    else if (x->err != ERR_OK && is_server_fault(x->err))
        level = LOG_ERROR;
    log_context(r->request_id, x->err != ERR_OK && x->at ? x->at->name : NULL);
    log_event(level, "request.done", LOG_S("route", r->route ? r->route->name : "-"),
              LOG_I("status", x->status), LOG_I("duration_us", took_us),
              LOG_I("bytes", (int64_t)x->body.n),
              LOG_S("user", r->caller.known ? r->caller.user_id : NULL), LOG_IP("ip", r->ip),
              LOG_S("code", x->err == ERR_OK ? NULL : err_code(x->err)), LOG_S("note", x->note));
    log_context(NULL, NULL);
}

static const char *status_text(int status, char text[4])
{
    text[0] = (char)('0' + status / 100);
    text[1] = (char)('0' + status / 10 % 10);
    text[2] = (char)('0' + status % 10);
    text[3] = '\0';
    return text;
}

void req_finish(struct reqx *x)
{
    struct app *app = app_of(x->r.svc);
    x->done = true;
    if (x->err == ERR_OK && x->status == 0) {
        x->err = ERR_INTERNAL; /* the rows ended without a reply: our bug, the client's 500 */
        req_note(&x->r, "no reply");
    }
    if (x->err == ERR_OK)
        x->err = sealed_open(x);
    struct buf problem = BUF_INIT(PROBLEM_MAX_BYTES);
    char small[PROBLEM_SMALL_SIZE];
    if (x->err != ERR_OK)
        problem_prepare(x, &problem, small);
    conditional_reply(x);
    body_fit(x);
    usual_headers(x);

    int64_t took_us = clock_mono_us() - x->started_us;
    const char *route = x->r.route ? x->r.route->name : "-";
    char text[4];
    metric_add(&app_metrics[M_REQUESTS], 1, route, status_text(x->status, text));
    metric_observe_us(&app_metrics[M_DURATION], took_us, route);
    request_log(x, took_us);
    reply_send(x);
    buf_free(&problem);

    loop_timer_free(x->deadline);
    x->deadline = NULL;
    if (x->bus_changed && x->r.svc->bus)
        bus_ring(x->r.svc->bus);
    idmap_remove(app->requests, x->r.id);
    metric_set(&app_metrics[M_IN_FLIGHT], (int64_t)idmap_count(app->requests));
    if (x->pins == 0)
        req_release(x);
}

/* The struct itself lives in its arena. */
void req_release(struct reqx *x)
{
    struct app *app = app_of(x->r.svc);
    struct arena *arena = x->r.arena;
    if (app->n_free_arenas == APP_FREE_ARENAS) {
        arena_free(arena);
        return;
    }
    arena_reset(arena);
    app->free_arenas[app->n_free_arenas++] = arena;
}
