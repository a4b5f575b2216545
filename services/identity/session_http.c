/* Where the caller is signed in, and how he signs out. */
#include "identity.h"

static enum step_rc logout_end(struct req *r)
{
    return req_pg(r, &sql_session_end, PG_ARGS(req_sql_ctx(r), r->caller.session_id));
}

/* Also when the session had ended already: the caller wants to be out, and is. */
static enum step_rc logout_reply(struct req *r)
{
    return req_reply_empty(r, 204);
}

static enum step_rc logout_all_end(struct req *r)
{
    return req_pg(r, &sql_session_end_all, PG_ARGS(req_sql_ctx(r)));
}

static enum step_rc session_list(struct req *r)
{
    return req_pg(r, &sql_session_list, PG_ARGS(req_sql_ctx(r)));
}

static enum step_rc session_end(struct req *r)
{
    return req_pg(r, &sql_session_end, PG_ARGS(req_sql_ctx(r), r->params[0]));
}

/* clang-format off */
const struct step logout_steps[] = {
    STEP(need_session),
    STEP(logout_end),
    STEP(ring_bus),
    STEP(ring_watch),
    STEP(logout_reply),
    STEP_END,
};

const struct step logout_all_steps[] = {
    STEP(need_session),
    STEP(logout_all_end),
    STEP(ring_bus),
    STEP(ring_watch),
    STEP(logout_reply),
    STEP_END,
};

const struct step session_list_steps[] = {
    STEP(need_session),
    STEP(session_list),
    STEP(reply_row),
    STEP_END,
};

const struct step session_end_steps[] = {
    STEP(need_session),
    STEP(session_end),
    STEP(ring_bus),
    STEP(ring_watch),
    STEP(reply_row),
    STEP_END,
};
