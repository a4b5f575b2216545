/* The edges of the runner, faked: one HTTP exchange at a time, and a database that answers what the
 * test says. The linker takes these instead of the ones in libcommon.a. */
#ifndef TESTS_UNIT_APP_RUNNER_FAKES_H
#define TESTS_UNIT_APP_RUNNER_FAKES_H

#include "torture.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "../../../libcommon/app/req_priv.h"

/* --- a connection: one exchange at a time --------------------------------------------------- */

struct http_exchange {
    const char *method, *target;
    struct http_header headers[8];
    struct str body;
};

static struct http_exchange exchange;
static struct {
    int count, status;
    char type[80], body[8192], headers[2048];
} sent;

const char *http_exchange_method(const struct http_exchange *x)
{
    return x->method;
}

const char *http_exchange_target(const struct http_exchange *x)
{
    return x->target;
}

const char *http_exchange_header(const struct http_exchange *x, const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(x->headers) && x->headers[i].name; i++)
        if (str_eq_nocase(str_of(x->headers[i].name), str_of(name)))
            return x->headers[i].value;
    return NULL;
}

struct str http_exchange_body(const struct http_exchange *x)
{
    return x->body.p ? x->body : STR("");
}

const char *http_exchange_peer(const struct http_exchange *x)
{
    (void)x;
    return "127.0.0.1";
}

void http_exchange_reply(struct http_exchange *x, const struct http_reply *reply)
{
    (void)x;
    sent.count++;
    sent.status = reply->status;
    snprintf(sent.type, sizeof(sent.type), "%s", reply->content_type ? reply->content_type : "");
    snprintf(sent.body, sizeof(sent.body), "%.*s", (int)reply->body.n, reply->body.p);
    size_t n = 0;
    sent.headers[0] = '\0';
    for (size_t i = 0; i < reply->n_headers; i++)
        n += (size_t)snprintf(sent.headers + n, sizeof(sent.headers) - n, "%s: %s\n",
                              reply->headers[i].name, reply->headers[i].value);
}

/* --- a database: the statement waits until the test answers ----------------------------------- */

struct pg_result {
    enum err err;
    const char *body, *etag, *next, *detail, *pointer;
    int rows;
};

static struct {
    pg_done_fn *done;
    void *owner;
    uint64_t id;
    const char *name;
    char ctx[2048];
    int count;
} asked;

enum err pg_exec(struct pg *pg, const struct pg_stmt *stmt, struct pg_args args, pg_done_fn *done,
                 void *owner, uint64_t id)
{
    (void)pg;
    asked.done = done;
    asked.owner = owner;
    asked.id = id;
    asked.name = stmt->name;
    asked.count++;
    snprintf(asked.ctx, sizeof(asked.ctx), "%s", args.n && args.v[0] ? args.v[0] : "");
    return ERR_OK;
}

static int results_alive;

static inline void answer(struct pg_result result)
{
    struct pg_result *r = malloc(sizeof(*r));
    assert_non_null(r);
    *r = result;
    results_alive++;
    asked.done(asked.owner, asked.id, r);
}

void pg_result_free(void *result)
{
    results_alive--;
    free(result);
}

enum err pg_result_err(const struct pg_result *r)
{
    return r->err;
}

const char *pg_result_detail(const struct pg_result *r)
{
    return r->detail;
}

const char *pg_result_pointer(const struct pg_result *r)
{
    return r->pointer;
}

const char *pg_result_sqlstate(const struct pg_result *r)
{
    (void)r;
    return "";
}

const char *pg_result_message(const struct pg_result *r)
{
    (void)r;
    return "";
}

int pg_rows(const struct pg_result *r)
{
    return r->rows;
}

int pg_col(const struct pg_result *r, const char *name)
{
    (void)r;
    return strcmp(name, "body") == 0 ? 0 : -1;
}

const char *pg_get(const struct pg_result *r, int row, int col)
{
    return row < r->rows && col == 0 ? r->body : NULL;
}

size_t pg_len(const struct pg_result *r, int row, int col)
{
    const char *s = pg_get(r, row, col);
    return s ? strlen(s) : 0;
}

const char *pg_first(const struct pg_result *r, const char *name)
{
    if (strcmp(name, "etag") == 0)
        return r->etag;
    return strcmp(name, "next") == 0 ? r->next : NULL;
}

bool pg_ready(const struct pg *pg, const char **ret_why)
{
    (void)pg, (void)ret_why;
    return true;
}

size_t pg_busy(const struct pg *pg)
{
    (void)pg;
    return 0;
}

/* --- what the runner calls beside them: nothing is there ----------------------------------------
 */

bool feature_enabled(const struct app *a, const char *name)
{
    for (size_t i = 0; i < a->n_features_off; i++)
        if (strcmp(a->features_off[i], name) == 0)
            return false;
    return true;
}

void bus_ring(struct bus *b)
{
    (void)b;
}

enum err ratelimit_take(struct ratelimit *rl, const char *subject, struct rate rate,
                        ratelimit_done_fn *done, void *owner, uint64_t id)
{
    (void)rl, (void)subject, (void)rate, (void)done, (void)owner, (void)id;
    return ERR_UNAVAILABLE;
}

bool redis_ready(const struct redis *r)
{
    (void)r;
    return false;
}

/* Redis and the world outside take what they are told while `there`; the test answers. */
static struct {
    bool there;
    redis_done_fn *done;
    void *owner;
    uint64_t id;
} told;

enum err redis_command(struct redis *r, struct redis_args args, redis_done_fn *done, void *owner,
                       uint64_t id)
{
    (void)r, (void)args;
    if (!told.there)
        return ERR_UNAVAILABLE;
    told.done = done;
    told.owner = owner;
    told.id = id;
    return ERR_OK;
}

static struct {
    bool there;
    http_client_done_fn *done;
    void *owner;
    uint64_t id;
} called;

enum err http_client_send(struct http_client *c, const struct http_call *call,
                          http_client_done_fn *done, void *owner, uint64_t id)
{
    (void)c, (void)call;
    if (!called.there)
        return ERR_UNAVAILABLE;
    called.done = done;
    called.owner = owner;
    called.id = id;
    return ERR_OK;
}

unsigned http_server_connections(const struct http_server *s)
{
    (void)s;
    return 0;
}

#endif
