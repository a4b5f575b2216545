/* The inside of the bus, shared by the files bus*.c.
 *
 * Everything here outlives bus_free() as long as somebody owes it a call: PostgreSQL the answer to
 * a statement, a service the end of a job. */
#ifndef DATA_BUS_PRIV_H
#define DATA_BUS_PRIV_H

#include <stdbool.h>
#include <sys/queue.h>

#include "common/bus.h"
#include "common/clock.h"

#define BUS_GAP_MS 20 /* between two looks, however often it rings */

/* Something that is looked for in the database again and again: a consumer's events, or jobs. */
struct bus_look {
    struct bus *bus;
    struct loop_timer *timer;
    bool busy;         /* a statement is on its way */
    bool again;        /* it rang meanwhile */
    int64_t last_us;   /* monotonic: when the last one ended */
    unsigned failures; /* in a row */
    bool eager;        /* there was more than we could take: a ring need not wait */
};

struct bus_consumer {
    struct bus_look look;
    const struct consumer *desc;
    unsigned refusals; /* failures in a row that are not passing */
    int careful;       /* > 0: so many events one at a time, parking what fails */
};

struct bus_kind {
    const struct job_kind *desc;
    unsigned running;
};

struct job {
    LIST_ENTRY(job) link;
    struct bus *bus;
    struct bus_kind *kind;
    struct loop_timer *timer;         /* the next renewal; when over, the next try to tell */
    int64_t renewed_us, lease_end_us; /* monotonic: last asked for, as far as we know */
    bool over, failed;                /* job_done() was called, and how */
    bool lost;                        /* the lease is somebody else's */
    bool asking;                      /* a statement is on its way */
    int64_t id, fence;
    int attempt;
    char *why;
    char payload[];
};

struct bus {
    struct loop *loop;
    struct pg *pg;
    struct redis *redis;
    struct bus_options options;
    char channel[80];
    struct bus_consumer *consumers;
    struct bus_look claims;
    int64_t claimed_us; /* monotonic: when the last claim was sent */
    struct bus_kind *kinds;
    LIST_HEAD(, job) jobs;
    size_t n_jobs;
    struct loop_timer *ring, *upkeep;
    int64_t upkept_us; /* when it was tried last; 0: never */
    size_t n_owed;
    bool draining, closed;
};

/* bus.c */

#define BUS_CTX_SIZE 200
/* The context of our own statements; consumer may be NULL. */
void bus_ctx(char ctx[BUS_CTX_SIZE], const char *consumer);
/* As pg_exec(), and counts that the bus is owed an answer; whoever gets it calls bus_paid(). */
MUSTCHECK
enum err bus_exec(struct bus *b, const struct pg_stmt *stmt, struct pg_args args, pg_done_fn *done,
                  void *owner);
/* False: the bus has been freed, and now really is. */
bool bus_paid(struct bus *b);
void bus_release(struct bus *b);
/* Not the fault of what was asked: try again later. */
bool bus_is_passing(enum err e);
/* Doubles from 100 ms to max_ms, by chance a quarter more or less. */
int64_t bus_backoff_ms(unsigned failures, int64_t max_ms);

void bus_look_ring(struct bus_look *l);
/* The look is over: the next one in delay_ms, or sooner when it rang meanwhile. */
void bus_look_next(struct bus_look *l, int64_t delay_ms);
int64_t bus_poll_ms(const struct bus *b);

/* bus_events.c */
void bus_consume(struct bus_consumer *c);

/* bus_jobs.c */
void bus_claim(struct bus *b);
/* The bus closes: jobs are left to their runners and to answers that are still to come. */
void bus_jobs_leave(struct bus *b);

#endif
