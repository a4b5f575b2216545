/* What steps say: replies, failures, headers; and the usual last step, reply_row(). */
#include <stdarg.h>

#include "common/log.h"
#include "list.h"
#include "req_priv.h"

#define JSON_TYPE "application/json; charset=utf-8"

enum step_rc req_fail(struct req *r, enum err e, const char *fmt, ...)
{
    struct reqx *x = reqx_of(r);
    bool ours = e == ERR_TOO_LARGE && arena_starved(r->arena); /* its sender did nothing wrong */
    x->err = ours ? ERR_NO_MEMORY : e;
    x->detail = NULL;
    if (fmt) {
        va_list ap;
        va_start(ap, fmt);
        x->detail = arena_vprintf(r->arena, fmt, ap); /* NULL when full: the title remains */
        va_end(ap);
    }
    return STEP_FAIL;
}

enum step_rc req_fail_field(struct req *r, const char *pointer, const char *reason)
{
    field_issue_add(&reqx_of(r)->issues, pointer, reason);
    return req_fail(r, ERR_INVALID, NULL);
}

enum step_rc req_fail_caught(struct req *r)
{
    struct reqx *x = reqx_of(r);
    x->err = r->caught == ERR_OK ? ERR_INTERNAL : r->caught;
    x->detail = r->caught_detail;
    x->issues = x->caught_issues;
    return STEP_FAIL;
}

void req_note(struct req *r, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    reqx_of(r)->note = arena_vprintf(r->arena, fmt, ap);
    va_end(ap);
}

void req_problem_member(struct req *r, const char *name, const char *json)
{
    struct reqx *x = reqx_of(r);
    if (x->n_members < PROBLEM_MAX_MEMBERS)
        x->members[x->n_members++] = (struct http_header){name, json};
}

void req_reply_header(struct req *r, const char *name, const char *value)
{
    struct reqx *x = reqx_of(r);
    for (const char *p = value; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            return; /* a value with a line end would split the reply */
    for (size_t i = 0; i < x->n_headers; i++) {
        if (strcmp(x->headers[i].name, name) == 0) {
            x->headers[i].value = value;
            return;
        }
    }
    if (x->n_headers < REPLY_MAX_HEADERS)
        x->headers[x->n_headers++] = (struct http_header){name, value};
}

enum step_rc req_reply_as(struct req *r, int status, const char *content_type, struct str body)
{
    struct reqx *x = reqx_of(r);
    int usual = r->route->status ? r->route->status : 200;
    x->status = status ? status : usual;
    x->content_type = content_type;
    x->body = body;
    return STEP_DONE;
}

enum step_rc req_reply(struct req *r, int status, struct str json)
{
    return req_reply_as(r, status, JSON_TYPE, json);
}

enum step_rc req_reply_empty(struct req *r, int status)
{
    return req_reply_as(r, status, NULL, (struct str){0});
}

const char *req_query(const struct req *r, const char *name)
{
    const struct reqx *x = reqx_of_const(r);
    for (size_t i = 0; i < x->n_query; i++)
        if (strcmp(x->query[i].name, name) == 0)
            return x->query[i].value;
    return NULL;
}

int req_limit(const struct req *r)
{
    const struct reqx *x = reqx_of_const(r);
    return x->limit ? x->limit : LIST_DEFAULT_LIMIT;
}

const char *req_cursor(const struct req *r)
{
    return reqx_of_const(r)->cursor;
}

struct str req_body(const struct req *r)
{
    return r->http ? http_exchange_body(r->http) : (struct str){"", 0};
}

const char *req_header(const struct req *r, const char *name)
{
    return r->http ? http_exchange_header(r->http, name) : NULL;
}

enum err req_sign(struct req *r, const char *purpose, struct str payload, const char **ret_text)
{
    return keyring_sign(r->svc->keyring, purpose, r->arena, payload, ret_text);
}

enum err req_unsign(struct req *r, const char *purpose, const char *text, struct str *ret_payload)
{
    return keyring_verify(r->svc->keyring, purpose, r->arena, str_of(text), ret_payload);
}

/* {"items": [...], "next_cursor": "...", "limit": 20} */
static enum step_rc reply_list(struct req *r, struct str items)
{
    const char *next = pg_first(r->rows, "next"), *cursor = NULL;
    if (next) {
        const char *purpose = arena_printf(r->arena, "cursor:%s", r->route->name);
        if (!purpose || req_sign(r, purpose, str_of(next), &cursor) != ERR_OK)
            return req_fail(r, ERR_NO_MEMORY, NULL);
    }
    const char *total = pg_first(r->rows, "total");
    size_t size = items.n + (cursor ? strlen(cursor) : 0) + 128;
    char *text = arena_alloc(r->arena, size);
    if (!text)
        return req_fail(r, ERR_TOO_LARGE, NULL);
    int n =
        snprintf(text, size, "{\"items\":%.*s,\"next_cursor\":%s%s%s,\"limit\":%d%s%s}",
                 (int)items.n, items.p, cursor ? "\"" : "", cursor ? cursor : "null",
                 cursor ? "\"" : "", req_limit(r), total ? ",\"total\":" : "", total ? total : "");
    return req_reply(r, 0, (struct str){text, (size_t)n});
}

enum step_rc reply_row(struct req *r)
{
    int body = r->rows ? pg_col(r->rows, "body") : -1;
    const char *text = body >= 0 ? pg_get(r->rows, 0, body) : NULL;
    if (r->rows && pg_rows(r->rows) == 0)
        return req_fail(r, ERR_NOT_FOUND, NULL);
    const char *location = pg_first(r->rows, "location"), *etag = pg_first(r->rows, "etag");
    if (location)
        req_reply_header(r, "Location", location);
    if (etag) {
        char *quoted = arena_printf(r->arena, "\"%s\"", etag);
        if (quoted)
            req_reply_header(r, "ETag", quoted);
    }
    int status = 0;
    const char *status_text = pg_first(r->rows, "status");
    int64_t number;
    if (status_text && str_to_i64(str_of(status_text), 100, 599, &number) == ERR_OK)
        status = (int)number;
    if (!text)
        return req_reply_empty(r, status);
    struct str json = {text, pg_len(r->rows, 0, body)};
    return r->route->flags & ROUTE_LIST ? reply_list(r, json) : req_reply(r, status, json);
}

void req_reply_member(struct req *r, const char *name, const char *json)
{
    struct reqx *x = reqx_of(r);
    if (x->body.n < 2 || x->body.p[x->body.n - 1] != '}')
        return;
    bool empty = x->body.n == 2;
    char *text = arena_printf(r->arena, "%.*s%s\"%s\":%s}", (int)x->body.n - 1, x->body.p,
                              empty ? "" : ",", name, json);
    if (text)
        x->body = str_of(text);
}

enum step_rc ring_bus(struct req *r)
{
    reqx_of(r)->bus_changed = true;
    return STEP_NEXT;
}
