/* GET /api/v1/stats/dashboard: counts and sums over the bookings of some days, kept for five
 * minutes. */
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
#define CACHE_TTL_S 300

struct dashboard {
    const char *filter; /* JSON */
};
_Static_assert(sizeof(struct dashboard) <= CORE_CTX_BYTES, "room");

/* The filters are the key, with what the caller may see where that is less than all. */
static enum step_rc dashboard_look_up(struct req *r)
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
    struct dashboard *d = r->ctx;
    d->filter = query_json(r, from_text, to_text, names, ARRAY_LEN(names));
    const char *who = r->scope == SCOPE_ALL ? "" : r->caller.user_id;
    const char *key = d->filter ? arena_printf(r->arena, "%s%s", who, d->filter) : NULL;
    return key ? req_cache_get(r, DASHBOARD_CACHE, key) : req_fail(r, ERR_TOO_LARGE, NULL);
}

static enum step_rc dashboard_load(struct req *r)
{
    const struct dashboard *d = r->ctx;
    if (r->cached.p)
        return req_reply(r, 0, r->cached);
    return req_pg(r, &sql_dashboard, PG_ARGS(req_sql_ctx(r), d->filter, QUOTE_CURRENCY));
}

static enum step_rc dashboard_keep(struct req *r)
{
    int body = pg_col(r->rows, "body");
    const char *text = pg_get(r->rows, 0, body);
    if (text)
        req_cache_put(r, (struct str){text, pg_len(r->rows, 0, body)}, CACHE_TTL_S);
    return STEP_NEXT;
}

/* clang-format off */
const struct step dashboard_steps[] = {
    STEP(dashboard_look_up),
    STEP(dashboard_load),
    STEP(dashboard_keep),
    STEP(reply_row),
    STEP_END,
};
/* clang-format on */
