/* Equipment that can be booked beside a chef. */
#include <stddef.h>

#include "booking_core_api.h"
#include "booking_sql.h"
#include "query_json.h"
#include "routes_core.h"

static enum step_rc list_load(struct req *r)
{
    const char *limit = query_limit(r);
    if (!limit)
        return req_fail(r, ERR_TOO_LARGE, NULL);
    return req_pg(r, &sql_equipment_list,
                  PG_ARGS(req_sql_ctx(r), req_query(r, "station_id"), limit, req_cursor(r)));
}

const struct step equipment_list_steps[] = {
    STEP(list_load), STEP(reply_row), STEP_END,
};

static enum step_rc create_write(struct req *r)
{
    return req_pg(r, &sql_equipment_create, PG_ARGS(req_sql_ctx(r), r->in_json));
}

const struct step equipment_create_steps[] = {
    STEP(create_write), STEP(reply_row), STEP_END,
};

static enum step_rc update_write(struct req *r)
{
    return req_pg(r, &sql_equipment_update,
                  PG_ARGS(req_sql_ctx(r), r->params[0], r->if_match, r->in_json));
}

const struct step equipment_update_steps[] = {
    STEP(booking_version), STEP(update_write), STEP(reply_row), STEP_END,
};
