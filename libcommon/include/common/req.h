/* One unit of work: an HTTP request on its way through its route's steps.
 *
 * A step gets the struct req and nothing else. Whatever lives as long as the request is allocated
 * in r->arena. An operation that a step starts remembers r->id; when it completes and the request
 * is gone, its result is dropped. */
#ifndef COMMON_REQ_H
#define COMMON_REQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/http_client.h"
#include "common/json.h"
#include "common/pg.h"
#include "common/redis.h"
#include "common/route.h"
#include "common/service.h"
#include "common/token.h"

#define REQ_MAX_PARAMS 4

struct http_exchange; /* see http_server.h */

struct req {
    uint64_t id;
    struct svc *svc;
    struct arena *arena;
    const struct route *route;
    struct caller caller;
    enum scope scope; /* of the route's permission; SCOPE_NONE on public routes */
    /* On a ROUTE_LINK route: what the caller's "Authorization: Link TOKEN" is good for, in the
     * words of whoever signed it (purpose "link"), or NULL. He is nobody with the scope `own`;
     * whether it is still good, and for this object, is for SQL to say, which finds it as `link` in
     * $1. */
    const char *link;

    const char *request_id; /* from nginx, or ours */
    const char *traceparent;
    const char *ip; /* of the client, as nginx says */
    const char *idempotency_key;
    const char *if_match; /* the version in the entity tag, or NULL */
    int64_t now_us;       /* wall clock at arrival: the time of everything this request does */
    int64_t deadline_us;  /* monotonic */

    const char *params[REQ_MAX_PARAMS]; /* path parameters, validated, in order */
    void *in;                           /* the bound struct of route->in, or NULL */
    const char *in_json;                /* the normalised body, for $n::jsonb; "{}" without one */
    void *ctx;                          /* the steps' own struct, zeroed */

    struct pg_result *rows;             /* of the last req_pg() */
    const struct http_answer *answer;   /* of the last req_call(); copied, but for its headers */
    const struct redis_value *redis;    /* of the last req_redis(); copied; NULL: not available */
    enum err op_err;                    /* of the last req_work()/req_call() */
    struct str cached;                  /* of the last req_cache_get(); p NULL: a miss */
    const char *cache_kind, *cache_key; /* what req_cache_put() fills; NULL: nothing */

    /* For CATCH rows: the first failure since the start or the last req_goto(), as it was worded
     * for the client; ERR_OK: none. What else fails on the way does not change it. */
    enum err caught;
    const char *caught_detail;

    struct http_exchange *http;
};

/* --- failing ------------------------------------------------------------------------------- */

/* Words the failure for the client and returns STEP_FAIL. fmt NULL: the title says it all. */
enum step_rc req_fail(struct req *r, enum err e, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* ERR_INVALID with one pointer and reason, as the validation says it. */
enum step_rc req_fail_field(struct req *r, const char *pointer, const char *reason);
/* The last CATCH row for what is not mended: fails with r->caught again, in its own words. */
enum step_rc req_fail_caught(struct req *r);
/* For the log only: what the operator needs to know about the failure. */
void req_note(struct req *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* An extension member of the problem document: name and JSON text. */
void req_problem_member(struct req *r, const char *name, const char *json);

/* --- what came in -------------------------------------------------------------------------- */

/* The validated query parameter as text, or NULL when absent. */
const char *req_query(const struct req *r, const char *name);
/* limit and cursor of a list route: limit is 1-100; the cursor's payload (signed by us for this
 * route), or NULL on the first page. */
int req_limit(const struct req *r);
const char *req_cursor(const struct req *r);
struct str req_body(const struct req *r); /* as received */
const char *req_header(const struct req *r, const char *name);

/* --- waiting: each starts one operation and returns STEP_WAIT, or fails --------------------- */

/* Runs a statement; the rows are in r->rows at the next step. An SQL error fails the request as
 * pg_result_err() says; a CATCH row may take it. */
enum step_rc req_pg(struct req *r, const struct pg_stmt *stmt, struct pg_args args);

/* The context that every statement with a $1 jsonb gets:
 *   {now, request_id, ip, user, session, role, scope, stations, link, key, fingerprint, route}
 * bus.audit(), bus.emit(), bus.reply_claim() and bus.reply_store() read it. */
const char *req_sql_ctx(struct req *r);

/* Runs run(arg) on the worker pool; arg must live in r->ctx's owner: it is copied by address, and
 * the request is kept until it ends. */
enum step_rc req_work(struct req *r, void (*run)(void *arg), void *arg);
/* Asks a server outside. At the next step r->op_err is what http_client_done_fn says, and r->answer
 * what came, or NULL. Fails at once when the call cannot begin. */
enum step_rc req_call(struct req *r, const struct http_call *call);
/* The value is in r->redis at the next step; NULL without Redis. */
enum step_rc req_redis(struct req *r, struct redis_args args);
/* Looks a reply up, see cache.h; kind and key live as long as the request. Without a cache this is
 * a miss, at once. Whoever missed puts what he finds, as soon as he has it. */
enum step_rc req_cache_get(struct req *r, const char *kind, const char *key);
void req_cache_put(struct req *r, struct str text, int ttl_s);
/* Jumps to the row of that step function (a retry); rare. */
enum step_rc req_goto(struct req *r, step_fn *fn);

/* --- replying ------------------------------------------------------------------------------ */

/* json lives in the arena or in r->rows. status 0: the route's. */
enum step_rc req_reply(struct req *r, int status, struct str json);
/* Any content type: a calendar feed, a CSV. */
enum step_rc req_reply_as(struct req *r, int status, const char *content_type, struct str body);
enum step_rc req_reply_empty(struct req *r, int status);
/* name is a literal; value is checked for line ends. */
void req_reply_header(struct req *r, const char *name, const char *value);

/* The usual last step. Reads the first row of r->rows: column `body` (JSON), and where present
 * `status`, `etag`, `location`; on list routes `body` is the array and `next` the payload of the
 * cursor to come (NULL: last page), `total` where counted. No row: ERR_NOT_FOUND. */
enum step_rc reply_row(struct req *r);
/* Adds a member to the JSON object that a step has just replied with. json lives in the arena. */
void req_reply_member(struct req *r, const char *name, const char *json);
/* Rows for a route that adds to what it stored: CATCH(ERR_KEY_REPLAY, stored_load) finds the reply
 * that was given before under the same key, as r->rows; stored_mark says in a header that it is. */
enum step_rc stored_load(struct req *r);
enum step_rc stored_mark(struct req *r);
/* After the commit of a write: rings the bus's doorbell and goes on. */
enum step_rc ring_bus(struct req *r);

/* Signs a text that a client keeps for us (quote, feed link), and reads it back. */
enum err req_sign(struct req *r, const char *purpose, struct str payload, const char **ret_text);
enum err req_unsign(struct req *r, const char *purpose, const char *text, struct str *ret_payload);

#endif
