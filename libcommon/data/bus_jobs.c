/* Running jobs. A claim takes as many as there is room for; each is renewed three times a lease
 * while it runs; its end is told to the database until that knows, or until the lease is over and
 * the job somebody else's.
 *
 * A struct job lives from the claim to the end of job_done() and, when the database has to be told
 * again, of that. bus_free() leaves running jobs to their runners, whose job_done() frees them. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus_priv.h"
#include "common/buf.h"
#include "common/json.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/rng.h"
#include "common_sql.h"

#define RETRY_MIN_MS 1000
#define RETRY_MAX_MS INT64_C(3600000)
#define TELL_AGAIN_MS 200
#define CROWDED_MS 50 /* what is due is just being taken by somebody else */
#define CLAIM_BACKOFF_MAX_MS 5000

/* --- one job -------------------------------------------------------------------------------- */

static void job_free(struct job *job)
{
    struct bus *b = job->bus;
    LIST_REMOVE(job, link);
    b->n_jobs--;
    job->kind->running--;
    loop_timer_free(job->timer);
    mem_free(job->why);
    mem_free(job);
    bus_look_ring(&b->claims); /* there is room */
    bus_release(b);
}

static void job_log(const struct job *job, enum log_level level, const char *event)
{
    log_event(level, event, LOG_S("kind", job->kind->desc->kind), LOG_I("id", job->id),
              LOG_I("attempt", job->attempt), LOG_S("why", job->why));
}

static bool is_last_try(const struct job *job)
{
    return job->attempt >= job->kind->desc->max_attempts;
}

static bool is_held(const struct pg_result *result)
{
    const char *held = pg_first(result, "held");
    return held && held[0] == 't';
}

/* Sends the statement with (ctx, id, fence, and more). */
static enum err job_exec(struct job *job, const struct pg_stmt *stmt, const char *const more[2],
                         pg_done_fn *done)
{
    char ctx[BUS_CTX_SIZE], id[24], fence[24];
    bus_ctx(ctx, NULL);
    snprintf(id, sizeof id, "%lld", (long long)job->id);
    snprintf(fence, sizeof fence, "%lld", (long long)job->fence);
    struct pg_args args = PG_ARGS(ctx, id, fence, more[0], more[1]);
    args.n = stmt->n_params;
    enum err e = bus_exec(job->bus, stmt, args, done, job);
    job->asking = e == ERR_OK;
    return e;
}

/* --- its end -------------------------------------------------------------------------------- */

/* The database could not be told: again, as long as the job is ours. */
static void job_tell_again(struct job *job)
{
    if (clock_mono_us() < job->lease_end_us) {
        loop_timer_set(job->timer, TELL_AGAIN_MS);
        return;
    }
    job_log(job, LOG_WARN, "job.lost");
    job_free(job);
}

static void on_told(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    struct job *job = owner;
    struct bus *b = job->bus;
    enum err e = pg_result_err(result);
    job->asking = false;
    if (!b->closed && bus_is_passing(e)) {
        job_tell_again(job);
    } else {
        if (e != ERR_OK || !is_held(result))
            job_log(job, LOG_WARN, "job.lost");
        else if (job->failed && is_last_try(job))
            job_log(job, LOG_ERROR, "job.parked");
        else if (job->failed)
            job_log(job, LOG_WARN, "job.failed");
        job_free(job);
    }
    pg_result_free(result);
    (void)bus_paid(b);
}

/* When the next try would be, as text, or NULL: never. */
static const char *retry_ms(const struct job *job, char text[24])
{
    if (is_last_try(job))
        return NULL;
    int64_t ms = RETRY_MIN_MS;
    for (int i = 1; i < job->attempt && ms < RETRY_MAX_MS; i++)
        ms *= 2;
    ms = MIN(ms, RETRY_MAX_MS);
    snprintf(text, 24, "%lld", (long long)(ms - ms / 4 + (int64_t)rng_below((uint64_t)ms / 2)));
    return text;
}

static void job_tell(struct job *job)
{
    char text[24];
    const char *more[2] = {job->why, job->failed ? retry_ms(job, text) : NULL};
    const struct pg_stmt *stmt = job->failed ? &sql_bus_job_fail : &sql_bus_job_finish;
    if (job_exec(job, stmt, more, on_told) != ERR_OK)
        job_tell_again(job);
}

void job_done(struct job *job, enum err e, const char *why)
{
    job->over = true;
    job->failed = e != ERR_OK;
    if (job->failed)
        job->why = mem_strdup(why ? why : err_code(e)); /* NULL is fine, too */
    if (job->asking)
        return; /* on_renewed() goes on */
    if (job->bus->closed || job->lost)
        job_free(job);
    else
        job_tell(job);
}

/* --- its lease ------------------------------------------------------------------------------ */

static void on_renewed(void *owner, uint64_t sent_us UNUSED, struct pg_result *result)
{
    struct job *job = owner;
    struct bus *b = job->bus;
    job->asking = false;
    if (pg_result_err(result) == ERR_OK && is_held(result)) {
        job->lease_end_us = job->renewed_us + job->kind->desc->lease_ms * USEC_PER_MSEC;
    } else if (pg_result_err(result) == ERR_OK) {
        job->lost = true;
        job_log(job, LOG_WARN, "job.lost");
    }
    pg_result_free(result);
    if (job->over && (b->closed || job->lost))
        job_free(job);
    else if (job->over)
        job_tell(job);
    else if (!b->closed && !job->lost)
        loop_timer_set(job->timer, job->kind->desc->lease_ms / 3);
    (void)bus_paid(b);
}

static void on_job_timer(void *arg)
{
    struct job *job = arg;
    if (job->asking)
        return; /* the end is being told */
    if (job->over) {
        job_tell(job);
        return;
    }
    char lease[24];
    snprintf(lease, sizeof lease, "%d", job->kind->desc->lease_ms);
    job->renewed_us = clock_mono_us();
    if (job_exec(job, &sql_bus_job_renew, (const char *[]){lease, NULL}, on_renewed) != ERR_OK)
        loop_timer_set(job->timer, MIN(job->kind->desc->lease_ms / 3, 1000));
}

/* --- claiming ------------------------------------------------------------------------------- */

static int64_t column_i64(const struct pg_result *r, int row, const char *name)
{
    const char *text = pg_get(r, row, pg_col(r, name));
    int64_t value;
    return text && str_to_i64(str_of(text), INT64_MIN, INT64_MAX, &value) == ERR_OK ? value : -1;
}

static struct bus_kind *kind_find(struct bus *b, const char *name)
{
    for (size_t i = 0; i < b->options.n_jobs; i++)
        if (strcmp(b->kinds[i].desc->kind, name) == 0)
            return &b->kinds[i];
    return NULL;
}

/* NULL without memory: then the lease runs out and the job comes again. */
static struct job *job_new(struct bus *b, const struct pg_result *r, int row)
{
    const char *kind = pg_get(r, row, pg_col(r, "kind"));
    const char *payload = pg_get(r, row, pg_col(r, "payload"));
    struct bus_kind *k = kind && payload ? kind_find(b, kind) : NULL;
    size_t n = k ? strlen(payload) + 1 : 0;
    struct job *job = k ? mem_alloc(sizeof *job + n) : NULL;
    if (!job)
        return NULL;
    job->timer = loop_timer_new(b->loop, on_job_timer, job);
    if (!job->timer) {
        mem_free(job);
        return NULL;
    }
    job->bus = b;
    job->kind = k;
    job->id = column_i64(r, row, "id");
    job->fence = column_i64(r, row, "fence");
    job->attempt = (int)column_i64(r, row, "attempt");
    job->lease_end_us = b->claimed_us + k->desc->lease_ms * USEC_PER_MSEC;
    memcpy(job->payload, payload, n);
    LIST_INSERT_HEAD(&b->jobs, job, link);
    b->n_jobs++;
    k->running++;
    loop_timer_set(job->timer, k->desc->lease_ms / 3);
    return job;
}

static int64_t take_jobs(struct bus *b, const struct pg_result *result)
{
    int64_t next_ms = column_i64(result, 0, "next_ms"), poll_ms = bus_poll_ms(b);
    b->claims.failures = 0;
    b->claims.eager = next_ms == 0;
    for (int row = 0; row < pg_rows(result); row++) {
        struct job *job = job_new(b, result, row);
        if (job)
            job->kind->desc->run(b->options.owner, job); /* may be over at once */
    }
    return next_ms < 0 ? poll_ms : MIN(MAX(next_ms, CROWDED_MS), poll_ms);
}

static void on_claimed(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    struct bus *b = owner;
    enum err e = pg_result_err(result);
    int64_t delay_ms = 0;
    if (b->closed) {
        delay_ms = 0;
    } else if (e == ERR_OK) {
        delay_ms = take_jobs(b, result);
    } else {
        delay_ms = bus_backoff_ms(++b->claims.failures, CLAIM_BACKOFF_MAX_MS);
        if (!bus_is_passing(e))
            log_event(LOG_ERROR, "job.claim_failed", LOG_S("code", err_code(e)),
                      LOG_S("sqlstate", pg_result_sqlstate(result)),
                      LOG_S("why", pg_result_message(result)));
    }
    if (!b->closed)
        bus_look_next(&b->claims, delay_ms);
    pg_result_free(result);
    (void)bus_paid(b);
}

/* The kinds that there is room for, as JSON; false when there is none. */
static bool kinds_write(const struct bus *b, struct buf *out)
{
    struct json_writer w = JSON_WRITER(out);
    bool any = false;
    json_open(&w, NULL, '[');
    for (size_t i = 0; i < b->options.n_jobs; i++) {
        const struct bus_kind *k = &b->kinds[i];
        if (k->running >= k->desc->concurrency)
            continue;
        any = true;
        json_open(&w, NULL, '{');
        json_put_cstr(&w, "kind", k->desc->kind);
        json_put_i64(&w, "room", k->desc->concurrency - k->running);
        json_put_i64(&w, "lease_ms", k->desc->lease_ms);
        json_put_i64(&w, "max_attempts", k->desc->max_attempts);
        json_close(&w, '}');
    }
    json_close(&w, ']');
    return any;
}

void bus_claim(struct bus *b)
{
    char ctx[BUS_CTX_SIZE];
    struct buf kinds = BUF_INIT(64u << 10);
    bool any = kinds_write(b, &kinds);
    enum err e = buf_err(&kinds);
    if (any) { /* else the end of a job rings */
        bus_ctx(ctx, NULL);
        b->claims.busy = true;
        b->claimed_us = clock_mono_us();
        if (e == ERR_OK)
            e = bus_exec(b, &sql_bus_job_claim, PG_ARGS(ctx, kinds.data, b->options.worker),
                         on_claimed, b);
        if (e != ERR_OK)
            bus_look_next(&b->claims, bus_backoff_ms(++b->claims.failures, CLAIM_BACKOFF_MAX_MS));
    }
    buf_free(&kinds);
}

void bus_jobs_leave(struct bus *b)
{
    struct job *job, *next;
    for (job = LIST_FIRST(&b->jobs); job; job = next) {
        next = LIST_NEXT(job, link);
        loop_timer_cancel(job->timer);
        if (job->over && !job->asking)
            job_free(job);
    }
}

/* --- for the runner ------------------------------------------------------------------------- */

const char *job_payload(const struct job *job)
{
    return job->payload;
}

int64_t job_id(const struct job *job)
{
    return job->id;
}

int job_attempt(const struct job *job)
{
    return job->attempt;
}
