/* The waitlist: people who want a day that is full. Who hears of a free time is decided where time
 * becomes free, in booking.waitlist_match(). */
#include <stddef.h>

#include "booking_core_api.h"
#include "booking_sql.h"
#include "link.h"
#include "query_json.h"
#include "routes_core.h"
#include "venue_time.h"

static enum step_rc join_write(struct req *r)
{
    const struct waitlist_create_in *in = r->in;
    if (clock_minutes(in->until_time) < clock_minutes(in->from_time))
        return req_fail_field(r, "/until_time", "Must not be before from_time");
    return req_pg(r, &sql_waitlist_create, PG_ARGS(req_sql_ctx(r), r->in_json));
}

/* clang-format off */
const struct step waitlist_create_steps[] = {
    STEP(join_write),
    STEP(ring_bus),
    STEP(reply_with_waitlist_link),
    CATCH(ERR_KEY_REPLAY, stored_load),
    CATCH(ERR_KEY_REPLAY, stored_mark),
    CATCH(ERR_KEY_REPLAY, reply_with_waitlist_link),
    STEP_END,
};
/* clang-format on */

static enum step_rc list_load(struct req *r)
{
    const char *state = req_query(r, "state"), *limit = query_limit(r);
    if (!limit)
        return req_fail(r, ERR_TOO_LARGE, NULL);
    return req_pg(r, &sql_waitlist_list,
                  PG_ARGS(req_sql_ctx(r), req_query(r, "station_id"), req_query(r, "event_date"),
                          state ? state : "waiting", limit, req_cursor(r)));
}

const struct step waitlist_list_steps[] = {
    STEP(list_load), STEP(reply_row), STEP_END,
};

static enum step_rc remove_write(struct req *r)
{
    return req_pg(r, &sql_waitlist_remove, PG_ARGS(req_sql_ctx(r), r->params[0]));
}

static enum step_rc remove_reply(struct req *r)
{
    return pg_rows(r->rows) > 0 ? req_reply_empty(r, 0) : req_fail(r, ERR_NOT_FOUND, NULL);
}

const struct step waitlist_remove_steps[] = {
    STEP(remove_write), STEP(remove_reply), STEP_END,
};
