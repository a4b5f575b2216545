/* What happens because something else did: holds end, deleted bookings go for good, and who waits
 * hears of time that became free. A job here is one statement, which does nothing when it comes
 * twice. */
#include "booking_events.h"

#include <stdio.h>

#include "common/clock.h"
#include "common/service.h"

#include "booking_sql.h"

/* --- jobs ------------------------------------------------------------------------------------- */

static void on_job(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    job_done(owner, pg_result_err(result), pg_result_sqlstate(result));
    pg_result_free(result);
}

/* The statement's parameters are the context and the payload. */
static void job_statement(struct svc *svc, struct job *job, const struct pg_stmt *stmt)
{
    char now[RFC3339_SIZE], ctx[RFC3339_SIZE + 64];
    clock_rfc3339(clock_wall_us(), now);
    snprintf(ctx, sizeof(ctx), "{\"now\":\"%s\",\"scope\":\"all\",\"role\":\"job\"}", now);
    const char *const params[] = {ctx, job_payload(job)};
    enum err e = pg_exec(svc->pg, stmt, params, ARRAY_LEN(params), on_job, job, 0);
    if (e != ERR_OK)
        job_done(job, e, "the statement could not be queued");
}

static void hold_expire_run(void *owner, struct job *job)
{
    job_statement(owner, job, &sql_hold_expire);
}

static void booking_purge_run(void *owner, struct job *job)
{
    job_statement(owner, job, &sql_booking_purge);
}

const struct job_kind core_jobs[] = {
    {.kind = "booking.hold_expire",
     .concurrency = 4,
     .lease_ms = 15000,
     .max_attempts = 20,
     .run = hold_expire_run  },
    {.kind = "booking.purge",
     .concurrency = 1,
     .lease_ms = 60000,
     .max_attempts = 20,
     .run = booking_purge_run},
};
const size_t core_n_jobs = ARRAY_LEN(core_jobs);

/* --- consumers -------------------------------------------------------------------------------- */

const struct consumer core_consumers[] = {
    {.name = "booking.waitlist",
     .types = "booking.cancelled booking.rescheduled booking.deleted booking.assigned "
              "booking.no_show booking.hold.released booking.hold.expired", .function = "booking.waitlist_match"},
};
const size_t core_n_consumers = ARRAY_LEN(core_consumers);
