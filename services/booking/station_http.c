/* The routes of stations. Everybody may know where they are; how they work is for who runs them. */
#include <stddef.h>

#include "booking_catalogue_api.h"
#include "booking_sql.h"
#include "catalogue_watch.h"
#include "query_json.h"
#include "routes_catalogue.h"
#include "routes_core.h"

static enum step_rc list_load(struct req *r)
{
    const char *limit = query_limit(r);
    if (!limit)
        return req_fail(r, ERR_TOO_LARGE, NULL);
    return req_pg(r, &sql_station_list, PG_ARGS(req_sql_ctx(r), limit, req_cursor(r)));
}

const struct step station_list_steps[] = {
    STEP(list_load), STEP(reply_row), STEP_END,
};

static enum step_rc get_load(struct req *r)
{
    return req_pg(r, &sql_station_get, PG_ARGS(req_sql_ctx(r), r->params[0]));
}

const struct step station_get_steps[] = {
    STEP(get_load), STEP(reply_row), STEP_END,
};

/* Who runs one station does not open another. */
enum step_rc everywhere_only(struct req *r)
{
    return r->scope == SCOPE_ALL ? STEP_NEXT : req_fail(r, ERR_FORBIDDEN, NULL);
}

static enum step_rc create_write(struct req *r)
{
    return req_pg(r, &sql_station_create, PG_ARGS(req_sql_ctx(r), r->in_json));
}

/* clang-format off */
const struct step station_create_steps[] = {
    STEP(everywhere_only),
    STEP(create_write),
    STEP(ring_bus),
    STEP(catalogue_ring),
    STEP(reply_row),
    STEP_END,
};
/* clang-format on */

static enum step_rc update_write(struct req *r)
{
    return req_pg(r, &sql_station_update,
                  PG_ARGS(req_sql_ctx(r), r->params[0], r->if_match, r->in_json));
}

/* clang-format off */
const struct step station_update_steps[] = {
    STEP(booking_version),
    STEP(update_write),
    STEP(ring_bus),
    STEP(catalogue_ring),
    STEP(reply_row),
    STEP_END,
};
/* clang-format on */
