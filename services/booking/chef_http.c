/* The routes of chefs and their hours. A chef has the scope `own`: his profile, his hours. */
#include <stddef.h>
#include <string.h>

#include "booking_people_api.h"
#include "booking_sql.h"
#include "query_json.h"
#include "routes_people.h"

/* --- profiles --------------------------------------------------------------------------------- */

static enum step_rc list_load(struct req *r)
{
    const char *limit = query_limit(r), *inactive = req_query(r, "inactive");
    if (!limit)
        return req_fail(r, ERR_TOO_LARGE, NULL);
    return req_pg(r, &sql_chef_list,
                  PG_ARGS(req_sql_ctx(r), req_query(r, "station_id"), req_query(r, "skill"),
                          inactive ? inactive : "false", limit, req_cursor(r)));
}

const struct step chef_list_steps[] = {
    STEP(list_load), STEP(reply_row), STEP_END,
};

static enum step_rc get_load(struct req *r)
{
    return req_pg(r, &sql_chef_get, PG_ARGS(req_sql_ctx(r), r->params[0]));
}

const struct step chef_get_steps[] = {
    STEP(get_load), STEP(reply_row), STEP_END,
};

static enum step_rc create_write(struct req *r)
{
    return req_pg(r, &sql_chef_create, PG_ARGS(req_sql_ctx(r), r->in_json));
}

const struct step chef_create_steps[] = {
    STEP(create_write), STEP(ring_bus), STEP(reply_row), STEP_END,
};

static enum step_rc update_write(struct req *r)
{
    return req_pg(r, &sql_chef_update,
                  PG_ARGS(req_sql_ctx(r), r->params[0], r->if_match, r->in_json));
}

const struct step chef_update_steps[] = {
    STEP(update_write), STEP(ring_bus), STEP(reply_row), STEP_END,
};

/* --- the usual week --------------------------------------------------------------------------- */

static enum step_rc week_load(struct req *r)
{
    return req_pg(r, &sql_chef_week_get, PG_ARGS(req_sql_ctx(r), r->params[0]));
}

const struct step chef_week_get_steps[] = {
    STEP(week_load), STEP(reply_row), STEP_END,
};

static enum step_rc week_write(struct req *r)
{
    return req_pg(r, &sql_chef_week_set,
                  PG_ARGS(req_sql_ctx(r), r->params[0], r->if_match, r->in_json));
}

const struct step chef_week_set_steps[] = {
    STEP(week_write), STEP(ring_bus), STEP(reply_row), STEP_END,
};

/* --- days that differ ------------------------------------------------------------------------- */

static enum step_rc exceptions_load(struct req *r)
{
    const char *limit = query_limit(r), *from = req_query(r, "from"), *to = req_query(r, "to");
    if (!limit)
        return req_fail(r, ERR_TOO_LARGE, NULL);
    if (from && to && strcmp(to, from) < 0)
        return req_fail_field(r, "to", "must not be before from");
    return req_pg(r, &sql_chef_exception_list,
                  PG_ARGS(req_sql_ctx(r), r->params[0], from, to, limit, req_cursor(r)));
}

const struct step chef_exception_list_steps[] = {
    STEP(exceptions_load), STEP(reply_row), STEP_END,
};

static enum step_rc exception_insert(struct req *r)
{
    const struct chef_exception_in *in = r->in;
    if (strcmp(in->last_day, in->first_day) < 0)
        return req_fail_field(r, "/last_day", "must not be before first_day");
    return req_pg(r, &sql_chef_exception_add, PG_ARGS(req_sql_ctx(r), r->params[0], r->in_json));
}

const struct step chef_exception_add_steps[] = {
    STEP(exception_insert), STEP(ring_bus), STEP(reply_row), STEP_END,
};

static enum step_rc exception_delete(struct req *r)
{
    return req_pg(r, &sql_chef_exception_remove,
                  PG_ARGS(req_sql_ctx(r), r->params[0], r->params[1]));
}

const struct step chef_exception_remove_steps[] = {
    STEP(exception_delete), STEP(ring_bus), STEP(reply_row), STEP_END,
};
