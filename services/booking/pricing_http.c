/* The routes of prices. A change counts for quotes made after it; what was quoted or booked keeps
 * its price. */
#include <stddef.h>

#include "common/clock.h"

#include "booking_catalogue_api.h"
#include "booking_sql.h"
#include "catalogue_watch.h"
#include "query_json.h"
#include "routes_catalogue.h"
#include "routes_core.h"
#include "venue_time.h"

static enum step_rc get_load(struct req *r)
{
    return req_pg(r, &sql_pricing_get, PG_ARGS(req_sql_ctx(r)));
}

const struct step pricing_get_steps[] = {
    STEP(get_load), STEP(reply_row), STEP_END,
};

/* The day that began last everywhere: 12 hours behind UTC. */
static int32_t today_everywhere(const struct req *r)
{
    return (int32_t)((r->now_us / USEC_PER_SEC - 12 * 3600) / (24 * 3600));
}

static enum step_rc price_write(struct req *r)
{
    const struct price_set_in *in = r->in;
    if (in->effective_from && date_days(in->effective_from) < today_everywhere(r))
        return req_fail_field(r, "/effective_from", "Is in the past");
    return req_pg(r, &sql_price_set, PG_ARGS(req_sql_ctx(r), in->code, r->in_json));
}

const struct step price_set_steps[] = {
    STEP(price_write), STEP(ring_bus), STEP(catalogue_ring), STEP(reply_row), STEP_END,
};

static enum step_rc peak_insert(struct req *r)
{
    return req_pg(r, &sql_price_peak_create, PG_ARGS(req_sql_ctx(r), r->in_json));
}

const struct step price_peak_create_steps[] = {
    STEP(peak_insert), STEP(ring_bus), STEP(catalogue_ring), STEP(reply_row), STEP_END,
};

static enum step_rc peak_update(struct req *r)
{
    return req_pg(r, &sql_price_peak_update,
                  PG_ARGS(req_sql_ctx(r), r->params[0], r->if_match, r->in_json, "{}"));
}

/* clang-format off */
const struct step price_peak_update_steps[] = {
    STEP(booking_version),
    STEP(peak_update),
    STEP(ring_bus),
    STEP(catalogue_ring),
    STEP(reply_row),
    STEP_END,
};
/* clang-format on */

static enum step_rc peak_end(struct req *r)
{
    return req_pg(
        r, &sql_price_peak_update,
        PG_ARGS(req_sql_ctx(r), r->params[0], r->if_match, r->in_json, "{\"active\": false}"));
}

static enum step_rc peak_end_reply(struct req *r)
{
    return pg_rows(r->rows) > 0 ? req_reply_empty(r, 0) : req_fail(r, ERR_NOT_FOUND, NULL);
}

/* clang-format off */
const struct step price_peak_end_steps[] = {
    STEP(booking_version),
    STEP(peak_end),
    STEP(ring_bus),
    STEP(catalogue_ring),
    STEP(peak_end_reply),
    STEP_END,
};
/* clang-format on */

static enum step_rc history_load(struct req *r)
{
    const char *limit = query_limit(r);
    if (!limit)
        return req_fail(r, ERR_TOO_LARGE, NULL);
    return req_pg(r, &sql_price_history,
                  PG_ARGS(req_sql_ctx(r), req_query(r, "code"), req_query(r, "entity"), limit,
                          req_cursor(r)));
}

const struct step price_history_steps[] = {
    STEP(history_load), STEP(reply_row), STEP_END,
};
