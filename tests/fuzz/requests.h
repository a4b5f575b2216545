/* A service's own routes, from the bytes of a request to its reply: router, admission, field tables
 * and the steps up to the database, whose answers are part of the input. The linker takes the fakes
 * here instead of what is in libcommon.a.
 *
 * An input is a request: "METHOD target", header lines, an empty line, the body. Three headers are
 * read here. "Authorization: Bearer N" is a caller whose permissions all have the scope N (1 own, 2
 * station, 3 all), or K: one with an API key. "Sql: CODE" makes each statement fail with that
 * error, or, when it is "none", return no row; without it the database is away. */
#ifndef FUZZ_REQUESTS_H
#define FUZZ_REQUESTS_H

#include <stdlib.h>
#include <string.h>

#include "common/cache.h"
#include "common/clock.h"
#include "common/log.h"
#include "../../libcommon/app/req_priv.h"

#define MAX_HEADERS 12
#define SOMEBODY "018e2c5e-0000-7000-8000-000000000001"

static void require(bool property)
{
    if (!property)
        abort();
}

/* --- who calls -------------------------------------------------------------------------------- */

static struct {
    const char *name, *role;
    enum scope scope;
    struct buf header;
} callers[] = {
    {"Bearer 1", "CUSTOMER", SCOPE_OWN, BUF_INIT(4096)},
    {"Bearer 2", "STATION_MANAGER", SCOPE_STATION, BUF_INIT(4096)},
    {"Bearer 3", "ADMIN", SCOPE_ALL, BUF_INIT(4096)},
    {"Bearer K", "API_KEY", SCOPE_ALL, BUF_INIT(4096)},
};

static void callers_make(const struct svc *svc)
{
    struct caller c = {.known = true, .issued_s = clock_wall_us() / USEC_PER_SEC};
    c.expires_s = c.issued_s + 80000;
    memcpy(c.user_id, SOMEBODY, UUID_SIZE);
    memcpy(c.session_id, SOMEBODY, UUID_SIZE);
    memcpy(c.stations[0], SOMEBODY, UUID_SIZE);
    for (size_t i = 0; i < ARRAY_LEN(callers); i++) {
        c.n_stations = callers[i].scope == SCOPE_STATION;
        memset(c.scopes, (int)callers[i].scope, sizeof c.scopes);
        buf_adds(&callers[i].header, "Bearer ");
        require(str_copy(c.role, sizeof c.role, str_of(callers[i].role)) == ERR_OK);
        require(token_sign(svc->token_keys, svc->config->token_issuer, svc->config->token_audience,
                           &c, &callers[i].header) == ERR_OK);
    }
}

/* --- a connection ----------------------------------------------------------------------------- */

struct http_exchange {
    const char *method, *target;
    struct {
        const char *name, *value;
    } headers[MAX_HEADERS];
    size_t n_headers;
    struct str body;
    int replies;
};

const char *http_exchange_method(const struct http_exchange *x)
{
    return x->method;
}

const char *http_exchange_target(const struct http_exchange *x)
{
    return x->target;
}

static const char *header_find(const struct http_exchange *x, const char *name)
{
    for (size_t i = 0; i < x->n_headers; i++)
        if (str_eq_nocase(str_of(x->headers[i].name), str_of(name)))
            return x->headers[i].value;
    return NULL;
}

/* A caller's short name is made his token. */
const char *http_exchange_header(const struct http_exchange *x, const char *name)
{
    const char *value = header_find(x, name);
    if (value && str_eq_nocase(str_of(name), STR("Authorization")))
        for (size_t i = 0; i < ARRAY_LEN(callers); i++)
            if (strcmp(value, callers[i].name) == 0)
                return callers[i].header.data;
    return value;
}

struct str http_exchange_body(const struct http_exchange *x)
{
    return x->body;
}

const char *http_exchange_peer(const struct http_exchange *x UNUSED)
{
    return "127.0.0.1";
}

unsigned http_server_connections(const struct http_server *s UNUSED)
{
    return 0;
}

static void check_json(const struct http_reply *reply)
{
    struct arena *a = arena_new(1 << 22);
    const struct json *doc, *errors;
    require(a && json_parse(a, reply->body, &doc, NULL) == ERR_OK);
    if (reply->status >= 400) {
        require(json_get(doc, "code") && json_get(doc, "request_id"));
        errors = json_get(doc, "errors");
        require(!errors || json_count(errors) <= FIELD_MAX_ISSUES);
    }
    arena_free(a);
}

/* One reply; what is wrong with a request is its sender's fault, never ours. */
void http_exchange_reply(struct http_exchange *x, const struct http_reply *reply)
{
    require(++x->replies == 1);
    require(reply->status >= 200 && reply->status < 600 && reply->status != 500);
    require((reply->body.n > 0) <= (reply->content_type != NULL));
    for (size_t i = 0; i < reply->n_headers; i++)
        require(!strpbrk(reply->headers[i].value, "\r\n"));
    if (reply->body.n && strstr(reply->content_type, "json"))
        check_json(reply);
}

/* --- a database ------------------------------------------------------------------------------- */

struct pg_result {
    int nothing;
};

static struct {
    bool no_rows;
    enum err err; /* of each statement, when no_rows is false */
    pg_done_fn *done;
    void *owner;
    uint64_t id;
} database;

enum err pg_exec(struct pg *pg UNUSED, const struct pg_stmt *stmt, struct pg_args args,
                 pg_done_fn *done, void *owner, uint64_t id)
{
    require(args.n == stmt->n_params);
    for (int i = 0; i < args.n; i++)
        require(!args.v[i] || str_is_utf8(str_of(args.v[i])));
    if (!database.no_rows)
        return database.err;
    require(!database.done);
    database.done = done;
    database.owner = owner;
    database.id = id;
    return ERR_OK;
}

static void database_answers(void)
{
    static struct pg_result nothing;
    for (int i = 0; database.done; i++) {
        pg_done_fn *done = database.done;
        database.done = NULL;
        require(i < 20);
        done(database.owner, database.id, &nothing);
    }
}

void pg_result_free(void *result UNUSED)
{
}

enum err pg_result_err(const struct pg_result *r UNUSED)
{
    return ERR_OK;
}

const char *pg_result_detail(const struct pg_result *r UNUSED)
{
    return NULL;
}

const char *pg_result_pointer(const struct pg_result *r UNUSED)
{
    return NULL;
}

const char *pg_result_sqlstate(const struct pg_result *r UNUSED)
{
    return "";
}

const char *pg_result_message(const struct pg_result *r UNUSED)
{
    return "";
}

int pg_rows(const struct pg_result *r UNUSED)
{
    return 0;
}

int pg_col(const struct pg_result *r UNUSED, const char *name UNUSED)
{
    return -1;
}

const char *pg_get(const struct pg_result *r UNUSED, int row UNUSED, int col UNUSED)
{
    return NULL;
}

size_t pg_len(const struct pg_result *r UNUSED, int row UNUSED, int col UNUSED)
{
    return 0;
}

const char *pg_first(const struct pg_result *r UNUSED, const char *name UNUSED)
{
    return NULL;
}

bool pg_ready(const struct pg *pg UNUSED, const char **ret_why)
{
    if (ret_why)
        *ret_why = "it is not there";
    return false;
}

size_t pg_busy(const struct pg *pg UNUSED)
{
    return 0;
}

/* --- what else there is ----------------------------------------------------------------------- */

bool feature_enabled(const struct app *a UNUSED, const char *name UNUSED)
{
    return true;
}

void bus_ring(struct bus *b UNUSED)
{
}

void redis_publish(struct redis *r UNUSED, const char *channel UNUSED, const char *message UNUSED)
{
}

bool redis_ready(const struct redis *r UNUSED)
{
    return false;
}

enum err redis_command(struct redis *r UNUSED, struct redis_args args UNUSED,
                       redis_done_fn *done UNUSED, void *owner UNUSED, uint64_t id UNUSED)
{
    return ERR_UNAVAILABLE;
}

enum err ratelimit_take(struct ratelimit *rl UNUSED, const char *subject UNUSED,
                        struct rate rate UNUSED, ratelimit_done_fn *done UNUSED, void *owner UNUSED,
                        uint64_t id UNUSED)
{
    return ERR_UNAVAILABLE;
}

enum err cache_get(struct cache *c UNUSED, const char *kind UNUSED, const char *key UNUSED,
                   cache_done_fn *done UNUSED, void *owner UNUSED, uint64_t id UNUSED)
{
    return ERR_BUSY;
}

void cache_put(struct cache *c UNUSED, const char *kind UNUSED, const char *key UNUSED,
               const char *text UNUSED, size_t n UNUSED, int ttl_s UNUSED)
{
}

void cache_abandon(struct cache *c UNUSED, const char *kind UNUSED, const char *key UNUSED)
{
}

enum err work_submit(struct work_pool *w UNUSED, void (*run)(void *arg) UNUSED,
                     loop_fn *done UNUSED, void *arg UNUSED)
{
    return ERR_BUSY;
}

enum err http_client_send(struct http_client *c UNUSED, const struct http_call *call UNUSED,
                          http_client_done_fn *done UNUSED, void *owner UNUSED, uint64_t id UNUSED)
{
    return ERR_UNAVAILABLE;
}

/* --- the run ---------------------------------------------------------------------------------- */

static struct app app;

static void app_make(const struct service *desc, const void *own_config)
{
    const struct route *tables[] = {desc->routes};
    const size_t counts[] = {desc->n_routes};
    app.svc.desc = desc;
    app.svc.config = &app.config;
    app.svc.own_config = own_config;
    app.config.environment = "fuzz";
    app.config.trusted_proxies = "127.0.0.1";
    app.config.request_arena_bytes = 4 << 20;
    app.config.request_deadline_ms = 30000;
    app.config.token_issuer = app.config.token_audience = "x";
    app.config.features = "";
    app.svc.loop = loop_new();
    app.router = router_new(tables, counts, 1);
    app.requests = idmap_new(10);
    app.state = APP_RUNNING;
    struct buf jwks = BUF_INIT(10000);
    require(metrics_init(1) == ERR_OK && token_key_generate(&jwks) == ERR_OK &&
            token_keys_parse(jwks.data, &app.svc.token_keys, NULL) == ERR_OK &&
            keyring_parse("a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", &app.svc.keyring) ==
                ERR_OK &&
            log_open("fuzz", "/dev/null", LOG_ERROR) == ERR_OK && app.router && app.requests);
    app.svc.token_cache = token_cache_new(16);
    require(app.svc.token_cache);
    buf_free(&jwks);
    metrics_worker(0);
    callers_make(&app.svc);
}

/* False when it is no head that http/guard.c would let through. */
static bool head_read(struct arena *a, struct str head, struct http_exchange *x)
{
    struct str target = str_cut(&head, '\n');
    struct str method = str_cut(&target, ' ');
    x->method = arena_strndup(a, method.p, method.n);
    x->target = arena_strndup(a, target.p, target.n);
    while (head.n) {
        struct str value = str_cut(&head, '\n');
        struct str name = str_trim(str_cut(&value, ':'));
        if (x->n_headers == MAX_HEADERS)
            return false;
        x->headers[x->n_headers].name = arena_strndup(a, name.p, name.n);
        value = str_trim(value);
        x->headers[x->n_headers++].value = arena_strndup(a, value.p, value.n);
    }
    return true;
}

static void database_set(const struct http_exchange *x)
{
    const char *sql = header_find(x, "Sql");
    database.no_rows = sql && strcmp(sql, "none") == 0;
    database.err = sql ? err_from_code(sql) : ERR_UNAVAILABLE;
    if (database.err == ERR_INTERNAL) /* nobody's fault but ours: not looked for here */
        database.err = ERR_UNAVAILABLE;
}

static int request_run(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(4 * size + 65536);
    struct str all = {(const char *)data, size};
    struct http_exchange x = {0};
    const char *end = size ? memmem(data, size, "\n\n", 2) : NULL;
    if (!a)
        abort();
    struct str head = {all.p, end ? (size_t)(end - all.p) : all.n};
    if (end)
        x.body = (struct str){end + 2, all.n - head.n - 2};
    bool fit = head.n && !memchr(head.p, '\0', head.n) && !memchr(head.p, '\r', head.n);
    if (fit && head_read(a, head, &x)) {
        database_set(&x);
        app_handle(&app, &x, ERR_OK);
        database_answers();
        require(x.replies == 1 && idmap_count(app.requests) == 0);
    }
    arena_free(a);
    return 0;
}

#endif
