/* What this process tells the others, by bus.process_report(): that it is there, the operations of
 * its service, how many requests its limits let pass and refused since the last time, and who was
 * refused most. Written when there is something to tell, at most every REPORT_US, and now and then
 * without. What cannot be told is told later; only the list of the refused is lost then. */
#include "app.h"
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common_sql.h"
#include "rates.h"

#define REPORT_US (2 * USEC_PER_SEC)
#define HEARTBEAT_US (60 * USEC_PER_SEC)
#define REPORT_MAX_BYTES (1u << 20)

/* --- writing ------------------------------------------------------------------------------------
 */

static void rate_write(struct json_writer *w, const char *name, struct rate rate)
{
    json_open(w, name, '{');
    json_put_i64(w, "per_minute", rate.per_minute);
    json_put_i64(w, "burst", rate.burst);
    json_put_i64(w, "per_hour", rate.per_hour);
    json_close(w, '}');
}

static void service_write(struct json_writer *w, const struct app *app)
{
    const struct service *desc = app->svc.desc;
    json_open(w, "service", '{');
    json_put_bool(w, "rate_limit", app->config.rate_limit);
    json_open(w, "tiers", '{');
    for (int t = TIER_NONE + 1; t < TIER_MAX; t++)
        rate_write(w, app->rates->tiers[t].bucket, app->rates->tiers[t].rate);
    json_close(w, '}');
    json_open(w, "operations", '[');
    for (size_t i = 0; i < desc->n_routes; i++) {
        const struct route *route = &desc->routes[i];
        if (route->tier == TIER_NONE)
            continue;
        json_open(w, NULL, '{');
        json_put_cstr(w, "name", route->name);
        json_put_cstr(w, "method", http_method_name(route->method));
        json_put_cstr(w, "path", route->path);
        json_put_cstr(w, "tier", tier_name(route->tier));
        json_close(w, '}');
    }
    json_close(w, ']');
    json_close(w, '}');
}

static void limit_write(struct json_writer *w, const struct limit *l)
{
    if (l->sent.allowed == l->told.allowed && l->sent.refused == l->told.refused)
        return;
    json_open(w, NULL, '{');
    json_put_cstr(w, "bucket", l->bucket);
    json_put_i64(w, "allowed", (int64_t)(l->sent.allowed - l->told.allowed));
    json_put_i64(w, "refused", (int64_t)(l->sent.refused - l->told.refused));
    json_put_i64(w, "local", (int64_t)(l->sent.local - l->told.local));
    json_close(w, '}');
}

/* Calls fn for every limit. */
static void limits_walk(struct rates *r, void (*fn)(struct limit *l))
{
    for (int t = 0; t < TIER_MAX; t++)
        fn(&r->tiers[t]);
    for (size_t i = 0; i < r->n_routes; i++)
        fn(&r->routes[i]);
}

static void counts_send(struct limit *l)
{
    l->sent = l->counts;
}

static void counts_told(struct limit *l)
{
    l->told = l->sent;
}

static void report_write(struct json_writer *w, struct app *app)
{
    struct rates *r = app->rates;
    char started[RFC3339_SIZE];
    clock_rfc3339(r->started_us, started);
    limits_walk(r, counts_send);
    json_open(w, NULL, '{');
    json_put_cstr(w, "process", r->process);
    json_put_cstr(w, "started_at", started);
    json_put_bool(w, "redis", r->told_redis);
    json_put_bool(w, "leaving", r->left);
    if (!r->introduced)
        service_write(w, app);
    json_open(w, "counts", '[');
    for (int t = 0; t < TIER_MAX; t++)
        limit_write(w, &r->tiers[t]);
    for (size_t i = 0; i < r->n_routes; i++)
        limit_write(w, &r->routes[i]);
    json_close(w, ']');
    json_open(w, "refused", '[');
    for (size_t i = 0; i < r->n_refused; i++) {
        json_open(w, NULL, '{');
        json_put_cstr(w, "bucket", r->refused[i].bucket);
        json_put_cstr(w, "caller", r->refused[i].caller);
        json_put_i64(w, "n", (int64_t)r->refused[i].n);
        json_close(w, '}');
    }
    json_close(w, ']');
    json_close(w, '}');
}

/* --- telling ------------------------------------------------------------------------------------
 */

static void on_reported(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    struct rates *r = app_of(owner)->rates;
    enum err e = pg_result_err(result);
    if (r) {
        r->reporting = false;
        r->introduced = e == ERR_OK; /* after a failure from the beginning: who knows why */
        if (e == ERR_OK)
            limits_walk(r, counts_told);
        else if (e != ERR_UNAVAILABLE)
            log_event(LOG_WARN, "rates.report_failed", LOG_S("code", err_code(e)),
                      LOG_S("sqlstate", pg_result_sqlstate(result)),
                      LOG_S("why", pg_result_message(result)));
    }
    pg_result_free(result);
}

static void report_send(struct app *app)
{
    struct rates *r = app->rates;
    char now[RFC3339_SIZE], ctx[64];
    struct buf report = BUF_INIT(REPORT_MAX_BYTES);
    struct json_writer w = JSON_WRITER(&report);
    clock_rfc3339(clock_wall_us(), now);
    snprintf(ctx, sizeof(ctx), "{\"now\":\"%s\"}", now);
    r->told_redis = redis_ready(app->svc.redis);
    r->left = app->state >= APP_DRAINING;
    report_write(&w, app);
    r->reported_us = clock_mono_us();
    r->reporting = buf_err(&report) == ERR_OK &&
                   pg_exec(app->svc.pg, &sql_bus_process_report, PG_ARGS(ctx, report.data),
                           on_reported, &app->svc, 0) == ERR_OK;
    if (r->reporting)
        r->n_refused = 0;
    buf_free(&report);
}

static bool has_news(const struct app *app)
{
    const struct rates *r = app->rates;
    if (!r->introduced || r->told_redis != redis_ready(app->svc.redis))
        return true;
    for (int t = 0; t < TIER_MAX; t++)
        if (memcmp(&r->tiers[t].counts, &r->tiers[t].told, sizeof(struct rate_counts)) != 0)
            return true;
    for (size_t i = 0; i < r->n_routes; i++)
        if (memcmp(&r->routes[i].counts, &r->routes[i].told, sizeof(struct rate_counts)) != 0)
            return true;
    return false;
}

void rates_report(struct app *app)
{
    const struct rates *r = app->rates;
    int64_t since_us = r->reported_us ? clock_mono_us() - r->reported_us : HEARTBEAT_US;
    if (!r->reporting && since_us >= (has_news(app) ? REPORT_US : HEARTBEAT_US))
        report_send(app);
}

void rates_leave(struct app *app)
{
    const struct rates *r = app->rates;
    if (r->introduced && !r->reporting && !r->left)
        report_send(app);
}
