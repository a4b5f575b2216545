/* The routes of one booking and of the list, but for those that make it or change its price. */
#include <stddef.h>
#include <string.h>

#include "booking_core_api.h"
#include "booking_sql.h"
#include "booking_state.h"
#include "query_json.h"
#include "routes_core.h"

/* A first step: what If-Match says must be one of our versions, which are numbers. */
enum step_rc booking_version(struct req *r)
{
    int64_t version;
    if (r->if_match && str_to_i64(str_of(r->if_match), 1, INT32_MAX, &version) != ERR_OK)
        return req_fail(r, ERR_PRECONDITION_FAILED, NULL);
    return STEP_NEXT;
}

/* --- reading ---------------------------------------------------------------------------------- */

static enum step_rc get_load(struct req *r)
{
    return req_pg(r, &sql_booking_get, PG_ARGS(req_sql_ctx(r), r->params[0]));
}

const struct step booking_get_steps[] = {
    STEP(get_load), STEP(reply_row), STEP_END,
};

static enum step_rc list_load(struct req *r)
{
    static const char *const names[] = {"status",      "station_id", "chef_id",
                                        "customer_id", "q",          "deleted"};
    const char *sort = req_query(r, "sort"), *count = req_query(r, "count");
    const char *deleted = req_query(r, "deleted");
    const char *limit = query_limit(r);
    const char *filter =
        query_json(r, req_query(r, "from"), req_query(r, "to"), names, ARRAY_LEN(names));
    if (!limit || !filter)
        return req_fail(r, ERR_TOO_LARGE, NULL);
    if (deleted && strcmp(deleted, "true") == 0 && r->scope == SCOPE_OWN)
        return req_fail_field(r, "deleted", "only staff may see these");
    bool newest = sort && strcmp(sort, "-created_at") == 0;
    return req_pg(r, newest ? &sql_booking_list_newest : &sql_booking_list,
                  PG_ARGS(req_sql_ctx(r), filter, limit, req_cursor(r), count ? count : "false"));
}

const struct step booking_list_steps[] = {
    STEP(list_load), STEP(reply_row), STEP_END,
};

static enum step_rc history_load(struct req *r)
{
    const char *limit = query_limit(r);
    if (!limit)
        return req_fail(r, ERR_TOO_LARGE, NULL);
    return req_pg(r, &sql_booking_history,
                  PG_ARGS(req_sql_ctx(r), r->params[0], limit, req_cursor(r)));
}

const struct step booking_history_steps[] = {
    STEP(history_load), STEP(reply_row), STEP_END,
};

/* --- moving on -------------------------------------------------------------------------------- */

/* Which route leads to which state, and for whom. */
static const struct {
    const char *route;
    enum booking_state to;
    const char *who;
} moves[] = {
    {"booking_confirm", BOOKING_CONFIRMED, "{staff}"},
    {"booking_seat", BOOKING_SEATED, "{staff,chef}"},
    {"booking_complete", BOOKING_COMPLETED, "{staff,chef}"},
    {"booking_no_show", BOOKING_NO_SHOW, "{staff,chef}"},
};

static enum step_rc move_write(struct req *r)
{
    size_t i = 0;
    while (i < ARRAY_LEN(moves) && strcmp(moves[i].route, r->route->name) != 0)
        i++;
    if (i == ARRAY_LEN(moves))
        return req_fail(r, ERR_INTERNAL, NULL);
    return req_pg(r, &sql_booking_move,
                  PG_ARGS(req_sql_ctx(r), r->params[0], r->if_match,
                          booking_state_name(moves[i].to), moves[i].who, r->in_json));
}

const struct step booking_move_steps[] = {
    STEP(booking_version), STEP(move_write), STEP(ring_bus), STEP(reply_row), STEP_END,
};

static enum step_rc cancel_write(struct req *r)
{
    return req_pg(r, &sql_booking_cancel,
                  PG_ARGS(req_sql_ctx(r), r->params[0], r->if_match, r->in_json));
}

const struct step booking_cancel_steps[] = {
    STEP(booking_version), STEP(cancel_write), STEP(ring_bus), STEP(reply_row), STEP_END,
};

static enum step_rc assign_write(struct req *r)
{
    const struct booking_assign_in *in = r->in;
    if (!in->chef_id && !in->assistant_ids && !in->equipment_ids)
        return req_fail(r, ERR_INVALID, "Say whom or what to assign.");
    return req_pg(r, &sql_booking_assign,
                  PG_ARGS(req_sql_ctx(r), r->params[0], r->if_match, r->in_json));
}

const struct step booking_assign_steps[] = {
    STEP(booking_version), STEP(assign_write), STEP(ring_bus), STEP(reply_row), STEP_END,
};

/* --- deleting --------------------------------------------------------------------------------- */

static enum step_rc delete_write(struct req *r)
{
    const struct booking_reason_in *in = r->in;
    return req_pg(r, &sql_booking_delete,
                  PG_ARGS(req_sql_ctx(r), r->params[0], r->if_match, in->reason));
}

static enum step_rc delete_reply(struct req *r)
{
    return req_reply_empty(r, 0);
}

const struct step booking_delete_steps[] = {
    STEP(booking_version), STEP(delete_write), STEP(ring_bus), STEP(delete_reply), STEP_END,
};

static enum step_rc restore_write(struct req *r)
{
    return req_pg(r, &sql_booking_restore, PG_ARGS(req_sql_ctx(r), r->params[0]));
}

const struct step booking_restore_steps[] = {
    STEP(restore_write), STEP(ring_bus), STEP(reply_row), STEP_END,
};

/* --- notes ------------------------------------------------------------------------------------ */

static enum step_rc note_list_load(struct req *r)
{
    const char *limit = query_limit(r);
    if (!limit)
        return req_fail(r, ERR_TOO_LARGE, NULL);
    return req_pg(r, &sql_booking_note_list,
                  PG_ARGS(req_sql_ctx(r), r->params[0], limit, req_cursor(r)));
}

const struct step booking_note_list_steps[] = {
    STEP(note_list_load), STEP(reply_row), STEP_END,
};

static enum step_rc note_write(struct req *r)
{
    return req_pg(r, &sql_booking_note_add, PG_ARGS(req_sql_ctx(r), r->params[0], r->in_json));
}

const struct step booking_note_add_steps[] = {
    STEP(note_write), STEP(ring_bus), STEP(reply_row), STEP_END,
};
