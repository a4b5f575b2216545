/* What every process follows in the database: feature flags, revoked sessions, and the versions of
 * catalogues. One statement every BUS_POLL_MS, and at once when a message arrives on the channel
 * mh:<env>:notify; so a change is seen within seconds also without Redis. */
#include "common/clock.h"
#include "common/json.h"
#include "common/log.h"
#include "common_sql.h"
#include "req_priv.h"

/* A commit may become visible this much after the time it was stamped with. */
#define OVERLAP_US (60 * USEC_PER_SEC)
/* The first look goes back as far as a token lives. */
#define FIRST_LOOK_US (3600 * USEC_PER_SEC)
#define WATCH_ARENA_BYTES (4u << 20)

bool feature_enabled(const struct app *app, const char *name)
{
    for (size_t i = 0; i < app->n_features_off; i++)
        if (strcmp(app->features_off[i], name) == 0)
            return false;
    return true;
}

static void feature_off_add(struct app *app, struct str name)
{
    char *slot = app->features_off[app->n_features_off];
    if (app->n_features_off < APP_MAX_FEATURES_OFF && name.n &&
        str_copy(slot, sizeof(app->features_off[0]), name) == ERR_OK)
        app->n_features_off++;
}

static bool name_listed(const struct json *list, const char *name)
{
    for (const struct json *item = list ? json_first(list) : NULL; item; item = json_next(item))
        if (json_type(item) == JSON_STRING && strcmp(json_string(item), name) == 0)
            return true;
    return false;
}

/* Off as long as nobody says otherwise: what is not built yet. */
static const char *const features_off_by_default[] = {
#define FEATURE(symbol, name, on, prose) (on) ? NULL : (name),
#include "features.def"
#undef FEATURE
};

/* What an admin has set counts more than what the environment says, and that more than the default.
 */
static void features_take(struct app *app, const struct json *off, const struct json *on)
{
    app->n_features_off = 0;
    for (size_t i = 0; i < ARRAY_LEN(features_off_by_default); i++) {
        const char *name = features_off_by_default[i];
        if (name && !name_listed(on, name))
            feature_off_add(app, str_of(name));
    }
    struct str rest = str_of(app->config.features);
    while (rest.n) {
        struct str name = str_trim(str_cut(&rest, ','));
        char text[48];
        if (str_copy(text, sizeof(text), name) == ERR_OK && !name_listed(on, text))
            feature_off_add(app, name);
    }
    for (const struct json *item = off ? json_first(off) : NULL; item; item = json_next(item))
        if (json_type(item) == JSON_STRING)
            feature_off_add(app, str_of(json_string(item)));
}

/* "user session generation at_s", "-" for what is absent. */
static enum err revocation_take(struct token_cache *cache, struct str line)
{
    char user[UUID_SIZE], session[UUID_SIZE];
    struct str user_text = str_cut(&line, ' '), session_text = str_cut(&line, ' ');
    struct str generation = str_cut(&line, ' ');
    struct token_revocation r = {.user_id = user, .generation = -1};
    enum err e = str_copy(user, sizeof(user), user_text);
    if (e == ERR_OK && !str_eq(session_text, STR("-"))) {
        e = str_copy(session, sizeof(session), session_text);
        r.session_id = session;
    }
    if (e == ERR_OK && !str_eq(generation, STR("-")))
        e = str_to_i64(generation, 0, INT64_MAX, &r.generation);
    if (e == ERR_OK)
        e = str_to_i64(line, 0, INT64_MAX, &r.at_s);
    return e == ERR_OK ? token_cache_revoke(cache, &r) : e;
}

static void revocations_take(struct app *app, struct str lines)
{
    while (lines.n > 0) {
        enum err e = revocation_take(app->svc.token_cache, str_cut(&lines, '\n'));
        if (e != ERR_OK)
            log_event(LOG_ERROR, "revocation.lost", LOG_S("code", err_code(e)));
    }
}

static void version_take(struct app *app, const char *name, int64_t version)
{
    struct app_version *v = app->versions, *end = app->versions + app->n_versions;
    while (v < end && strcmp(v->name, name) != 0)
        v++;
    if (v == end) {
        if (app->n_versions == APP_MAX_VERSIONS ||
            str_copy(v->name, sizeof(v->name), str_of(name)) != ERR_OK)
            return;
        app->n_versions++;
    } else if (v->version == version) {
        return;
    }
    v->version = version;
    if (strcmp(name, "rate_limits") == 0)
        rates_changed(app);
    if (app->svc.desc->notify)
        app->svc.desc->notify(&app->svc, name);
}

static int64_t number_of(const struct json *doc, const char *name, int64_t otherwise)
{
    const struct json *item = doc ? json_get(doc, name) : NULL;
    int64_t n;
    return item && json_type(item) == JSON_NUMBER && json_i64(item, &n) == ERR_OK ? n : otherwise;
}

/* As bus.schema() gives it. The plan only grows, so the number of a change is a version. */
static void schema_take(struct app *app, const struct json *schema)
{
    int64_t has = number_of(schema, "has", app_schema), needs = number_of(schema, "needs", 0);
    char *why = app->schema_why;
    why[0] = '\0';
    if (has < app_schema)
        snprintf(why, sizeof app->schema_why,
                 "the schema is at change %d and this program needs %d: run scripts/migrate",
                 (int)has, app_schema);
    else if (needs > app_schema)
        snprintf(why, sizeof app->schema_why,
                 "the schema is for programs that know change %d and this one knows %d: start a "
                 "newer version",
                 (int)needs, app_schema);
}

static void watched_take(struct app *app, const struct json *doc)
{
    schema_take(app, json_get(doc, "schema"));
    int64_t months = number_of(doc, "months_ahead", 0);
    metric_set(&app_metrics[M_MONTHS_AHEAD], months);
    if (months < 1)
        bus_upkeep(app->svc.bus);
    features_take(app, json_get(doc, "features_off"), json_get(doc, "features_on"));
    const struct json *versions = json_get(doc, "versions");
    const struct json *item = versions ? json_first(versions) : NULL;
    for (; item; item = json_next(item)) {
        int64_t version;
        if (json_type(item) == JSON_NUMBER && json_i64(item, &version) == ERR_OK)
            version_take(app, json_name(item), version);
    }
}

static void on_watched(void *owner, uint64_t asked_us, struct pg_result *result)
{
    struct app *app = app_of(owner);
    app->watching = false;
    const char *body = pg_first(result, "body");
    struct arena *a = body ? arena_new(WATCH_ARENA_BYTES) : NULL;
    const struct json *doc;
    if (a && json_parse(a, str_of(body), &doc, NULL) == ERR_OK) {
        watched_take(app, doc);
        revocations_take(app, str_of(pg_first(result, "revocations")));
        app->watched_us = (int64_t)asked_us;
    }
    arena_free(a);
    pg_result_free(result);
}

void watch_now(struct app *app)
{
    if (app->watching)
        return;
    int64_t now = clock_wall_us();
    int64_t since = app->watched_us ? app->watched_us - OVERLAP_US : now - FIRST_LOOK_US;
    char now_text[RFC3339_SIZE], since_text[RFC3339_SIZE], ctx[64];
    clock_rfc3339(now, now_text);
    clock_rfc3339(since, since_text);
    snprintf(ctx, sizeof(ctx), "{\"now\":\"%s\"}", now_text);
    app->watching = pg_exec(app->svc.pg, &sql_bus_watch, PG_ARGS(ctx, since_text), on_watched,
                            &app->svc, (uint64_t)now) == ERR_OK;
}

static void on_tick(void *arg)
{
    struct app *app = arg;
    watch_now(app);
    rates_tick(app);
    loop_timer_set(app->watch_timer, app->config.bus_poll_ms);
}

static void on_notify(void *owner, const char *channel UNUSED, const char *message UNUSED,
                      size_t n UNUSED)
{
    watch_now(owner);
}

enum err watch_start(struct app *app)
{
    features_take(app, NULL, NULL);
    app->watch_timer = loop_timer_new(app->svc.loop, on_tick, app);
    if (!app->watch_timer)
        return ERR_NO_MEMORY;
    on_tick(app);
    char channel[64];
    snprintf(channel, sizeof(channel), "mh:%s:notify", app->config.environment);
    return redis_subscribe(app->svc.redis, channel, on_notify, app);
}

void watch_stop(struct app *app)
{
    loop_timer_free(app->watch_timer);
    app->watch_timer = NULL;
}
