/* The calendar: days, weeks and months for staff and chefs, and a chef's feed for calendar
 * programs. Such a program cannot sign in, so the link itself is the right to read: signed, and
 * good until it is revoked. */
#include <stddef.h>
#include <string.h>

#include "common/clock.h"

#include "booking_core_api.h"
#include "booking_sql.h"
#include "booking_state.h"
#include "ical.h"
#include "query_json.h"
#include "routes_core.h"
#include "venue_time.h"

#define FEED_PATH "/api/v1/calendar/feed/"
#define FEED_SUFFIX ".ics"
#define FEED_MAX_BYTES (2 << 20)

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
    const char *path = arena_printf(r->arena, FEED_PATH "%s" FEED_SUFFIX, token);
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

/* --- the feed --------------------------------------------------------------------------------- */

static enum step_rc feed_load(struct req *r)
{
    struct str token = str_of(r->params[0]), suffix = STR(FEED_SUFFIX), id;
    if (token.n > suffix.n && str_eq((struct str){token.p + token.n - suffix.n, suffix.n}, suffix))
        token.n -= suffix.n;
    const char *text = arena_strndup(r->arena, token.p, token.n);
    if (!text)
        return req_fail(r, ERR_NO_MEMORY, NULL);
    if (req_unsign(r, "calendar_feed", text, &id) != ERR_OK || !str_is_uuid(id))
        return req_fail(r, ERR_NOT_FOUND, NULL);
    const char *feed = arena_strndup(r->arena, id.p, id.n);
    if (!feed)
        return req_fail(r, ERR_NO_MEMORY, NULL);
    return req_pg(r, &sql_feed_events, PG_ARGS(req_sql_ctx(r), feed));
}

static const char *cell(const struct req *r, int row, const char *name)
{
    const char *text = pg_get(r->rows, row, pg_col(r->rows, name));
    return text ? text : "";
}

static int64_t cell_us(const struct req *r, int row, const char *name)
{
    int64_t seconds = 0;
    if (str_to_i64(str_of(cell(r, row, name)), 0, INT32_MAX * INT64_C(100), &seconds) != ERR_OK)
        return 0;
    return seconds * USEC_PER_SEC;
}

static enum ical_status status_of(const char *state)
{
    switch (booking_state_find(state)) {
    case BOOKING_PENDING:
        return ICAL_TENTATIVE;
    case BOOKING_CANCELLED:
    case BOOKING_NO_SHOW:
        return ICAL_CANCELLED;
    case BOOKING_CONFIRMED:
    case BOOKING_SEATED:
    case BOOKING_COMPLETED:
    case BOOKING_STATE_MAX:
        break;
    }
    return ICAL_CONFIRMED;
}

static enum err feed_event_write(struct req *r, int row, struct buf *out)
{
    struct ical_event e = {
        .uid = arena_printf(r->arena, "%s@booking.myhibachi", cell(r, row, "id")),
        .starts_us = cell_us(r, row, "starts_s"),
        .ends_us = cell_us(r, row, "ends_s"),
        .changed_us = cell_us(r, row, "changed_s"),
        .status = status_of(cell(r, row, "state")),
        .summary = arena_printf(r->arena, "%s: %s, %s guests", cell(r, row, "number"),
                                cell(r, row, "contact_name"), cell(r, row, "guest_count")),
        .location = arena_printf(r->arena, "%s, %s", cell(r, row, "venue_address"),
                                 cell(r, row, "venue_zip")),
        .description = arena_printf(r->arena, "%s\n%s\n%s", cell(r, row, "contact_phone"),
                                    cell(r, row, "event_type"), cell(r, row, "special_requests")),
    };
    if (!e.uid || !e.summary || !e.location || !e.description)
        return ERR_TOO_LARGE;
    if (str_to_i64(str_of(cell(r, row, "version")), 0, INT32_MAX, &e.sequence) != ERR_OK)
        e.sequence = 0;
    ical_event(out, &e, r->now_us);
    return ERR_OK;
}

static enum step_rc feed_reply(struct req *r)
{
    struct buf out = BUF_INIT(FEED_MAX_BYTES);
    enum err e = ERR_OK;
    if (pg_rows(r->rows) == 0)
        return req_fail(r, ERR_NOT_FOUND, NULL);
    const char *name = arena_printf(r->arena, "My Hibachi: %s", cell(r, 0, "chef_name"));
    ical_open(&out, name ? name : "My Hibachi");
    for (int row = 0; row < pg_rows(r->rows) && e == ERR_OK; row++)
        if (cell(r, row, "id")[0] != '\0')
            e = feed_event_write(r, row, &out);
    ical_close(&out);
    struct str body = {NULL, out.len};
    if (e == ERR_OK && buf_err(&out) == ERR_OK)
        body.p = arena_strndup(r->arena, out.data, out.len);
    buf_free(&out);
    if (!body.p)
        return req_fail(r, ERR_TOO_LARGE, NULL);
    req_reply_header(r, "Cache-Control", "private, max-age=300");
    return req_reply_as(r, 0, "text/calendar; charset=utf-8", body);
}

const struct step feed_get_steps[] = {
    STEP(feed_load), STEP(feed_reply), STEP_END,
};
