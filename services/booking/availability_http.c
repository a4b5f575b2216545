/* GET /api/v1/availability. The rows have one line a chef, each with the station's columns again; a
 * station without chefs is one line without a chef. */
#include "availability_http.h"

#include <string.h>

#include "common/clock.h"

#include "booking_core_api.h"
#include "booking_sql.h"
#include "price.h"
#include "routes_core.h"

#define MAX_DAYS 31
#define CACHE_TTL_S 60
#define MINUTE_US (60 * USEC_PER_SEC)

struct availability_get {
    struct availability_ask ask;
    const char *station_id;
};
_Static_assert(sizeof(struct availability_get) <= CORE_CTX_BYTES, "room");

enum step_rc availability_load(struct req *r, const char *station_id, int32_t first_day,
                               int32_t last_day)
{
    char first[DATE_SIZE], last[DATE_SIZE];
    date_print(first_day, first);
    date_print(last_day, last);
    return req_pg(r, &sql_availability_load, PG_ARGS(req_sql_ctx(r), station_id, first, last));
}

static enum err column(const struct pg_result *rows, int row, const char *name, int32_t *ret)
{
    int64_t value;
    const char *text = pg_get(rows, row, pg_col(rows, name));
    if (!text || str_to_i64(str_of(text), INT32_MIN, INT32_MAX, &value) != ERR_OK)
        return ERR_INTERNAL;
    *ret = (int32_t)value;
    return ERR_OK;
}

static enum err wish_read(struct req *r, const struct availability_ask *ask,
                          struct avail_wish *ret_wish)
{
    int32_t setup, teardown, lead_hours, max_days;
    struct avail_wish w = {
        .first_day = ask->first_day, .last_day = ask->last_day, .duration = ask->duration_minutes};
    if (column(r->rows, 0, "setup_minutes", &setup) != ERR_OK ||
        column(r->rows, 0, "teardown_minutes", &teardown) != ERR_OK ||
        column(r->rows, 0, "lead_time_hours", &lead_hours) != ERR_OK ||
        column(r->rows, 0, "max_ahead_days", &max_days) != ERR_OK ||
        column(r->rows, 0, "capacity", &w.capacity) != ERR_OK ||
        column(r->rows, 0, "first_start", &w.first_start) != ERR_OK ||
        column(r->rows, 0, "last_start", &w.last_start) != ERR_OK)
        return ERR_INTERNAL;
    int32_t now = (int32_t)(r->now_us / MINUTE_US); /* rounded down: the minute that runs is over */
    w.before = setup + ask->travel_minutes;
    w.after = teardown + ask->travel_minutes;
    w.earliest = now + 1 + lead_hours * 60;
    w.latest = now + max_days * MINUTES_PER_DAY;
    *ret_wish = w;
    return ERR_OK;
}

static enum err chefs_add(struct avail *v, const struct pg_result *rows)
{
    int id = pg_col(rows, "chef_id"), week = pg_col(rows, "week");
    int exceptions = pg_col(rows, "exceptions"), busy = pg_col(rows, "busy");
    for (int row = 0; row < pg_rows(rows) && pg_get(rows, row, id); row++) {
        struct avail_chef chef = {
            .week = pg_get(rows, row, week),
            .exceptions = pg_get(rows, row, exceptions),
            .busy = pg_get(rows, row, busy),
        };
        if (!chef.week || !chef.exceptions || !chef.busy ||
            column(rows, row, "max_events_per_day", &chef.max_events) != ERR_OK)
            return ERR_INTERNAL;
        enum err e = avail_add_chef(v, &chef);
        if (e != ERR_OK)
            return e == ERR_MALFORMED ? ERR_INTERNAL : e;
    }
    return ERR_OK;
}

enum err availability_read(struct req *r, const struct availability_ask *ask,
                           struct avail **ret_avail)
{
    struct zone zone;
    struct avail_wish wish;
    const char *offsets = pg_first(r->rows, "offsets");
    if (pg_rows(r->rows) == 0)
        return ERR_NOT_FOUND;
    if (!offsets || zone_parse(offsets, &zone) != ERR_OK)
        return ERR_INTERNAL;
    enum err e = wish_read(r, ask, &wish);
    if (e == ERR_OK)
        e = avail_new(r->arena, &zone, &wish, ret_avail);
    if (e == ERR_OK)
        e = chefs_add(*ret_avail, r->rows);
    if (e == ERR_OK)
        avail_finish(*ret_avail);
    return e;
}

/* --- the route ------------------------------------------------------------------------------ */

static int32_t number_or(const char *text, int32_t otherwise)
{
    int64_t value;
    if (!text || str_to_i64(str_of(text), INT32_MIN, INT32_MAX, &value) != ERR_OK)
        return otherwise;
    return (int32_t)value;
}

/* The station that comes to that ZIP code and how long it drives, by a quote for the smallest
 * event. */
static enum step_rc station_of_zip(struct req *r, const char *zip, const char **ret_station,
                                   int32_t *ret_travel)
{
    struct quote_in in = {.station_id = *ret_station, .adults = 1};
    struct price price;
    in.venue_zip = price_zip(r, zip);
    if (!in.venue_zip)
        return req_fail(r, ERR_NO_MEMORY, NULL);
    enum step_rc rc = price_make(r, &in, NULL, &price);
    if (rc == STEP_NEXT) {
        *ret_station = price.station_id;
        *ret_travel = price.travel_minutes;
    }
    return rc;
}

static enum step_rc availability_ask(struct req *r)
{
    struct availability_get *g = r->ctx;
    const char *station = req_query(r, "station_id"), *zip = req_query(r, "venue_zip");
    g->ask.first_day = date_days(req_query(r, "from"));
    g->ask.last_day = date_days(req_query(r, "to"));
    g->ask.duration_minutes = number_or(req_query(r, "duration_minutes"), BOOKING_DEFAULT_MINUTES);
    if (g->ask.last_day < g->ask.first_day)
        return req_fail_field(r, "to", "must not be before from");
    if (g->ask.last_day - g->ask.first_day >= MAX_DAYS)
        return req_fail_field(r, "to", "must be at most 30 days after from");
    if (!station && !zip)
        return req_fail_field(r, "station_id", "give a station or a venue_zip");
    g->station_id = station;
    return zip ? station_of_zip(r, zip, &g->station_id, &g->ask.travel_minutes) : STEP_NEXT;
}

/* Staff need no lead time: their answer is another one. */
static enum step_rc availability_look_up(struct req *r)
{
    const struct availability_get *g = r->ctx;
    bool is_staff = r->scope == SCOPE_ALL || r->scope == SCOPE_STATION;
    const char *kind = arena_printf(r->arena, AVAILABILITY_CACHE "%s", g->station_id);
    const char *key =
        arena_printf(r->arena, "%d:%d:%d:%d:%d", (int)g->ask.first_day, (int)g->ask.last_day,
                     (int)g->ask.duration_minutes, (int)g->ask.travel_minutes, (int)is_staff);
    return kind && key ? req_cache_get(r, kind, key) : req_fail(r, ERR_NO_MEMORY, NULL);
}

static enum step_rc availability_count(struct req *r)
{
    const struct availability_get *g = r->ctx;
    if (r->cached.p)
        return req_reply(r, 0, r->cached);
    return availability_load(r, g->station_id, g->ask.first_day, g->ask.last_day);
}

static void availability_write(struct req *r, const struct availability_ask *ask,
                               const struct avail *v, struct buf *out)
{
    size_t n;
    const struct avail_slot *slots = avail_slots(v, &n);
    struct json_writer w = JSON_WRITER(out);
    json_open(&w, NULL, '{');
    json_put_cstr(&w, "station_id", pg_first(r->rows, "station_id"));
    json_put_cstr(&w, "time_zone", pg_first(r->rows, "time_zone"));
    json_put_i64(&w, "duration_minutes", ask->duration_minutes);
    json_open(&w, "slots", '[');
    for (size_t i = 0; i < n; i++) {
        if (slots[i].chefs == 0)
            continue;
        json_open(&w, NULL, '{');
        avail_slot_write(&w, &slots[i]);
        json_close(&w, '}');
    }
    json_close(&w, ']');
    json_close(&w, '}');
}

static enum step_rc availability_reply(struct req *r)
{
    const struct availability_get *g = r->ctx;
    struct avail *v;
    enum err e = availability_read(r, &g->ask, &v);
    if (e != ERR_OK)
        return req_fail(r, e, NULL);
    struct buf out = BUF_INIT(1 << 20);
    availability_write(r, &g->ask, v, &out);
    struct str body = {.n = out.len};
    body.p = arena_take(r->arena, &out);
    if (!body.p)
        return req_fail(r, ERR_TOO_LARGE, NULL);
    req_cache_put(r, body, CACHE_TTL_S);
    return req_reply(r, 0, body);
}

/* clang-format off */
const struct step availability_get_steps[] = {
    STEP(availability_ask),
    STEP(availability_look_up),
    STEP(availability_count),
    STEP(availability_reply),
    STEP_END,
};
/* clang-format on */
