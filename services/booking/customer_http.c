/* The routes of customers. A customer's account has the scope `own`: one row, made at the first
 * use.
 */
#include <stddef.h>
#include <string.h>

#include "booking_people_api.h"
#include "booking_sql.h"
#include "query_json.h"
#include "routes_people.h"

/* --- for staff -------------------------------------------------------------------------------- */

static enum step_rc list_load(struct req *r)
{
    const char *limit = query_limit(r), *q = req_query(r, "q");
    const char *deleted = req_query(r, "deleted"), *count = req_query(r, "count");
    if (!limit)
        return req_fail(r, ERR_TOO_LARGE, NULL);
    if (deleted && strcmp(deleted, "true") == 0 && r->scope == SCOPE_OWN)
        return req_fail_field(r, "deleted", "only staff may see these");
    if (q)
        return req_pg(r, &sql_customer_search, PG_ARGS(req_sql_ctx(r), q, limit));
    return req_pg(r, &sql_customer_list,
                  PG_ARGS(req_sql_ctx(r), req_query(r, "station_id"), deleted ? deleted : "false",
                          limit, req_cursor(r), count ? count : "false"));
}

const struct step customer_list_steps[] = {
    STEP(list_load), STEP(reply_row), STEP_END,
};

static enum step_rc get_load(struct req *r)
{
    return req_pg(r, &sql_customer_get, PG_ARGS(req_sql_ctx(r), r->params[0]));
}

const struct step customer_get_steps[] = {
    STEP(get_load), STEP(reply_row), STEP_END,
};

static enum step_rc create_write(struct req *r)
{
    return req_pg(r, &sql_customer_create, PG_ARGS(req_sql_ctx(r), r->in_json));
}

const struct step customer_create_steps[] = {
    STEP(create_write), STEP(ring_bus), STEP(reply_row), STEP_END,
};

static enum step_rc update_write(struct req *r)
{
    return req_pg(r, &sql_customer_update,
                  PG_ARGS(req_sql_ctx(r), r->params[0], r->if_match, r->in_json));
}

const struct step customer_update_steps[] = {
    STEP(update_write), STEP(ring_bus), STEP(reply_row), STEP_END,
};

static enum step_rc delete_write(struct req *r)
{
    const struct customer_delete_in *in = r->in;
    return req_pg(r, &sql_customer_delete,
                  PG_ARGS(req_sql_ctx(r), r->params[0], r->if_match, in->reason));
}

const struct step customer_delete_steps[] = {
    STEP(delete_write), STEP(ring_bus), STEP(reply_row), STEP_END,
};

static enum step_rc restore_write(struct req *r)
{
    return req_pg(r, &sql_customer_restore, PG_ARGS(req_sql_ctx(r), r->params[0]));
}

const struct step customer_restore_steps[] = {
    STEP(restore_write), STEP(ring_bus), STEP(reply_row), STEP_END,
};

static enum step_rc merge_write(struct req *r)
{
    return req_pg(r, &sql_customer_merge, PG_ARGS(req_sql_ctx(r), r->params[0], r->in_json));
}

const struct step customer_merge_steps[] = {
    STEP(merge_write), STEP(ring_bus), STEP(reply_row), STEP_END,
};

/* --- for customers ---------------------------------------------------------------------------- */

/* Staff are nobody's customers: their accounts get no row by looking. */
static enum step_rc own_only(struct req *r)
{
    return r->scope == SCOPE_OWN ? STEP_NEXT : req_fail(r, ERR_NOT_FOUND, NULL);
}

static enum step_rc me_load(struct req *r)
{
    return req_pg(r, &sql_customer_me, PG_ARGS(req_sql_ctx(r)));
}

const struct step customer_me_steps[] = {
    STEP(own_only), STEP(me_load), STEP(reply_row), STEP_END,
};

static enum step_rc me_write(struct req *r)
{
    return req_pg(r, &sql_customer_me_update, PG_ARGS(req_sql_ctx(r), r->if_match, r->in_json));
}

const struct step customer_me_update_steps[] = {
    STEP(own_only), STEP(me_write), STEP(ring_bus), STEP(reply_row), STEP_END,
};
