/* What calendar programs read: a chef's events as a feed, and one booking for its customer. No more
 * of people's words than is needed: calendars go to others' servers. */
#include <stddef.h>

#include "common/clock.h"

#include "booking_core_api.h"
#include "booking_sql.h"
#include "booking_state.h"
#include "ical.h"
#include "routes_core.h"

#define CALENDAR_MAX_BYTES (2 << 20)

/* --- events from rows ------------------------------------------------------------------------- */

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

/* What the calendars of chef and customer have in common: the same UID, so that it is one event for
 * who has both. */
static enum err event_write(struct req *r, int row, const char *summary, const char *description,
                            struct buf *out)
{
    struct ical_event e = {
        .uid = arena_printf(r->arena, "%s@booking.myhibachi", cell(r, row, "id")),
        .starts_us = cell_us(r, row, "starts_s"),
        .ends_us = cell_us(r, row, "ends_s"),
        .changed_us = cell_us(r, row, "changed_s"),
        .status = status_of(cell(r, row, "state")),
        .summary = summary,
        .location = arena_printf(r->arena, "%s, %s", cell(r, row, "venue_address"),
                                 cell(r, row, "venue_zip")),
        .description = description,
    };
    if (!e.uid || !e.summary || !e.location || !e.description)
        return ERR_TOO_LARGE;
    if (str_to_i64(str_of(cell(r, row, "version")), 0, INT32_MAX, &e.sequence) != ERR_OK)
        e.sequence = 0;
    ical_event(out, &e, r->now_us);
    return ERR_OK;
}

static enum step_rc calendar_reply(struct req *r, enum err e, struct buf *out)
{
    struct str body = {.n = out->len};
    body.p = arena_take(r->arena, out);
    if (e != ERR_OK || !body.p)
        return req_fail(r, ERR_TOO_LARGE, NULL);
    return req_reply_as(r, 0, "text/calendar; charset=utf-8", body);
}

/* --- a chef's feed ---------------------------------------------------------------------------- */

static enum step_rc feed_load(struct req *r)
{
    struct str token = str_of(r->params[0]), suffix = STR(CALENDAR_FEED_SUFFIX), id;
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

static enum err feed_event_write(struct req *r, int row, struct buf *out)
{
    const char *summary = arena_printf(
        r->arena, "%s%s: %s, %s guests", cell(r, row, "assists")[0] == 't' ? "Assist " : "",
        cell(r, row, "number"), cell(r, row, "contact_name"), cell(r, row, "guest_count"));
    const char *description =
        arena_printf(r->arena, "%s\n%s", cell(r, row, "contact_phone"), cell(r, row, "event_type"));
    return event_write(r, row, summary, description, out);
}

static enum step_rc feed_reply(struct req *r)
{
    struct buf out = BUF_INIT(CALENDAR_MAX_BYTES);
    enum err e = ERR_OK;
    if (pg_rows(r->rows) == 0)
        return req_fail(r, ERR_NOT_FOUND, NULL);
    const char *name = arena_printf(r->arena, "My Hibachi: %s", cell(r, 0, "chef_name"));
    ical_open(&out, name ? name : "My Hibachi");
    for (int row = 0; row < pg_rows(r->rows) && e == ERR_OK; row++)
        if (cell(r, row, "id")[0] != '\0')
            e = feed_event_write(r, row, &out);
    ical_close(&out);
    req_reply_header(r, "Cache-Control", "private, max-age=300");
    return calendar_reply(r, e, &out);
}

const struct step feed_get_steps[] = {
    STEP(feed_load), STEP(feed_reply), STEP_END,
};

/* --- one booking ------------------------------------------------------------------------------ */

static enum step_rc booking_load(struct req *r)
{
    return req_pg(r, &sql_booking_calendar, PG_ARGS(req_sql_ctx(r), r->params[0]));
}

static enum step_rc booking_reply(struct req *r)
{
    struct buf out = BUF_INIT(CALENDAR_MAX_BYTES);
    if (pg_rows(r->rows) == 0)
        return req_fail(r, ERR_NOT_FOUND, NULL);
    const char *number = cell(r, 0, "number");
    const char *summary =
        arena_printf(r->arena, "My Hibachi, %s guests", cell(r, 0, "guest_count"));
    const char *description = arena_printf(r->arena, "%s\nChef: %s\n%s", number,
                                           cell(r, 0, "chef_name"), cell(r, 0, "station_phone"));
    const char *file = arena_printf(r->arena, "attachment; filename=\"%s.ics\"", number);
    ical_open(&out, "My Hibachi");
    enum err e = event_write(r, 0, summary, description, &out);
    ical_close(&out);
    if (file)
        req_reply_header(r, "Content-Disposition", file);
    return calendar_reply(r, e, &out);
}

const struct step booking_calendar_steps[] = {
    STEP(booking_load), STEP(booking_reply), STEP_END,
};
