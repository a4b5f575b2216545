/* The job queue and the parked events, for operators. */
#include "identity.h"
#include "identity_admin_api.h"

static enum step_rc task_status(struct req *r)
{
    return req_pg(r, &sql_task_status, PG_ARGS(req_sql_ctx(r)));
}

static enum step_rc task_list(struct req *r)
{
    return req_pg(r, &sql_task_list,
                  PG_ARGS(req_sql_ctx(r), req_query(r, "state"), req_cursor(r),
                          number_text(r, req_limit(r))));
}

/* Ids of jobs are numbers; nothing else names one. */
static enum step_rc task_id_check(struct req *r)
{
    int64_t id;
    return str_to_i64(str_of(r->params[0]), 1, INT64_MAX, &id) == ERR_OK
               ? STEP_NEXT
               : req_fail(r, ERR_NOT_FOUND, NULL);
}

static enum step_rc task_get(struct req *r)
{
    return req_pg(r, &sql_task_get, PG_ARGS(req_sql_ctx(r), r->params[0]));
}

static enum step_rc task_retry(struct req *r)
{
    const struct task_retry_in *in = r->in;
    return req_pg(r, &sql_task_retry, PG_ARGS(req_sql_ctx(r), r->params[0], in->reason));
}

static enum step_rc task_cancel(struct req *r)
{
    const struct task_cancel_in *in = r->in;
    return req_pg(r, &sql_task_cancel, PG_ARGS(req_sql_ctx(r), r->params[0], in->reason));
}

static enum step_rc event_parked_list(struct req *r)
{
    return req_pg(r, &sql_event_parked_list, PG_ARGS(req_sql_ctx(r)));
}

static enum step_rc event_retry(struct req *r)
{
    const struct event_retry_in *in = r->in;
    return req_pg(r, &sql_event_retry, PG_ARGS(req_sql_ctx(r), in->consumer, r->params[0]));
}

/* clang-format off */
const struct step task_status_steps[] = {
    STEP(task_status),
    STEP(reply_row),
    STEP_END,
};

const struct step task_list_steps[] = {
    STEP(task_list),
    STEP(reply_row),
    STEP_END,
};

const struct step task_get_steps[] = {
    STEP(task_id_check),
    STEP(task_get),
    STEP(reply_row),
    STEP_END,
};

const struct step task_retry_steps[] = {
    STEP(task_id_check),
    STEP(task_retry),
    STEP(ring_bus),
    STEP(reply_row),
    STEP_END,
};

const struct step task_cancel_steps[] = {
    STEP(task_id_check),
    STEP(task_cancel),
    STEP(reply_row),
    STEP_END,
};

const struct step event_parked_list_steps[] = {
    STEP(event_parked_list),
    STEP(reply_row),
    STEP_END,
};

const struct step event_retry_steps[] = {
    STEP(event_retry),
    STEP(ring_bus),
    STEP(reply_row),
    STEP_END,
};
