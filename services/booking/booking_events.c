/* What happens because something else did: holds end, what was deleted goes for good, who waits
 * hears of time that became free, and cached replies are dropped. A job here is one statement,
 * which does nothing when it comes twice. */
#include "booking_events.h"

#include <stdio.h>

#include "common/cache.h"
#include "common/export.h"
#include "common/json.h"
#include "common/reseal.h"
#include "common/task.h"

#include "availability_http.h"
#include "booking_mail_job.h"
#include "booking_sql.h"
#include "routes_core.h"
#include "waitlist_mail.h"

#define EVENTS_MAX_BYTES (8 << 20)

/* --- jobs ------------------------------------------------------------------------------------- */

static void hold_expire_run(void *owner, struct job *job)
{
    task_statement(owner, job, &sql_hold_expire);
}

static void booking_purge_run(void *owner, struct job *job)
{
    task_statement(owner, job, &sql_booking_purge);
}

static void customer_purge_run(void *owner, struct job *job)
{
    task_statement(owner, job, &sql_customer_purge);
}

static void person_forget_run(void *owner, struct job *job)
{
    task_statement(owner, job, &sql_person_forget);
}

static void waitlist_next_run(void *owner, struct job *job)
{
    task_statement(owner, job, &sql_waitlist_next);
}

const struct job_kind core_jobs[] = {
    {.kind = "booking.waitlist_mail",
     .concurrency = 2,
     .lease_ms = 20000,
     .max_attempts = 20,
     .run = waitlist_mail_run},
    {.kind = "booking.waitlist_next",
     .concurrency = 1,
     .lease_ms = 15000,
     .max_attempts = 20,
     .run = waitlist_next_run},
    {.kind = "booking.reseal",
     .concurrency = 1,
     .lease_ms = 20000,
     .max_attempts = 10,
     .run = reseal_run},
    {.kind = "booking.mail",
     .concurrency = 4,
     .lease_ms = 20000,
     .max_attempts = 20,
     .run = booking_mail_run},
    {.kind = "booking.hold_expire",
     .concurrency = 4,
     .lease_ms = 15000,
     .max_attempts = 20,
     .run = hold_expire_run},
    {.kind = "booking.purge",
     .concurrency = 1,
     .lease_ms = 20000,
     .max_attempts = 20,
     .run = booking_purge_run},
    {.kind = "booking.customer_purge",
     .concurrency = 1,
     .lease_ms = 20000,
     .max_attempts = 20,
     .run = customer_purge_run},
    {.kind = "booking.person_forget",
     .concurrency = 1,
     .lease_ms = 60000,
     .max_attempts = 20,
     .run = person_forget_run},
    EXPORT_JOB("booking"),
};
const size_t core_n_jobs = ARRAY_LEN(core_jobs);

/* --- consumers -------------------------------------------------------------------------------- */

static void station_drop(struct svc *svc, const struct json *data, const char *member)
{
    const struct json *station = data ? json_get(data, member) : NULL;
    char kind[sizeof(AVAILABILITY_CACHE) + UUID_SIZE];
    if (!station || json_type(station) != JSON_STRING)
        return;
    snprintf(kind, sizeof(kind), AVAILABILITY_CACHE "%s", json_string(station));
    cache_drop(svc->cache, kind);
}

/* Cached replies that are of before. The events of one batch are mostly of few stations. */
static void cache_after(void *owner, const char *events_json)
{
    struct svc *svc = owner;
    struct arena *a = arena_new(EVENTS_MAX_BYTES);
    const struct json *events;
    if (a && json_parse(a, str_of(events_json), &events, NULL) == ERR_OK)
        for (const struct json *e = json_first(events); e; e = json_next(e)) {
            station_drop(svc, json_get(e, "data"), "station_id");
            station_drop(svc, json_get(e, "data"), "from_station_id");
        }
    cache_drop(svc->cache, DASHBOARD_CACHE);
    arena_free(a);
}

#define TIME_FREED                                                                            \
    "booking.cancelled booking.rescheduled booking.deleted booking.assigned booking.no_show " \
    "booking.hold.released booking.hold.expired"

const struct consumer core_consumers[] = {
    {.name = "booking.waitlist", .types = TIME_FREED, .function = "booking.waitlist_match"},
    {.name = "booking.forget", .types = "customer.purged", .function = "booking.bookings_forget"},
    {.name = "booking.accounts",
     .types = "identity.user.verified",
     .function = "booking.accounts_link"},
    {.name = "booking.people",
     .types = "identity.user.purged",
     .function = "booking.accounts_forget"},
    EXPORT_CONSUMER("booking"),
    {.name = "booking.cache",
     .types = TIME_FREED " booking.created booking.confirmed booking.seated booking.completed "
                         "booking.updated booking.restored booking.hold.created "
                         "chef.created chef.updated chef.availability_changed station.updated",
     .after = cache_after},
};
const size_t core_n_consumers = ARRAY_LEN(core_consumers);
