/* The calendar: days, weeks and months for staff and chefs, and subscriptions to a chef's events.
 * A calendar program cannot sign in, so the link itself is the right to read: signed, and good
 * until it is revoked. What it reads is in ical_http.c. */
#include <stddef.h>
#include <string.h>

#include "common/clock.h"

#include "booking_core_api.h"
#include "booking_sql.h"
#include "query_json.h"
#include "routes_core.h"
#include "venue_time.h"

#define FEED_PATH "/api/v1/calendar/feed/"

/* --- views ------------------------------------------------------------------------------------ */

/* The days that a view shows for one of them. */
static void view_days(const char *view, int32_t day, int32_t *ret_first, int32_t *ret_last)
{
    *ret_first = *ret_last = day;
    if (strcmp(view, "week") == 0) {
        *ret_first = day - weekday_of(day);
        *ret_last = *ret_first + 6;
    } else if (strcmp(view, "month") == 0) {
        *ret_first = month_first(day);
        *ret_last = month_last(day);
    }
}

static enum step_rc calendar_load(struct req *r)
{
    static const char *const names[] = {"station_id", "chef_id"};
    const char *view = req_query(r, "view");
    char from[DATE_SIZE], to[DATE_SIZE];
    int32_t first, last;
    view_days(view, date_days(req_query(r, "date")), &first, &last);
    date_print(first, from);
    date_print(last, to);
    const char *filter = query_json(r, from, to, names, ARRAY_LEN(names));
    if (!filter)
        return req_fail(r, ERR_TOO_LARGE, NULL);
    return req_pg(r, &sql_calendar, PG_ARGS(req_sql_ctx(r), filter, view));
}

const struct step calendar_get_steps[] = {
    STEP(calendar_load), STEP(reply_row), STEP_END,
};

/* --- subscriptions ---------------------------------------------------------------------------- */

static enum step_rc feed_create_write(struct req *r)
{
    const struct calendar_feed_in *in = r->in;
    const char *token;
    char *id = arena_alloc(r->arena, UUID_SIZE);
    if (!id)
        return req_fail(r, ERR_NO_MEMORY, NULL);
    uuid_v7(r->now_us / USEC_PER_MSEC, id);
    enum err e = req_sign(r, "calendar_feed", str_of(id), &token);
    if (e != ERR_OK)
        return req_fail(r, e, NULL);
    const char *path = arena_printf(r->arena, FEED_PATH "%s" CALENDAR_FEED_SUFFIX, token);
    if (!path)
        return req_fail(r, ERR_NO_MEMORY, NULL);
    return req_pg(r, &sql_feed_create, PG_ARGS(req_sql_ctx(r), in->chef_id, id, path));
}

const struct step feed_create_steps[] = {
    STEP(feed_create_write), STEP(reply_row), STEP_END,
};

static enum step_rc feed_list_load(struct req *r)
{
    const char *limit = query_limit(r);
    if (!limit)
        return req_fail(r, ERR_TOO_LARGE, NULL);
    return req_pg(r, &sql_feed_list,
                  PG_ARGS(req_sql_ctx(r), req_query(r, "chef_id"), limit, req_cursor(r)));
}

const struct step feed_list_steps[] = {
    STEP(feed_list_load), STEP(reply_row), STEP_END,
};

static enum step_rc feed_revoke_write(struct req *r)
{
    return req_pg(r, &sql_feed_revoke, PG_ARGS(req_sql_ctx(r), r->params[0]));
}

static enum step_rc feed_revoke_reply(struct req *r)
{
    return pg_rows(r->rows) > 0 ? req_reply_empty(r, 0) : req_fail(r, ERR_NOT_FOUND, NULL);
}

const struct step feed_revoke_steps[] = {
    STEP(feed_revoke_write), STEP(feed_revoke_reply), STEP_END,
};
