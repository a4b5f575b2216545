/* The bus: when to look, and the doorbell. What is looked for is in bus_events.c and bus_jobs.c.
 *
 * Each consumer and the job queue are looked for every poll_ms, and when it rings; a ring within
 * BUS_GAP_MS of the last look waits for the rest of that time, so that a thousand writes a second
 * make fifty looks. The doorbell is a message in Redis that says nothing; without Redis we ring at
 * home only. */
#include "common/bus.h"

#include <stdio.h>
#include <string.h>

#include "bus_priv.h"
#include "common/log.h"
#include "common/mem.h"
#include "common/rng.h"
#include "common_sql.h"

#define UPKEEP_MS INT64_C(3600000)
#define FIRST_UPKEEP_MS 60000
#define BACKOFF_MIN_MS 100

/* --- helpers -------------------------------------------------------------------------------- */

void bus_ctx(char ctx[BUS_CTX_SIZE], const char *consumer)
{
    char now[RFC3339_SIZE];
    clock_rfc3339(clock_wall_us(), now);
    if (consumer) /* a literal of the service's: nothing to escape */
        snprintf(ctx, BUS_CTX_SIZE, "{\"now\": \"%s\", \"consumer\": \"%s\"}", now, consumer);
    else
        snprintf(ctx, BUS_CTX_SIZE, "{\"now\": \"%s\"}", now);
}

static int64_t jitter(int64_t ms)
{
    return ms - ms / 4 + (int64_t)rng_below((uint64_t)ms / 2 + 1);
}

int64_t bus_backoff_ms(unsigned failures, int64_t max_ms)
{
    int64_t ms = BACKOFF_MIN_MS;
    for (unsigned i = 1; i < failures && ms < max_ms; i++)
        ms *= 2;
    return jitter(MIN(ms, max_ms));
}

int64_t bus_poll_ms(const struct bus *b)
{
    return jitter(b->options.poll_ms);
}

bool bus_is_passing(enum err e)
{
    return e == ERR_UNAVAILABLE || e == ERR_RETRY || e == ERR_BUSY || e == ERR_NO_MEMORY;
}

enum err bus_exec(struct bus *b, const struct pg_stmt *stmt, struct pg_args args, pg_done_fn *done,
                  void *owner)
{
    enum err e = b->closed ? ERR_UNAVAILABLE : pg_exec(b->pg, stmt, args, done, owner, 0);
    if (e == ERR_OK)
        b->n_owed++;
    return e;
}

static void look_free(struct bus_look *l)
{
    loop_timer_free(l->timer);
    l->timer = NULL;
}

void bus_release(struct bus *b)
{
    if (!b->closed || b->n_owed > 0 || b->n_jobs > 0)
        return;
    mem_free(b->consumers);
    mem_free(b->kinds);
    mem_free(b);
}

bool bus_paid(struct bus *b)
{
    b->n_owed--;
    bool open = !b->closed;
    bus_release(b);
    return open;
}

/* --- looking -------------------------------------------------------------------------------- */

static int64_t gap_ms(const struct bus_look *l)
{
    return l->eager ? 0 : BUS_GAP_MS;
}

void bus_look_ring(struct bus_look *l)
{
    if (l->bus->draining)
        return;
    int64_t since_ms = (clock_mono_us() - l->last_us) / USEC_PER_MSEC;
    l->again = l->busy;
    if (!l->busy)
        loop_timer_set(l->timer, MAX(gap_ms(l) - since_ms, 0));
}

void bus_look_next(struct bus_look *l, int64_t delay_ms)
{
    l->busy = false;
    l->last_us = clock_mono_us();
    if (l->again)
        delay_ms = MIN(delay_ms, gap_ms(l));
    l->again = false;
    if (!l->bus->draining)
        loop_timer_set(l->timer, delay_ms);
}

static void ring_all(struct bus *b)
{
    for (size_t i = 0; i < b->options.n_consumers; i++)
        bus_look_ring(&b->consumers[i].look);
    if (b->options.n_jobs)
        bus_look_ring(&b->claims);
}

static void on_doorbell(void *owner, const char *channel UNUSED, const char *message UNUSED,
                        size_t n UNUSED)
{
    ring_all(owner);
}

/* Our own message comes back to us, too, unless something is wrong with Redis. */
static void on_ring(void *arg)
{
    struct bus *b = arg;
    redis_publish(b->redis, b->channel, "");
    if (!redis_ready(b->redis))
        ring_all(b);
}

void bus_ring(struct bus *b)
{
    loop_timer_set(b->ring, 0);
}

/* --- upkeep --------------------------------------------------------------------------------- */

static void on_upkept(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    struct bus *b = owner;
    enum err e = pg_result_err(result);
    bool open = bus_paid(b);
    const char *more = pg_first(result, "more");
    if (open && more && *more == 't')
        loop_timer_set(b->upkeep, 0);
    if (open && e != ERR_OK) {
        log_event(LOG_WARN, "bus.upkeep_failed", LOG_S("code", err_code(e)),
                  LOG_S("sqlstate", pg_result_sqlstate(result)),
                  LOG_S("why", pg_result_message(result)));
        loop_timer_set(b->upkeep, jitter(FIRST_UPKEEP_MS));
    }
    pg_result_free(result);
}

static void on_upkeep(void *arg)
{
    struct bus *b = arg;
    char ctx[BUS_CTX_SIZE];
    bus_ctx(ctx, NULL);
    b->upkept_us = clock_mono_us();
    enum err e = bus_exec(b, &sql_bus_maintain, PG_ARGS(ctx), on_upkept, b);
    loop_timer_set(b->upkeep, jitter(e == ERR_OK ? UPKEEP_MS : FIRST_UPKEEP_MS));
}

void bus_upkeep(struct bus *b)
{
    if (b->upkept_us && clock_mono_us() - b->upkept_us < FIRST_UPKEEP_MS * USEC_PER_MSEC)
        return;
    loop_timer_set(b->upkeep, 0);
}

/* --- life ----------------------------------------------------------------------------------- */

static void on_look_for_events(void *arg)
{
    bus_consume(arg);
}

static void on_look_for_jobs(void *arg)
{
    bus_claim(arg);
}

static bool consumers_init(struct bus *b)
{
    b->consumers = mem_alloc(b->options.n_consumers * sizeof *b->consumers);
    for (size_t i = 0; b->consumers && i < b->options.n_consumers; i++) {
        struct bus_consumer *c = &b->consumers[i];
        c->desc = &b->options.consumers[i];
        c->look.bus = b;
        c->look.timer = loop_timer_new(b->loop, on_look_for_events, c);
        if (!c->look.timer)
            return false;
        loop_timer_set(c->look.timer, 0);
    }
    return b->consumers != NULL;
}

static bool kinds_init(struct bus *b)
{
    b->kinds = mem_alloc(b->options.n_jobs * sizeof *b->kinds);
    for (size_t i = 0; b->kinds && i < b->options.n_jobs; i++)
        b->kinds[i].desc = &b->options.jobs[i];
    b->claims.bus = b;
    b->claims.timer = loop_timer_new(b->loop, on_look_for_jobs, b);
    if (!b->kinds || !b->claims.timer)
        return false;
    if (b->options.n_jobs)
        loop_timer_set(b->claims.timer, 0);
    return true;
}

struct bus *bus_new(struct loop *l, struct pg *pg, struct redis *redis, const char *prefix,
                    const struct bus_options *options)
{
    struct bus *b = mem_alloc(sizeof *b);
    if (!b)
        return NULL;
    b->loop = l;
    b->pg = pg;
    b->redis = redis;
    b->options = *options;
    snprintf(b->channel, sizeof b->channel, "%sbus", prefix);
    LIST_INIT(&b->jobs);
    b->ring = loop_timer_new(l, on_ring, b);
    b->upkeep = loop_timer_new(l, on_upkeep, b);
    if (!b->ring || !b->upkeep || !consumers_init(b) || !kinds_init(b) ||
        redis_subscribe(redis, b->channel, on_doorbell, b) != ERR_OK) {
        bus_free(b);
        return NULL;
    }
    loop_timer_set(b->upkeep, jitter(FIRST_UPKEEP_MS));
    return b;
}

void bus_drain(struct bus *b)
{
    b->draining = true;
    for (size_t i = 0; i < b->options.n_consumers; i++)
        loop_timer_cancel(b->consumers[i].look.timer);
    loop_timer_cancel(b->claims.timer);
}

void bus_free(struct bus *b)
{
    if (!b)
        return;
    b->draining = true;
    redis_unsubscribe(b->redis, b);
    for (size_t i = 0; b->consumers && i < b->options.n_consumers; i++)
        look_free(&b->consumers[i].look);
    look_free(&b->claims);
    loop_timer_free(b->ring);
    loop_timer_free(b->upkeep);
    bus_jobs_leave(b);
    b->closed = true;
    bus_release(b);
}

size_t bus_busy(const struct bus *b)
{
    return b->n_jobs;
}
