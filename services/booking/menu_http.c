/* The routes of the menu: what everybody sees, and what staff make of it. */
#include <stddef.h>

#include "booking_catalogue_api.h"
#include "booking_sql.h"
#include "catalogue_watch.h"
#include "query_json.h"
#include "routes_catalogue.h"
#include "routes_core.h"

static enum step_rc load(struct req *r, const char *kind, const char *inactive)
{
    const char *limit = query_limit(r);
    if (!limit)
        return req_fail(r, ERR_TOO_LARGE, NULL);
    return req_pg(r, &sql_menu_list, PG_ARGS(req_sql_ctx(r), kind, inactive, limit, req_cursor(r)));
}

static enum step_rc offered_load(struct req *r)
{
    return load(r, req_query(r, "kind"), "false");
}

static enum step_rc addons_load(struct req *r)
{
    return load(r, "addon", "false");
}

/* A price that changes meanwhile shows in the quote. */
static enum step_rc keep_an_hour(struct req *r)
{
    req_reply_header(r, "Cache-Control", "public, max-age=3600");
    return STEP_NEXT;
}

const struct step menu_list_steps[] = {
    STEP(offered_load), STEP(keep_an_hour), STEP(reply_row), STEP_END,
};

const struct step addon_list_steps[] = {
    STEP(addons_load), STEP(keep_an_hour), STEP(reply_row), STEP_END,
};

static enum step_rc all_load(struct req *r)
{
    return load(r, req_query(r, "kind"), "true");
}

const struct step menu_all_steps[] = {
    STEP(all_load), STEP(reply_row), STEP_END,
};

static enum step_rc get_load(struct req *r)
{
    return req_pg(r, &sql_menu_get, PG_ARGS(req_sql_ctx(r), r->params[0]));
}

const struct step menu_get_steps[] = {
    STEP(get_load), STEP(reply_row), STEP_END,
};

static enum step_rc create_write(struct req *r)
{
    return req_pg(r, &sql_menu_create, PG_ARGS(req_sql_ctx(r), r->in_json));
}

/* clang-format off */
const struct step menu_create_steps[] = {
    STEP(everywhere_only),
    STEP(create_write),
    STEP(ring_bus),
    STEP(catalogue_ring),
    STEP(reply_row),
    STEP_END,
};
/* clang-format on */

/* A change that can change what somebody pays says why. */
static enum step_rc reason_check(struct req *r)
{
    const struct menu_update_in *in = r->in;
    const struct json *body;
    enum err e = json_parse(r->arena, str_of(r->in_json), &body, NULL);
    if (e != ERR_OK)
        return req_fail(r, e, NULL);
    if (!in->reason && (json_get(body, "price_cents") || json_get(body, "unit")))
        return req_fail_field(r, "/reason", "Is required where the price changes");
    return STEP_NEXT;
}

static enum step_rc update_write(struct req *r)
{
    return req_pg(r, &sql_menu_update,
                  PG_ARGS(req_sql_ctx(r), r->params[0], r->if_match, r->in_json));
}

/* clang-format off */
const struct step menu_update_steps[] = {
    STEP(everywhere_only),
    STEP(booking_version),
    STEP(reason_check),
    STEP(update_write),
    STEP(ring_bus),
    STEP(catalogue_ring),
    STEP(reply_row),
    STEP_END,
};
/* clang-format on */
