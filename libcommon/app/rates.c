/* Rates of tiers and routes, and what came of them. The limits of routes are rows of
 * bus.rate_limits; their version is followed like every other one (watch.c), and a copy is kept
 * here. */
#include "rates.h"

#include "app.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "common_sql.h"

#define LOAD_ARENA_BYTES (1u << 20)
#define MAX_RATE 1000000
#define MAX_PER_HOUR 60000000

/* --- the limits of routes ----------------------------------------------------------------------
 */

static struct limit *limit_find(struct rates *r, const char *operation)
{
    for (size_t i = 0; i < r->n_routes; i++)
        if (strcmp(r->routes[i].bucket, operation) == 0)
            return &r->routes[i];
    return NULL;
}

static bool number_read(const struct json *item, const char *name, int64_t max, int *ret_value)
{
    const struct json *j = json_get(item, name);
    int64_t value;
    if (!j || json_type(j) != JSON_NUMBER || json_i64(j, &value) != ERR_OK || value < 1 ||
        value > max)
        return false;
    *ret_value = (int)value;
    return true;
}

/* An operation of another service's is none of ours. */
static void limit_take(struct rates *r, const struct json *item)
{
    const struct json *operation = json_get(item, "operation");
    struct limit *limit = operation && json_type(operation) == JSON_STRING
                              ? limit_find(r, json_string(operation))
                              : NULL;
    struct rate rate;
    if (limit && number_read(item, "per_minute", MAX_RATE, &rate.per_minute) &&
        number_read(item, "burst", MAX_RATE, &rate.burst) &&
        number_read(item, "per_hour", MAX_PER_HOUR, &rate.per_hour))
        limit->rate = rate;
}

static void on_loaded(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    struct rates *r = app_of(owner)->rates;
    const char *body = pg_first(result, "body");
    struct arena *a = body && r ? arena_new(LOAD_ARENA_BYTES) : NULL;
    const struct json *doc;
    if (r)
        r->loading = false;
    if (a && json_parse(a, str_of(body), &doc, NULL) == ERR_OK) {
        for (size_t i = 0; i < r->n_routes; i++)
            r->routes[i].rate.per_minute = 0;
        for (const struct json *item = json_first(doc); item; item = json_next(item))
            limit_take(r, item);
    } else if (r) {
        r->stale = true; /* rates_tick() tries again */
    }
    arena_free(a);
    pg_result_free(result);
}

static void limits_load(struct app *app)
{
    struct rates *r = app->rates;
    char now[RFC3339_SIZE], ctx[64];
    if (r->loading)
        return; /* and stale: once more afterwards */
    clock_rfc3339(clock_wall_us(), now);
    snprintf(ctx, sizeof(ctx), "{\"now\":\"%s\"}", now);
    r->loading =
        pg_exec(app->svc.pg, &sql_bus_rate_limits, PG_ARGS(ctx), on_loaded, &app->svc, 0) == ERR_OK;
    r->stale = !r->loading;
}

void rates_changed(struct app *app)
{
    app->rates->stale = true;
    limits_load(app);
}

struct limit *rates_limit(struct app *app, const struct route *route, enum tier tier)
{
    struct rates *r = app->rates;
    if (tier == TIER_NONE)
        return NULL;
    uintptr_t at = (uintptr_t)route - (uintptr_t)app->svc.desc->routes;
    size_t i = at / sizeof(*route); /* libcommon's own routes are elsewhere */
    return i < r->n_routes && r->routes[i].rate.per_minute ? &r->routes[i] : &r->tiers[tier];
}

/* --- what comes of them ------------------------------------------------------------------------
 */

/* "user:u:<uuid>", "public:ip:192.0.2.1", "public:ip6:<16 digits of the network>" */
static void caller_mask(const char *subject, const char *bucket, char ret_text[RATES_CALLER_SIZE])
{
    struct str rest = str_of(subject + strlen(bucket) + 1);
    struct str kind = str_cut(&rest, ':');
    char ip[LOG_IP_SIZE];
    if (str_eq(kind, STR("u")) && rest.n > 4) {
        snprintf(ret_text, RATES_CALLER_SIZE, "user ***%s", rest.p + rest.n - 4);
    } else if (str_eq(kind, STR("ip6")) && rest.n == 16) {
        snprintf(ret_text, RATES_CALLER_SIZE, "ip %.4s:%.4s:%.4s::", rest.p, rest.p + 4,
                 rest.p + 8);
    } else {
        log_mask_ip(rest.p, ip);
        snprintf(ret_text, RATES_CALLER_SIZE, "ip %s", ip);
    }
}

static void refused_add(struct rates *r, const struct limit *limit, const char *subject)
{
    char caller[RATES_CALLER_SIZE];
    caller_mask(subject, limit->bucket, caller);
    struct refused_caller *least = r->refused, *end = r->refused + r->n_refused;
    for (struct refused_caller *c = r->refused; c < end; c++) {
        if (c->bucket == limit->bucket && strcmp(c->caller, caller) == 0) {
            c->n++;
            return;
        }
        if (c->n < least->n)
            least = c;
    }
    if (r->n_refused < RATES_MAX_REFUSED) {
        least = end;
        least->n = 0;
        r->n_refused++;
    }
    least->bucket = limit->bucket;
    memcpy(least->caller, caller, sizeof(caller));
    least->n++;
}

void rates_count(struct app *app, struct limit *limit, const char *subject,
                 const struct rate_verdict *v)
{
    limit->counts.local += v->local;
    if (v->allowed) {
        limit->counts.allowed++;
    } else {
        limit->counts.refused++;
        refused_add(app->rates, limit, subject);
    }
}

/* --- life --------------------------------------------------------------------------------------
 */

static void tiers_take(struct rates *r, const struct common_config *config)
{
    const char *texts[TIER_MAX] = {
        [TIER_PUBLIC] = config->rate_public, [TIER_USER] = config->rate_user,
        [TIER_ADMIN] = config->rate_admin,   [TIER_AI] = config->rate_ai,
        [TIER_AUTH] = config->rate_auth,
    };
    for (int t = 0; t < TIER_MAX; t++) {
        r->tiers[t].bucket = tier_name((enum tier)t);
        if (texts[t] && rate_parse(texts[t], &r->tiers[t].rate) != ERR_OK)
            r->tiers[t].rate = (struct rate){1, 1, 60}; /* not reached: checked before the fork */
    }
}

enum err rates_start(struct app *app, const char *process)
{
    const struct service *desc = app->svc.desc;
    struct rates *r = mem_alloc(sizeof(*r));
    app->rates = r;
    if (!r)
        return ERR_NO_MEMORY;
    r->routes = mem_alloc(desc->n_routes * sizeof(*r->routes));
    if (!r->routes)
        return ERR_NO_MEMORY;
    r->n_routes = desc->n_routes;
    for (size_t i = 0; i < r->n_routes; i++)
        r->routes[i].bucket = desc->routes[i].name;
    tiers_take(r, &app->config);
    snprintf(r->process, sizeof(r->process), "%s", process);
    r->started_us = clock_wall_us();
    return ERR_OK;
}

void rates_stop(struct app *app)
{
    if (app->rates)
        mem_free(app->rates->routes);
    mem_free(app->rates);
    app->rates = NULL;
}

void rates_tick(struct app *app)
{
    if (app->rates->stale)
        limits_load(app);
    if (app->state == APP_RUNNING)
        rates_report(app);
    else if (app->state == APP_DRAINING)
        rates_leave(app);
}
