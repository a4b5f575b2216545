/* Operations that a step waits for: a statement, a Redis command, an HTTP call, a piece of work on
 * another thread. Each remembers the request's id; a request that is gone drops the result. */
#include "common/buf.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common_sql.h"
#include "req_priv.h"

/* --- PostgreSQL ------------------------------------------------------------------------------ */

static void sql_failure(struct reqx *x, struct pg_result *result)
{
    struct req *r = &x->r;
    enum err e = pg_result_err(result);
    const char *pointer = pg_result_pointer(result), *detail = pg_result_detail(result);
    x->key_asked = true;
    if (pointer && detail)
        field_issue_add(&x->issues, pointer, detail);
    if (err_status(e) >= 500 || e == ERR_INVALID)
        req_note(r, "sql %s: %s", pg_result_sqlstate(result), pg_result_message(result));
    (void)req_fail(r, e, detail ? "%s" : NULL, detail);
}

static void on_rows(void *owner, uint64_t id, struct pg_result *result)
{
    struct reqx *x = req_find(owner, id);
    if (!x) {
        pg_result_free(result);
        return;
    }
    /* On failure the result has been freed: the request is out of memory. */
    if (arena_defer(x->r.arena, pg_result_free, result) != ERR_OK) {
        (void)req_fail(&x->r, ERR_NO_MEMORY, NULL);
        req_resume_failed(x);
        return;
    }
    if (pg_result_err(result) == ERR_OK) {
        x->r.rows = result;
        req_resume(owner, id);
        return;
    }
    sql_failure(x, result);
    req_resume_failed(x);
}

enum step_rc req_pg(struct req *r, const struct pg_stmt *stmt, struct pg_args args)
{
    if (arena_overflowed(r->arena))
        return req_fail(r, ERR_TOO_LARGE, NULL);
    if (args.n > 0 && !args.v[0]) /* the context: NULL would ask for nobody, at no time */
        return req_fail(r, ERR_NO_MEMORY, NULL);
    enum err e = pg_exec(r->svc->pg, stmt, args, on_rows, r->svc, r->id);
    return e == ERR_OK ? STEP_WAIT : req_fail(r, e, NULL);
}

static void ctx_stations(struct json_writer *w, const struct caller *c)
{
    json_open(w, "stations", '[');
    for (size_t i = 0; i < c->n_stations; i++)
        json_put_cstr(w, NULL, c->stations[i]);
    json_close(w, ']');
}

const char *req_sql_ctx(struct req *r)
{
    struct reqx *x = reqx_of(r);
    if (x->sql_ctx)
        return x->sql_ctx;
    char now[RFC3339_SIZE];
    clock_rfc3339(r->now_us, now);
    struct buf b = BUF_INIT(8192);
    struct json_writer w = JSON_WRITER(&b);
    json_open(&w, NULL, '{');
    json_put_cstr(&w, "now", now);
    json_put_cstr(&w, "request_id", r->request_id);
    json_put_cstr(&w, "traceparent", r->traceparent);
    json_put_cstr(&w, "ip", r->ip);
    json_put_cstr(&w, "service", r->svc->desc->name);
    json_put_cstr(&w, "route", r->route ? r->route->name : NULL);
    if (r->caller.known) {
        json_put_cstr(&w, "user", r->caller.user_id);
        if (r->caller.session_id[0])
            json_put_cstr(&w, "session", r->caller.session_id);
        json_put_cstr(&w, "role", r->caller.role);
        ctx_stations(&w, &r->caller);
    } else if (r->link) {
        json_put_cstr(&w, "link", r->link);
        json_put_cstr(&w, "role", "LINK");
    }
    json_put_cstr(&w, "scope", scope_name(r->scope));
    if (r->idempotency_key) {
        json_put_cstr(&w, "key", r->idempotency_key);
        json_put_cstr(&w, "fingerprint", x->fingerprint);
    }
    json_close(&w, '}');
    /* NULL, when it does not fit or there is no memory: then req_pg() fails the request. */
    x->sql_ctx = arena_take(r->arena, &b);
    return x->sql_ctx;
}

/* --- the reply that was given before ---------------------------------------------------------- */

enum step_rc stored_load(struct req *r)
{
    return req_pg(r, &sql_reply_stored, PG_ARGS(req_sql_ctx(r)));
}

enum step_rc stored_mark(struct req *r)
{
    req_reply_header(r, "Idempotency-Replayed", "true");
    return STEP_NEXT;
}

const struct step replay[] = {
    STEP(stored_load), STEP(stored_mark), STEP(reply_row), STEP_END,
};

static enum step_rc key_claim(struct req *r)
{
    return req_pg(r, &sql_reply_claim, PG_ARGS(req_sql_ctx(r)));
}

const struct step key_ask[] = {
    STEP(key_claim), STEP(req_fail_caught), /* nobody has used the key */
                          STEP_END,
};

/* --- Redis ------------------------------------------------------------------------------------ */

#define REDIS_COPY_MAX_ITEMS 1000

/* A copy in the arena, or NULL when it is full. One level of nesting is all that our commands give.
 */
static struct redis_value *value_copy(struct arena *a, const struct redis_value *v, int depth)
{
    struct redis_value *copy = arena_alloc(a, sizeof(*copy));
    if (!copy || depth > 2 || (v->type == REDIS_ARRAY && v->n > REDIS_COPY_MAX_ITEMS))
        return NULL;
    *copy = *v;
    if (v->type == REDIS_STR && !(copy->s = arena_strndup(a, v->s, v->n)))
        return NULL;
    if (v->type != REDIS_ARRAY)
        return copy;
    struct redis_value *items = arena_alloc(a, v->n * sizeof(*items) + 1);
    if (!items)
        return NULL;
    for (size_t i = 0; i < v->n; i++) {
        const struct redis_value *item = value_copy(a, &v->items[i], depth + 1);
        if (!item)
            return NULL;
        items[i] = *item;
    }
    copy->items = items;
    return copy;
}

static void on_redis(void *owner, uint64_t id, enum err e, const struct redis_value *value)
{
    struct reqx *x = req_find(owner, id);
    if (!x)
        return;
    x->r.redis = e == ERR_OK ? value_copy(x->r.arena, value, 0) : NULL;
    req_resume(owner, id);
}

enum step_rc req_redis(struct req *r, struct redis_args args)
{
    r->redis = NULL;
    enum err e = redis_command(r->svc->redis, args, on_redis, r->svc, r->id);
    return e == ERR_OK ? STEP_WAIT : STEP_NEXT; /* no Redis: no value */
}

/* --- HTTP ------------------------------------------------------------------------------------- */

static void on_answer(void *owner, uint64_t id, enum err e, const struct http_answer *answer)
{
    struct reqx *x = req_find(owner, id);
    if (!x)
        return;
    struct http_answer *copy = arena_alloc(x->r.arena, sizeof(*copy));
    char *body = copy && answer
                     ? arena_strndup(x->r.arena, answer->body ? answer->body : "", answer->body_len)
                     : NULL;
    if (body) {
        *copy = *answer;
        copy->body = body;
        copy->why = NULL;
    }
    x->r.answer = body ? copy : NULL;
    x->r.op_err = e == ERR_OK && !body ? ERR_TOO_LARGE : e;
    if (e != ERR_OK && answer && answer->why)
        req_note(&x->r, "call: %s", answer->why);
    req_resume(owner, id);
}

enum step_rc req_call(struct req *r, const struct http_call *call)
{
    r->answer = NULL;
    enum err e = http_client_send(r->svc->http, call, on_answer, r->svc, r->id);
    return e == ERR_OK ? STEP_WAIT : req_fail(r, e, NULL);
}

/* --- work on another thread --------------------------------------------------------------------
 */

struct work {
    struct svc *svc;
    struct reqx *x; /* pinned: its arena stays until the work has ended */
    uint64_t id;
    void (*run)(void *arg);
    void *arg;
};

static void work_run(void *arg)
{
    struct work *w = arg;
    w->run(w->arg);
}

static void on_work(void *arg)
{
    struct work w = *(struct work *)arg;
    mem_free(arg);
    w.x->pins--;
    if (!w.x->done)
        req_resume(w.svc, w.id);
    else if (w.x->pins == 0)
        req_release(w.x);
}

enum step_rc req_work(struct req *r, void (*run)(void *arg), void *arg)
{
    struct reqx *x = reqx_of(r);
    struct work *w = mem_alloc(sizeof(*w));
    if (!w)
        return req_fail(r, ERR_NO_MEMORY, NULL);
    *w = (struct work){.svc = r->svc, .x = x, .id = r->id, .run = run, .arg = arg};
    enum err e = work_submit(r->svc->work, work_run, on_work, w);
    if (e != ERR_OK) {
        mem_free(w);
        return req_fail(r, e, NULL);
    }
    x->pins++;
    return STEP_WAIT;
}
