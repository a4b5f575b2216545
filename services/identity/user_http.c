/* Accounts, as staff administer them. Who may touch whose account is in the statements: within the
 * caller's scope, and nobody who can do more than he can. */
#include "common/clock.h"
#include "common/rng.h"
#include "identity.h"
#include "identity_api.h"

/* --- reading -------------------------------------------------------------------------------- */

/* Customers are many and staff are few: a list is of one kind, so that an index serves it. */
static const char *list_kind(const struct req *r)
{
    const char *kind = req_query(r, "kind"), *role = req_query(r, "role");
    if (kind)
        return kind;
    return role && strcmp(role, "CUSTOMER") == 0 ? "customer" : "staff";
}

static enum step_rc user_list(struct req *r)
{
    const char *status = req_query(r, "status"), *q = req_query(r, "q");
    const char *states =
        status ? arena_printf(r->arena, "{%s}", status) : "{active,locked,disabled}";
    const char *count = req_query(r, "count");
    if (!states)
        return req_fail(r, ERR_NO_MEMORY, NULL);
    if (q)
        return req_pg(r, &sql_user_search,
                      PG_ARGS(req_sql_ctx(r), list_kind(r), states, req_query(r, "role"),
                              req_cursor(r), number_text(r, req_limit(r)), count, q));
    return req_pg(r, &sql_user_list,
                  PG_ARGS(req_sql_ctx(r), list_kind(r), states, req_query(r, "role"), req_cursor(r),
                          number_text(r, req_limit(r)), count));
}

static enum step_rc user_get(struct req *r)
{
    return req_pg(r, &sql_user_get, PG_ARGS(req_sql_ctx(r), r->params[0]));
}

/* --- changing ------------------------------------------------------------------------------- */

static enum step_rc user_create(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    enum err e = link_make(r, c);
    if (e != ERR_OK)
        return req_fail(r, e, NULL);
    uuid_v7(r->now_us / USEC_PER_MSEC, c->id);
    return req_pg(r, &sql_user_create,
                  PG_ARGS(req_sql_ctx(r), c->id, r->in_json, c->secret.hash, c->sealed,
                          number_text(r, identity_config(r->svc)->invite_ttl_s)));
}

static enum step_rc user_update(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    enum err e = link_make(r, c); /* of use when the address changes */
    if (e != ERR_OK)
        return req_fail(r, e, NULL);
    return req_pg(r, &sql_user_update,
                  PG_ARGS(req_sql_ctx(r), r->params[0], r->if_match, r->in_json, c->secret.hash,
                          c->sealed, number_text(r, identity_config(r->svc)->verify_ttl_s)));
}

static enum step_rc status_set(struct req *r, const char *status, const char *action)
{
    const struct reason_in *in = r->in;
    return req_pg(r, &sql_user_status,
                  PG_ARGS(req_sql_ctx(r), r->params[0], status, in->reason, action));
}

static enum step_rc user_lock(struct req *r)
{
    return status_set(r, "locked", "lock");
}

static enum step_rc user_unlock(struct req *r)
{
    return status_set(r, "active", "unlock");
}

static enum step_rc user_disable(struct req *r)
{
    return status_set(r, "disabled", "disable");
}

static enum step_rc user_enable(struct req *r)
{
    return status_set(r, "active", "enable");
}

static enum step_rc user_delete(struct req *r)
{
    const struct reason_in *in = r->in;
    return req_pg(r, &sql_user_delete, PG_ARGS(req_sql_ctx(r), r->params[0], in->reason));
}

static enum step_rc user_restore(struct req *r)
{
    return req_pg(r, &sql_user_restore, PG_ARGS(req_sql_ctx(r), r->params[0]));
}

static enum step_rc user_role_give(struct req *r)
{
    const struct role_give_in *in = r->in;
    return req_pg(r, &sql_user_role_give,
                  PG_ARGS(req_sql_ctx(r), r->params[0], in->role, in->station_id));
}

static enum step_rc user_role_take(struct req *r)
{
    return req_pg(
        r, &sql_user_role_take,
        PG_ARGS(req_sql_ctx(r), r->params[0], req_query(r, "role"), req_query(r, "station_id")));
}

/* --- the stories ---------------------------------------------------------------------------- */

/* clang-format off */
const struct step user_list_steps[] = {
    STEP(user_list),
    STEP(reply_row),
    STEP_END,
};

const struct step user_get_steps[] = {
    STEP(user_get),
    STEP(reply_row),
    STEP_END,
};

#define USER_CHANGE(symbol, change)                                                \
    const struct step symbol[] = {                                                 \
        STEP(change), STEP(ring_bus), STEP(ring_watch), STEP(reply_row), STEP_END, \
    }

USER_CHANGE(user_create_steps, user_create);
USER_CHANGE(user_update_steps, user_update);
USER_CHANGE(user_lock_steps, user_lock);
USER_CHANGE(user_unlock_steps, user_unlock);
USER_CHANGE(user_disable_steps, user_disable);
USER_CHANGE(user_enable_steps, user_enable);
USER_CHANGE(user_delete_steps, user_delete);
USER_CHANGE(user_restore_steps, user_restore);
USER_CHANGE(user_role_give_steps, user_role_give);
USER_CHANGE(user_role_take_steps, user_role_take);
