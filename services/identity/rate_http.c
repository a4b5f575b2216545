/* Rate limits of single operations, set by administrators, and how the limits go. */
#include "identity.h"
#include "identity_admin_api.h"

#define STATUS_MINUTES "60"

static enum step_rc rate_limit_list(struct req *r)
{
    return req_pg(r, &sql_rate_limit_list,
                  PG_ARGS(req_sql_ctx(r), req_query(r, "service"), req_query(r, "overridden"),
                          req_cursor(r), number_text(r, req_limit(r))));
}

static enum step_rc rate_limit_get(struct req *r)
{
    return req_pg(r, &sql_rate_limit_get, PG_ARGS(req_sql_ctx(r), r->params[0]));
}

/* Whoever names what no service has is told the names that there are. */
static enum step_rc rate_limit_known(struct req *r)
{
    const char *operations = pg_first(r->rows, "operations");
    if (pg_first(r->rows, "body"))
        return STEP_NEXT;
    req_problem_member(r, "operations", operations ? operations : "[]");
    return req_fail(r, ERR_NOT_FOUND, "No service has an operation of that name.");
}

static enum step_rc rate_limit_check(struct req *r)
{
    const struct rate_limit_in *in = r->in;
    if (in->per_hour && in->per_hour < in->burst)
        return req_fail_field(r, "/per_hour", "Must not be below burst");
    return STEP_NEXT;
}

static enum step_rc rate_limit_set(struct req *r)
{
    const struct rate_limit_in *in = r->in;
    return req_pg(r, &sql_rate_limit_set,
                  PG_ARGS(req_sql_ctx(r), r->params[0], r->in_json, r->if_match, in->reason));
}

static enum step_rc rate_limit_clear(struct req *r)
{
    return req_pg(r, &sql_rate_limit_set,
                  PG_ARGS(req_sql_ctx(r), r->params[0], NULL, r->if_match, NULL));
}

static enum step_rc rate_limit_status(struct req *r)
{
    const char *minutes = req_query(r, "minutes");
    return req_pg(r, &sql_rate_limit_status,
                  PG_ARGS(req_sql_ctx(r), minutes ? minutes : STATUS_MINUTES));
}

/* clang-format off */
const struct step rate_limit_list_steps[] = {
    STEP(rate_limit_list),
    STEP(reply_row),
    STEP_END,
};

const struct step rate_limit_get_steps[] = {
    STEP(rate_limit_get),
    STEP(rate_limit_known),
    STEP(reply_row),
    STEP_END,
};

const struct step rate_limit_set_steps[] = {
    STEP(rate_limit_check),
    STEP(rate_limit_set),
    STEP(rate_limit_known),
    STEP(ring_watch),
    STEP(reply_row),
    STEP_END,
};

const struct step rate_limit_clear_steps[] = {
    STEP(rate_limit_clear),
    STEP(rate_limit_known),
    STEP(ring_watch),
    STEP(reply_row),
    STEP_END,
};

const struct step rate_limit_status_steps[] = {
    STEP(rate_limit_status),
    STEP(reply_row),
    STEP_END,
};
