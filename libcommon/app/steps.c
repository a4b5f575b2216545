/* The runner: walks a request through its rows.
 *
 * A step that returns STEP_WAIT has started exactly one operation; its completion comes in a later
 * loop turn, finds the request by id and goes on with the row after it. A failure looks for a CATCH
 * row further down; without one the request is answered with a problem document. */
#include <assert.h>

#include "common/clock.h"
#include "common/log.h"
#include "req_priv.h"

struct reqx *req_find(struct svc *svc, uint64_t id)
{
    struct reqx *x = idmap_get(app_of(svc)->requests, id);
    if (!x || x->done) {
        metric_add(&app_metrics[M_DROPPED_RESULTS], 1);
        return NULL;
    }
    return x;
}

/* The next row that catches the error, from that one on. */
static const struct step *catch_find(const struct step *from, enum err e)
{
    for (const struct step *s = from; s->fn; s++)
        if (s->catches == e)
            return s;
    return NULL;
}

static const struct step *stage_next(struct reqx *x)
{
    if (x->stage != STAGE_ADMISSION)
        return NULL;
    x->stage = STAGE_ROUTE;
    return x->r.route->steps;
}

/* The failure is over, for the CATCH rows to look at. */
static void failure_keep(struct reqx *x)
{
    if (x->stage == STAGE_ROUTE && x->r.caught == ERR_OK) {
        x->r.caught = x->err;
        x->r.caught_detail = x->detail;
        x->caught_issues = x->issues;
    }
    x->err = ERR_OK;
    x->detail = NULL;
    x->issues.n = 0;
}

/* What a step refuses may have been done before: the time has passed, the booking was cancelled
 * since. Whoever repeats a request gets its reply all the same, so the key is looked up before a
 * refusal is given. A statement that refused had claimed the key itself. */
static bool key_is_open(const struct reqx *x)
{
    return x->stage == STAGE_ROUTE && x->r.idempotency_key && !x->key_asked &&
           err_status(x->err) < 500;
}

/* After a failure: the row to go on with, or NULL when the request is to be answered. A reply that
 * was given before under the same idempotency key is looked up and given again. */
static const struct step *failure_next(struct reqx *x)
{
    const struct step *catcher = x->stage == STAGE_ROUTE ? catch_find(x->at + 1, x->err) : NULL;
    if (!catcher && key_is_open(x)) {
        failure_keep(x);
        x->key_asked = true;
        x->stage = STAGE_KEY;
        x->catching = ERR_OK;
        return key_ask;
    }
    if (x->stage == STAGE_KEY && x->err == ERR_KEY_REPLAY) {
        x->stage = STAGE_ROUTE;
        catcher = catch_find(x->r.route->steps, x->err);
    }
    if (!catcher && x->err == ERR_KEY_REPLAY && x->stage == STAGE_ROUTE) {
        x->stage = STAGE_REPLAY;
        catcher = replay;
    }
    if (catcher) {
        x->catching = x->stage == STAGE_ROUTE ? x->err : ERR_OK;
        failure_keep(x);
    }
    return catcher;
}

/* Where the story goes on. In the ordinary flow CATCH rows are passed over; after a CATCH row it
 * goes on with the next one for the same error. */
static const struct step *row_next(struct reqx *x)
{
    if (x->jump) {
        const struct step *to = x->jump;
        x->jump = NULL;
        x->catching = x->r.caught = ERR_OK;
        return to;
    }
    const struct step *s = x->at + 1;
    while (s->fn && s->catches != x->catching)
        s++;
    return s;
}

void req_run(struct reqx *x)
{
    while (x->at) {
        if (!x->at->fn) {
            x->at = stage_next(x);
            continue;
        }
        log_context(x->r.request_id, x->at->name);
        enum step_rc rc = x->at->fn(&x->r);
        log_context(NULL, NULL);
        switch (rc) {
        case STEP_NEXT:
            x->at = row_next(x);
            break;
        case STEP_WAIT:
            x->waiting = true;
            return;
        case STEP_DONE:
            x->at = NULL;
            break;
        case STEP_FAIL:
            assert(x->err != ERR_OK);
            x->at = failure_next(x);
            break;
        }
    }
    req_finish(x);
}

void req_resume(struct svc *svc, uint64_t id)
{
    struct reqx *x = req_find(svc, id);
    if (!x)
        return;
    assert(x->waiting);
    x->waiting = false;
    x->at = row_next(x);
    req_run(x);
}

void req_resume_failed(struct reqx *x)
{
    assert(x->waiting && x->err != ERR_OK);
    x->waiting = false;
    x->at = failure_next(x);
    req_run(x);
}

enum step_rc req_goto(struct req *r, step_fn *fn)
{
    struct reqx *x = reqx_of(r);
    const struct step *s = r->route->steps;
    while (s->fn && s->fn != fn)
        s++;
    assert(x->stage == STAGE_ROUTE && s->fn);
    x->jump = s;
    return STEP_NEXT;
}
