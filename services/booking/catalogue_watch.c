/* This worker's copy of the catalogue: loaded at start, and again when its version in the database
 * has changed. A load that fails keeps the old copy and is tried again. */
#include "catalogue_watch.h"

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"

#include "booking.h"
#include "booking_sql.h"

struct booking_state {
    struct svc *svc;
    struct catalogue *catalogue; /* NULL before the first load */
    struct loop_timer *timer;
    bool asking;  /* a statement is in flight */
    bool again;   /* somebody rang meanwhile */
    bool stopped; /* the service ends: what is in flight frees this */
};

static void look(struct booking_state *s);

static void ended(struct booking_state *s)
{
    s->asking = false;
    if (s->stopped)
        mem_free(s);
    else if (s->again)
        look(s);
}

static void catalogue_take(struct booking_state *s, const struct pg_result *result)
{
    struct catalogue *fresh = NULL;
    const char *body = pg_first(result, "body"), *zips = pg_first(result, "zips"), *why = NULL;
    enum err e = body && zips ? catalogue_parse(str_of(body), str_of(zips), &fresh, &why)
                              : pg_result_err(result);
    if (e != ERR_OK || !fresh) {
        log_event(LOG_ERROR, "catalogue.kept", LOG_S("code", err_code(e)), LOG_S("why", why),
                  LOG_S("sql", pg_result_message(result)));
        return;
    }
    catalogue_free(s->catalogue);
    s->catalogue = fresh;
    log_event(LOG_INFO, "catalogue.loaded", LOG_I("version", catalogue_version(fresh)));
}

static void on_loaded(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    struct booking_state *s = owner;
    if (!s->stopped)
        catalogue_take(s, result);
    pg_result_free(result);
    ended(s);
}

static bool ask(struct booking_state *s, const struct pg_stmt *stmt, pg_done_fn *done)
{
    s->asking = pg_exec(s->svc->pg, stmt, PG_ARGS("{}"), done, s, 0) == ERR_OK;
    return s->asking;
}

static void on_version(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    struct booking_state *s = owner;
    const char *text = pg_result_err(result) == ERR_OK ? pg_first(result, "version") : NULL;
    int64_t version = -1;
    bool known = text && str_to_i64(str_of(text), 0, INT64_MAX, &version) == ERR_OK;
    pg_result_free(result);
    bool stale =
        known && !s->stopped && (!s->catalogue || catalogue_version(s->catalogue) != version);
    if (!stale || !ask(s, &sql_catalogue_load, on_loaded))
        ended(s);
}

static void look(struct booking_state *s)
{
    s->again = s->asking;
    if (!s->asking)
        (void)ask(s, &sql_catalogue_version, on_version); /* refused: the next tick asks again */
}

static void on_tick(void *arg)
{
    struct booking_state *s = arg;
    look(s);
    loop_timer_set(s->timer, booking_config(s->svc)->catalogue_poll_ms);
}

static void on_ring(void *owner, const char *channel UNUSED, const char *message UNUSED,
                    size_t n UNUSED)
{
    look(owner);
}

static const char *ring_channel(const struct svc *svc, char text[64])
{
    snprintf(text, 64, "mh:%s:catalogue", svc->config->environment);
    return text;
}

enum step_rc catalogue_ring(struct req *r)
{
    char channel[64];
    redis_publish(r->svc->redis, ring_channel(r->svc, channel), "changed");
    look(r->svc->state);
    return STEP_NEXT;
}

enum err booking_catalogue(struct svc *svc, struct arena *a, const struct catalogue **ret_catalogue)
{
    struct booking_state *s = svc->state;
    if (!s->catalogue)
        return ERR_NOT_READY;
    enum err e = catalogue_hold(s->catalogue, a);
    if (e == ERR_OK)
        *ret_catalogue = s->catalogue;
    return e;
}

enum err booking_start(struct svc *svc)
{
    struct booking_state *s = mem_alloc(sizeof(*s));
    if (!s)
        return ERR_NO_MEMORY;
    s->svc = svc;
    svc->state = s;
    s->timer = loop_timer_new(svc->loop, on_tick, s);
    if (!s->timer)
        return ERR_NO_MEMORY;
    on_tick(s);
    char channel[64];
    return redis_subscribe(svc->redis, ring_channel(svc, channel), on_ring, s);
}

bool booking_ready(struct svc *svc, const char **ret_why)
{
    const struct booking_state *s = svc->state;
    if (!s->catalogue && ret_why)
        *ret_why = "the catalogue is not loaded";
    return s->catalogue != NULL;
}

void booking_stop(struct svc *svc)
{
    struct booking_state *s = svc->state;
    if (!s)
        return;
    svc->state = NULL;
    loop_timer_free(s->timer);
    catalogue_free(s->catalogue);
    s->stopped = true;
    if (!s->asking)
        mem_free(s);
}
