/* Events and jobs: what must happen because something changed.
 *
 * An event is a row of bus.events, written by bus.emit() in the transaction of the change it tells
 * of. A consumer reads, under a lock on its cursor row, the events whose transaction is older than
 * every running one; its statement and the cursor move commit together, so each event acts exactly
 * once. Redis pub/sub is only the doorbell; without it consumers look every poll_ms.
 *
 * A job is a row of bus.jobs: claimed with SKIP LOCKED under a lease, renewed while it runs, and
 * finished only by the holder of the lease (a fencing token). A job may run more than once; what it
 * does must be idempotent. After max_attempts it is parked (dead letter) and listed. */
#ifndef COMMON_BUS_H
#define COMMON_BUS_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/loop.h"
#include "common/pg.h"
#include "common/redis.h"

/* Acts on a batch of events with one statement. The statement's parameters are
 *   $1 context jsonb ({now, consumer}), $2 jsonb array of events
 * and it runs in the same transaction as the cursor move: see bus.c. */
struct consumer {
    const char *name;     /* of the cursor: "booking.cache" */
    const char *types;    /* event types it wants, separated by ' '; NULL: all */
    const char *function; /* SQL function schema.name(ctx jsonb, events jsonb), or NULL */
    /* Called after the commit with the JSON array of events (a cache to drop, a doorbell to
     * ring): may be lost in a crash, so nothing that matters happens here. May be NULL. */
    void (*after)(void *owner, const char *events_json);
};

struct job;

/* One kind of job. run() is called on the loop and ends, now or later, with job_done(). */
struct job_kind {
    const char *kind; /* "identity.mail" */
    unsigned concurrency;
    int lease_ms;
    int max_attempts;
    void (*run)(void *owner, struct job *job);
};

const char *job_payload(const struct job *job); /* JSON text */
int64_t job_id(const struct job *job);
int job_attempt(const struct job *job);
/* e ERR_OK: finished. Otherwise retried with backoff, or parked after max_attempts; why is kept
 * with the job (no personal data). The job is gone after the call. */
void job_done(struct job *job, enum err e, const char *why);

struct bus;

struct bus_options {
    const char *worker; /* unique name of this process, for leases */
    int poll_ms;
    const struct consumer *consumers;
    size_t n_consumers;
    const struct job_kind *jobs;
    size_t n_jobs;
    void *owner; /* handed to after() and run() */
};

MUSTCHECK struct bus *bus_new(struct loop *l, struct pg *pg, struct redis *redis,
                              const char *prefix, const struct bus_options *options);
/* No new claims; running jobs go on. */
void bus_drain(struct bus *b);
void bus_free(struct bus *b);
/* Jobs running here. */
size_t bus_busy(const struct bus *b);

/* After a commit that emitted events or queued jobs: rings the doorbell, at most once a turn. */
void bus_ring(struct bus *b);

/* The hourly upkeep now, because something lacks; at most once a minute. */
void bus_upkeep(struct bus *b);

#endif
