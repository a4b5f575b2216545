/* What the tests of the bus share: two processes, what they saw, and how to wait for it. */
#ifndef TESTS_UNIT_DATA_BUS_FIXTURE_H
#define TESTS_UNIT_DATA_BUS_FIXTURE_H

#include "common/bus.h"
#include "common/log.h"
#include "common_sql.h"
#include "servers.h"

#define CTX "{\"now\": \"2026-03-01T09:00:00Z\"}"
#define MAX_RUNS 200

static char url[200];
static struct loop *loop;

struct run {
    struct job *job;
    int64_t id;
    int attempt;
    char payload[40];
};

/* One process. */
struct process {
    struct pg_options pg_options;
    struct redis_options redis_options;
    struct pg *pg;
    struct redis *redis;
    struct bus *bus;
    struct bus_options options;
    int n_after;
    char after[2000];
    struct run runs[MAX_RUNS]; /* of jobs that were started here */
    int n_runs, n_ended;
};

static struct process here, there;

static void note_events(void *owner, const char *events_json)
{
    struct process *p = owner;
    p->n_after++;
    snprintf(p->after, sizeof p->after, "%s", events_json);
}

static struct run *note_run(void *owner, struct job *job)
{
    struct process *p = owner;
    assert_true(p->n_runs < MAX_RUNS);
    struct run *run = &p->runs[p->n_runs++];
    run->job = job;
    run->id = job_id(job);
    run->attempt = job_attempt(job);
    snprintf(run->payload, sizeof run->payload, "%s", job_payload(job));
    return run;
}

static void run_keep(void *owner, struct job *job)
{
    (void)note_run(owner, job);
}

static void run_at_once(void *owner, struct job *job)
{
    (void)note_run(owner, job);
    job_done(job, ERR_OK, NULL);
}

static void run_and_fail(void *owner, struct job *job)
{
    (void)note_run(owner, job);
    job_done(job, ERR_PEER, "the provider said no");
}

static const struct consumer consumers[] = {
    {"booking.see", NULL, "booking.see", note_events},
    {"booking.typed", "a.one a.two", "booking.see", NULL},
    {"booking.choke", NULL, "booking.choke", NULL},
    {"booking.late", NULL, "booking.late", NULL},
    {"booking.notice", NULL, NULL, note_events},
};

static const struct job_kind kinds[] = {
    {"booking.quick", 4, 60000, 3, run_at_once},
    {"booking.slow", 2, 300, 3, run_keep},
    {"booking.bad", 1, 60000, 2, run_and_fail},
};

/* --- helpers -------------------------------------------------------------------------------- */

static void process_open(struct process *p, const char *name, const char *redis_url,
                         const struct bus_options *options)
{
    memset(p, 0, sizeof *p);
    p->pg_options = (struct pg_options){.url = url,
                                        .readers = 1,
                                        .writers = 4,
                                        .pipeline_depth = 8,
                                        .max_queued = 100,
                                        .statement_timeout_ms = 5000,
                                        .prepare = true,
                                        .application_name = name,
                                        .stmts = common_stmts,
                                        .n_stmts = common_n_stmts};
    p->redis_options = (struct redis_options){.url = redis_url,
                                              .connect_timeout_ms = 300,
                                              .command_timeout_ms = 300,
                                              .max_in_flight = 100};
    p->options = *options;
    p->options.worker = name;
    p->options.owner = p;
    p->pg = pg_new(loop, &p->pg_options);
    p->redis = redis_new(loop, &p->redis_options);
    p->bus = bus_new(loop, p->pg, p->redis, "mh:test:", &p->options);
    assert_true(p->pg && p->redis && p->bus);
}

static void process_close(struct process *p)
{
    bus_free(p->bus);
    pg_free(p->pg);
    redis_free(p->redis);
}

static void emit(const char *type, const char *subject)
{
    char sql[300];
    snprintf(sql, sizeof sql, "SELECT bus.emit('" CTX "', '%s', '%s', '{\"n\": 1}')", type,
             subject);
    admin(sql);
}

static void queue(const char *kind, const char *payload)
{
    char sql[300];
    snprintf(sql, sizeof sql, "SELECT bus.job('" CTX "', '%s', '%s')", kind, payload);
    admin(sql);
}

static int count(const char *sql)
{
    return atoi(admin(sql));
}

#define SEEN(consumer) count("SELECT count(*) FROM booking.seen WHERE consumer = '" consumer "'")

static const struct bus_options nothing = {.poll_ms = 60000};

/* Options with some of the consumers and kinds above; a poll so rare that only a ring helps. */
static struct bus_options with(int first_consumer, size_t n_consumers, int first_kind,
                               size_t n_kinds)
{
    struct bus_options o = nothing;
    o.consumers = consumers + first_consumer;
    o.n_consumers = n_consumers;
    o.jobs = kinds + first_kind;
    o.n_jobs = n_kinds;
    return o;
}

static int setup(void **state)
{
    *state = NULL;
    servers_pg();
    servers_bus();
    servers_redis();
    assert_int_equal(log_open("bus_test", "/dev/null", LOG_INFO), ERR_OK);
    snprintf(url, sizeof url, "postgresql://mh_booking@/postgres?host=%s", servers.dir);
    admin("CREATE SCHEMA booking AUTHORIZATION mh_booking; SET ROLE mh_booking;"
          "CREATE TABLE booking.seen (consumer text, subject text, n serial);"
          "CREATE FUNCTION booking.see(ctx jsonb, events jsonb) RETURNS void LANGUAGE sql AS $$"
          "  INSERT INTO booking.seen (consumer, subject)"
          "  SELECT ctx->>'consumer', e->>'subject' FROM jsonb_array_elements(events) e $$;"
          "CREATE FUNCTION booking.choke(ctx jsonb, events jsonb) RETURNS void LANGUAGE sql AS $$"
          "  INSERT INTO booking.seen (consumer, subject)"
          "  SELECT ctx->>'consumer', e->>'subject' FROM jsonb_array_elements(events) e"
          "  WHERE 1 / (CASE e->>'subject' WHEN 'poison' THEN 0 ELSE 1 END) = 1 $$");
    return 0;
}

static int open_loop(void **state)
{
    *state = NULL;
    loop = loop_new();
    admin("TRUNCATE bus.events, bus.cursors, bus.parked_events, bus.jobs, booking.seen");
    return 0;
}

static int close_loop(void **state UNUSED)
{
    loop_free(loop);
    return 0;
}

static void ready(struct process *p)
{
    WAIT_FOR(loop, pg_ready(p->pg, NULL) && redis_ready(p->redis));
}

/* Rings until the condition holds; the first subscription may not be there for the first ring. */
#define RING_UNTIL(p, condition) \
    WAIT_FOR(loop, (bus_ring((p)->bus), loop_turn(loop, 30), condition))

#endif
