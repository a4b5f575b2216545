/* Health as every service tells it: liveness touches nothing, readiness needs the database and what
 * the service says, Redis may be away. Rows are added to each service's routes. */
#include <sys/resource.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common_sql.h"
#include "req_priv.h"

#define CHECK_TIMEOUT_MS 2000

bool app_ready(struct app *app, const char **ret_why)
{
    const char *why = "starting or stopping";
    bool ready = app->state == APP_RUNNING && pg_ready(app->svc.pg, &why);
    if (ready && !app->watched_us) {
        why = "revocations and features were not read yet";
        ready = false;
    }
    if (ready && app->schema_why[0]) {
        why = app->schema_why;
        ready = false;
    }
    if (ready && app->svc.desc->ready)
        ready = app->svc.desc->ready(&app->svc, &why);
    if (!ready && ret_why)
        *ret_why = why;
    return ready;
}

static void service_write(struct json_writer *w, const char *name, bool healthy, const char *bad)
{
    json_open(w, name, '{');
    json_put_cstr(w, "status", healthy ? "healthy" : bad);
    json_close(w, '}');
    metric_set(&app_metrics[M_SERVICE_HEALTH], healthy, name);
}

static void checks_write(struct app *app, struct json_writer *w, const char *member)
{
    json_open(w, member, '{');
    service_write(w, "database", pg_ready(app->svc.pg, NULL), "unhealthy");
    service_write(w, "redis", redis_ready(app->svc.redis), "degraded");
    json_close(w, '}');
}

static enum step_rc health_reply(struct req *r, struct buf *b)
{
    struct str body = {.n = b->len};
    body.p = arena_take(r->arena, b);
    return body.p ? req_reply(r, 200, body) : req_fail(r, ERR_NO_MEMORY, NULL);
}

static enum step_rc liveness(struct req *r)
{
    metric_add(&app_metrics[M_HEALTH], 1, "liveness", "alive");
    return req_reply(r, 200, STR("{\"status\":\"alive\"}"));
}

/* Not ready: a problem document like any other, with the checks beside it. */
static enum step_rc not_ready(struct req *r, const char *why)
{
    struct buf b = BUF_INIT(4096);
    struct json_writer w = JSON_WRITER(&b);
    checks_write(app_of(r->svc), &w, NULL);
    const char *checks = arena_take(r->arena, &b);
    if (checks)
        req_problem_member(r, "checks", checks);
    return req_fail(r, ERR_NOT_READY, "%s: %s", r->svc->desc->name, why);
}

static void health_count(struct req *r, const char *endpoint, const char *type, bool ready)
{
    metric_add(&app_metrics[M_HEALTH], 1, endpoint, ready ? "ready" : "not_ready");
    metric_observe_us(&app_metrics[M_HEALTH_DURATION], clock_mono_us() - reqx_of(r)->started_us,
                      endpoint, type);
}

/* What the database's driver says (addresses, statements) is for the log; the caller is told what
 * it means. */
static bool ready_now(struct req *r, const char **ret_why)
{
    struct app *app = app_of(r->svc);
    const char *why = NULL;
    bool ready = app_ready(app, &why);
    if (ready != app->was_ready ||
        (!ready && strncmp(why, app->why_not, sizeof app->why_not - 1) != 0))
        log_event(ready ? LOG_INFO : LOG_WARN, "readiness.changed", LOG_B("ready", ready),
                  LOG_S("why", why),
                  LOG_S("variable", pg_ready(app->svc.pg, NULL) ? NULL : "DATABASE_URL"));
    app->was_ready = ready;
    snprintf(app->why_not, sizeof app->why_not, "%s", ready ? "" : why);
    if (app->state >= APP_DRAINING)
        *ret_why = "draining";
    else
        *ret_why = pg_ready(app->svc.pg, NULL) ? why : "the database does not answer";
    return ready;
}

static enum step_rc readiness_at(struct req *r, const char *endpoint)
{
    const char *why = NULL;
    bool ready = ready_now(r, &why);
    health_count(r, endpoint, "simple", ready);
    if (!ready)
        return not_ready(r, why);
    struct buf b = BUF_INIT(4096);
    struct json_writer w = JSON_WRITER(&b);
    json_open(&w, NULL, '{');
    json_put_cstr(&w, "status", "ready");
    json_put_cstr(&w, "service", r->svc->desc->name);
    json_put_cstr(&w, "version", app_version);
    checks_write(app_of(r->svc), &w, "checks");
    json_close(&w, '}');
    return health_reply(r, &b);
}

static enum step_rc readiness(struct req *r)
{
    return readiness_at(r, "readiness");
}

static enum step_rc health(struct req *r)
{
    return readiness_at(r, "health");
}

static enum step_rc detailed_query(struct req *r)
{
    return req_pg(r, &sql_health, PG_ARGS(req_sql_ctx(r)));
}

static void system_write(struct json_writer *w)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    json_open(w, "system", '{');
    json_put_i64(w, "pid", getpid());
    json_put_i64(w, "max_rss_kb", usage.ru_maxrss);
    json_put_i64(w, "cpu_user_ms", usage.ru_utime.tv_sec * 1000 + usage.ru_utime.tv_usec / 1000);
    json_put_i64(w, "cpu_system_ms", usage.ru_stime.tv_sec * 1000 + usage.ru_stime.tv_usec / 1000);
    json_close(w, '}');
}

static void config_write(struct json_writer *w, const struct config_table *t, const char *member)
{
    json_open(w, member, '[');
    for (size_t i = 0; i < t->n; i++)
        json_put_cstr(w, NULL, t->rows[i].name);
    json_close(w, ']');
}

static enum step_rc detailed_reply(struct req *r)
{
    struct app *app = app_of(r->svc);
    const char *why = NULL;
    bool ready = ready_now(r, &why);
    health_count(r, "detailed", "all", ready);
    if (!ready)
        return not_ready(r, why);
    struct buf b = BUF_INIT(65536);
    struct json_writer w = JSON_WRITER(&b);
    json_open(&w, NULL, '{');
    json_put_cstr(&w, "status", "ready");
    json_put_cstr(&w, "service", r->svc->desc->name);
    json_put_cstr(&w, "version", app_version);
    checks_write(app, &w, "checks");
    json_put_i64(&w, "database_round_trip_us", clock_mono_us() - reqx_of(r)->started_us);
    json_put_i64(&w, "database_busy", (int64_t)pg_busy(app->svc.pg));
    json_put_i64(&w, "connections", http_server_connections(app->server));
    json_put_i64(&w, "requests_in_flight", (int64_t)idmap_count(app->requests));
    system_write(&w);
    config_write(&w, &common_config_table, "config");
    config_write(&w, &r->svc->desc->config, "service_config");
    json_close(&w, '}');
    return health_reply(r, &b);
}

static const struct step liveness_steps[] = {STEP(liveness), STEP_END};
static const struct step readiness_steps[] = {STEP(readiness), STEP_END};
static const struct step health_steps[] = {STEP(health), STEP_END};
static const struct step detailed_steps[] = {STEP(detailed_query), STEP(detailed_reply), STEP_END};

static const struct field status_fields[] = {
    {.name = "status",
     .type = FIELD_STR,
     .flags = FIELD_REQUIRED,
     .max = 20,
     .offset = FIELD_NOWHERE,
     .prose = "alive or ready"},
    {.name = "service",
     .type = FIELD_STR,
     .max = 40,
     .offset = FIELD_NOWHERE,
     .prose = "Which service answers"},
    {.name = "version",
     .type = FIELD_STR,
     .max = 100,
     .offset = FIELD_NOWHERE,
     .prose = "Which version of it, as --version prints it"},
    {.name = "checks",
     .type = FIELD_ANY,
     .offset = FIELD_NOWHERE,
     .prose = "Each dependency: healthy, degraded or unhealthy"},
};
static const struct field_table status_table = {"HealthStatus", status_fields,
                                                ARRAY_LEN(status_fields), 0};

static const struct field detailed_fields[] = {
    {.name = "status",
     .type = FIELD_STR,
     .flags = FIELD_REQUIRED,
     .max = 20,
     .offset = FIELD_NOWHERE,
     .prose = "ready"},
    {.name = "service",
     .type = FIELD_STR,
     .max = 40,
     .offset = FIELD_NOWHERE,
     .prose = "Which service answers"},
    {.name = "version",
     .type = FIELD_STR,
     .max = 100,
     .offset = FIELD_NOWHERE,
     .prose = "Which version of it"},
    {.name = "checks", .type = FIELD_ANY, .offset = FIELD_NOWHERE, .prose = "Each dependency"},
    {.name = "database_round_trip_us",
     .type = FIELD_INT,
     .max = INT64_MAX,
     .offset = FIELD_NOWHERE,
     .prose = "Time of one statement, in microseconds"},
    {.name = "database_busy",
     .type = FIELD_INT,
     .max = INT64_MAX,
     .offset = FIELD_NOWHERE,
     .prose = "Statements running or waiting"},
    {.name = "connections",
     .type = FIELD_INT,
     .max = INT64_MAX,
     .offset = FIELD_NOWHERE,
     .prose = "Client connections"},
    {.name = "requests_in_flight",
     .type = FIELD_INT,
     .max = INT64_MAX,
     .offset = FIELD_NOWHERE,
     .prose = "Requests in work"},
    {.name = "system", .type = FIELD_ANY, .offset = FIELD_NOWHERE, .prose = "Process figures"},
    {.name = "config",
     .type = FIELD_ANY,
     .offset = FIELD_NOWHERE,
     .prose = "Names of the common configuration"},
    {.name = "service_config",
     .type = FIELD_ANY,
     .offset = FIELD_NOWHERE,
     .prose = "Names of the service's own configuration"},
};
static const struct field_table detailed_table = {"HealthDetails", detailed_fields,
                                                  ARRAY_LEN(detailed_fields), 0};

#define HEALTH_ROW(path_, name_, steps_, summary_)                                       \
    {                                                                                    \
        .method = GET, .path = (path_), .name = (name_), .summary = (summary_),          \
        .auth = AUTH_PUBLIC, .perm = PERM_NONE, .tier = TIER_NONE, .out = &status_table, \
        .deadline_ms = CHECK_TIMEOUT_MS, .steps = (steps_)                               \
    }

const struct route health_routes[] = {
    HEALTH_ROW("/health", "health_short", health_steps, "Ready, or why not"),
    HEALTH_ROW("/api/v1/health", "health", health_steps, "Ready, or why not"),
    HEALTH_ROW("/api/v1/health/", "health_slash", health_steps, "Ready, or why not"),
    HEALTH_ROW("/api/v1/health/liveness", "health_liveness", liveness_steps,
               "The process runs; nothing is asked"),
    HEALTH_ROW("/api/v1/health/readiness", "health_readiness", readiness_steps,
               "Requests can be served: the database answers; Redis may be degraded"),
    {.method = GET,
     .path = "/api/v1/health/detailed",
     .name = "health_detailed",
     .summary = "Everything that an operator asks first; configuration names without values",
     .auth = AUTH_USER,
     .perm = PERM_SYSTEM_READ,
     .tier = TIER_ADMIN,
     .out = &detailed_table,
     .deadline_ms = CHECK_TIMEOUT_MS,
     .steps = detailed_steps},
};
const size_t health_n_routes = ARRAY_LEN(health_routes);
