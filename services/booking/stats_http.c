/* GET /api/v1/stats/dashboard: counts and sums over the bookings of some days. */
#include <stddef.h>

#include "common/clock.h"

#include "booking_core_api.h"
#include "booking_sql.h"
#include "query_json.h"
#include "quote.h"
#include "routes_core.h"
#include "venue_time.h"

#define MAX_DAYS 366
#define DAY_US (24 * 60 * 60 * USEC_PER_SEC)

static enum step_rc dashboard_load(struct req *r)
{
    static const char *const names[] = {"station_id"};
    int32_t today = (int32_t)(r->now_us / DAY_US);
    const char *from = req_query(r, "from"), *to = req_query(r, "to");
    int32_t first = from ? date_days(from) : month_first(today);
    int32_t last = to ? date_days(to) : month_last(today);
    char from_text[DATE_SIZE], to_text[DATE_SIZE];
    if (last < first)
        return req_fail_field(r, "to", "must not be before from");
    if (last - first >= MAX_DAYS)
        return req_fail_field(r, "to", "must be at most a year after from");
    date_print(first, from_text);
    date_print(last, to_text);
    const char *filter = query_json(r, from_text, to_text, names, ARRAY_LEN(names));
    if (!filter)
        return req_fail(r, ERR_TOO_LARGE, NULL);
    return req_pg(r, &sql_dashboard, PG_ARGS(req_sql_ctx(r), filter, QUOTE_CURRENCY));
}

const struct step dashboard_steps[] = {
    STEP(dashboard_load), STEP(reply_row), STEP_END,
};
