/* The caller's own account. */
#include "identity.h"

static enum step_rc me_get(struct req *r)
{
    return req_pg(r, &sql_me_get, PG_ARGS(req_sql_ctx(r)));
}

static enum step_rc me_update(struct req *r)
{
    return req_pg(r, &sql_me_update, PG_ARGS(req_sql_ctx(r), r->in_json, r->if_match));
}

static enum step_rc login_history(struct req *r)
{
    return req_pg(r, &sql_login_history,
                  PG_ARGS(req_sql_ctx(r), req_cursor(r), number_text(r, req_limit(r))));
}

/* clang-format off */
const struct step me_get_steps[] = {
    STEP(me_get),
    STEP(reply_row),
    STEP_END,
};

const struct step me_update_steps[] = {
    STEP(need_session),
    STEP(me_update),
    STEP(ring_bus),
    STEP(reply_row),
    STEP_END,
};

const struct step login_history_steps[] = {
    STEP(need_session),
    STEP(login_history),
    STEP(reply_row),
    STEP_END,
};
