/* The pool: three lanes, their queues, and the delivery of answers.
 *
 * An op belongs to exactly one list at a time: a lane's queue, a connection's statements in flight,
 * or the answers to be delivered. Delivery is a timer without delay, made once, so that it needs no
 * memory when things go wrong; and one slow tick looks after deadlines and retries of everything.
 */
#include "common/pg.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "pg_priv.h"

/* --- ops ------------------------------------------------------------------------------------ */

struct pg_op *pg_op_new(const struct pg_stmt *stmt, struct pg_args args)
{
    size_t size = sizeof(struct pg_op) + (size_t)args.n * sizeof(char *);
    for (int i = 0; i < args.n; i++)
        size += args.v[i] ? strlen(args.v[i]) + 1 : 0;
    struct pg_op *op = mem_alloc(size);
    struct pg_result *result = op ? mem_alloc(sizeof *result) : NULL;
    if (!result) {
        mem_free(op);
        return NULL;
    }
    op->stmt = stmt;
    op->result = result;
    op->n = args.n;
    char *bytes = (char *)(op->params + args.n);
    for (int i = 0; i < args.n; i++)
        if (args.v[i]) {
            op->params[i] = bytes;
            bytes = stpcpy(bytes, args.v[i]) + 1;
        }
    return op;
}

/* Hands the result over, or drops it when nobody waits. */
static void op_deliver(struct pg *pg, struct pg_op *op)
{
    struct pg_result *result = op->result;
    if (op->done) {
        pg->n_busy--;
        op->done(op->owner, op->id, result);
    } else {
        pg_result_free(result);
    }
    mem_free(op);
}

/* Only those of now: what the receivers make fail at once is for the next turn. */
void pg_deliver(struct pg *pg)
{
    for (size_t n = pg->n_answered; n > 0; n--) {
        struct pg_op *op = TAILQ_FIRST(&pg->answered);
        TAILQ_REMOVE(&pg->answered, op, link);
        pg->n_answered--;
        op_deliver(pg, op);
    }
    if (pg->n_answered > 0)
        loop_timer_set(pg->deliver, 0);
}

static void on_deliver(void *arg)
{
    pg_deliver(arg);
}

static struct pg_line *line_for(struct pg *pg, enum pg_lane lane)
{
    return &pg->lines[lane == PG_REPLICA && pg->lines[lane].n_serving == 0 ? PG_READ : lane];
}

/* Asks once more where that can do nothing twice: what a replica could not do for reasons of its
 * own (it is gone, or its replay came first), of the primary; and what met another transaction (a
 * deadlock, a serialisation failure), since all that it did has been undone. */
static bool op_ask_again(struct pg *pg, struct pg_op *op)
{
    enum err e = op->result->err;
    bool primary = op->by_replica && (e == ERR_UNAVAILABLE || e == ERR_RETRY);
    if (pg->closing || !(primary || (e == ERR_RETRY && op->retries++ < PG_RETRIES)))
        return false;
    struct pg_line *line = line_for(pg, primary ? PG_READ : op->stmt->lane);
    PQclear(op->result->res);
    *op->result = (struct pg_result){.err = ERR_OK};
    op->by_replica = false;
    TAILQ_INSERT_TAIL(&line->queue, op, link);
    line->n_queued++;
    pg_line_send(line);
    return true;
}

void pg_answer(struct pg *pg, struct pg_op *op, const char *lost)
{
    struct pg_result *r = op->result;
    if (lost && !(r->res && PQresultStatus(r->res) == PGRES_FATAL_ERROR)) {
        PQclear(r->res);
        *r = (struct pg_result){.err = ERR_UNAVAILABLE, .sqlstate = "", .message = lost};
    } else {
        pg_result_read(r, pg->options);
    }
    if (op_ask_again(pg, op))
        return;
    TAILQ_INSERT_TAIL(&pg->answered, op, link);
    if (pg->n_answered++ == 0 && !pg->in_event)
        loop_timer_set(pg->deliver, 0);
}

/* --- lanes ---------------------------------------------------------------------------------- */

/* The one with the least in flight that has room, or NULL. */
static struct pg_conn *line_conn(struct pg_line *line)
{
    struct pg_conn *best = NULL;
    for (struct pg_conn *c = line->conns; c < line->conns + line->n_conns; c++)
        if (c->serves && c->n_sent < (best ? best->n_sent : line->depth))
            best = c;
    return best;
}

static struct pg_op *line_pop(struct pg_line *line)
{
    struct pg_op *op = TAILQ_FIRST(&line->queue);
    TAILQ_REMOVE(&line->queue, op, link);
    line->n_queued--;
    return op;
}

void pg_line_send(struct pg_line *line)
{
    struct pg_conn *c;
    while (line->n_queued > 0 && (c = line_conn(line)))
        pg_conn_send(c, line_pop(line));
}

void pg_line_down(struct pg_line *line)
{
    line->down_us = clock_mono_us();
    if (line->lane != PG_REPLICA)
        return;
    struct pg_line *primary = &line->pg->lines[PG_READ];
    TAILQ_CONCAT(&primary->queue, &line->queue, link);
    primary->n_queued += line->n_queued;
    line->n_queued = 0;
    pg_line_send(primary);
}

static bool line_is_dead(const struct pg_line *line, int64_t now_us)
{
    return line->n_serving == 0 && now_us - line->down_us > PG_DOWN_US;
}

static void line_fail(struct pg_line *line)
{
    while (line->n_queued > 0)
        pg_answer(line->pg, line_pop(line), "no connection");
}

static void on_tick(void *arg)
{
    struct pg *pg = arg;
    int64_t now_us = clock_mono_us();
    for (struct pg_line *line = pg->lines; line < pg->lines + PG_N_LANES; line++) {
        for (unsigned i = 0; i < line->n_conns; i++)
            pg_conn_tick(&line->conns[i], now_us);
        if (line_is_dead(line, now_us))
            line_fail(line);
    }
    pg_lag_tick(pg, now_us);
    loop_timer_set(pg->tick, PG_TICK_MS);
}

/* --- the pool ------------------------------------------------------------------------------- */

static bool line_init(struct pg *pg, enum pg_lane lane, const char *url, unsigned n_conns,
                      unsigned depth)
{
    struct pg_line *line = &pg->lines[lane];
    *line = (struct pg_line){
        .pg = pg, .lane = lane, .url = url, .depth = depth, .down_us = clock_mono_us()};
    TAILQ_INIT(&line->queue);
    if (n_conns == 0)
        return true;
    line->conns = mem_alloc(n_conns * sizeof *line->conns);
    if (!line->conns)
        return false;
    line->n_conns = n_conns;
    for (unsigned i = 0; i < n_conns; i++)
        pg_conn_init(&line->conns[i], line);
    return true;
}

struct pg *pg_new(struct loop *l, const struct pg_options *o)
{
    struct pg *pg = mem_alloc(sizeof *pg);
    if (!pg)
        return NULL;
    pg->loop = l;
    pg->options = o;
    TAILQ_INIT(&pg->answered);
    snprintf(pg->why, sizeof pg->why, "connecting to PostgreSQL");
    snprintf(pg->settings, sizeof pg->settings,
             "-c statement_timeout=%d -c idle_in_transaction_session_timeout=%d -c TimeZone=UTC "
             "-c default_transaction_isolation=read\\ committed -c client_min_messages=warning "
             "-c jit=off",
             o->statement_timeout_ms, o->statement_timeout_ms);
    pg->deliver = loop_timer_new(l, on_deliver, pg);
    pg->tick = loop_timer_new(l, on_tick, pg);
    if (!line_init(pg, PG_READ, o->url, o->readers, o->pipeline_depth) ||
        !line_init(pg, PG_WRITE, o->url, o->writers, 1) ||
        !line_init(pg, PG_REPLICA, o->replica_url, o->replica_url ? o->readers : 0,
                   o->pipeline_depth) ||
        !pg->deliver || !pg->tick) {
        pg_free(pg);
        return NULL;
    }
    on_tick(pg);
    return pg;
}

void pg_free(struct pg *pg)
{
    if (!pg)
        return;
    pg->closing = true;
    for (struct pg_line *line = pg->lines; line < pg->lines + PG_N_LANES; line++)
        for (unsigned i = 0; i < line->n_conns; i++)
            pg_conn_done(&line->conns[i]);
    for (struct pg_line *line = pg->lines; line < pg->lines + PG_N_LANES; line++) {
        line_fail(line); /* after all: a replica hands its queue on */
        mem_free(line->conns);
    }
    pg_deliver(pg); /* nothing is taken any more: these are all */
    loop_timer_free(pg->deliver);
    loop_timer_free(pg->tick);
    mem_free(pg);
}

enum err pg_exec(struct pg *pg, const struct pg_stmt *stmt, struct pg_args args, pg_done_fn *done,
                 void *owner, uint64_t id)
{
    assert(args.n == stmt->n_params);
    struct pg_line *line = line_for(pg, stmt->lane);
    if (pg->closing || line_is_dead(line, clock_mono_us()))
        return ERR_UNAVAILABLE;
    if (line->n_queued >= pg->options->max_queued)
        return ERR_BUSY;
    struct pg_op *op = pg_op_new(stmt, args);
    if (!op)
        return ERR_NO_MEMORY;
    op->done = done;
    op->owner = owner;
    op->id = id;
    pg->n_busy++;
    TAILQ_INSERT_TAIL(&line->queue, op, link);
    line->n_queued++;
    pg_line_send(line);
    return ERR_OK;
}

bool pg_ready(const struct pg *pg, const char **ret_why)
{
    static const char silent[] = "PostgreSQL does not answer";
    int64_t answered_us = 0;
    bool up = true;
    for (enum pg_lane lane = PG_READ; lane <= PG_WRITE; lane++) {
        const struct pg_line *line = &pg->lines[lane];
        up = up && line->n_serving > 0;
        for (unsigned i = 0; i < line->n_conns; i++)
            answered_us = MAX(answered_us, line->conns[i].answered_us);
    }
    bool ready = up && clock_mono_us() - answered_us < PG_SILENT_US;
    if (!ready && ret_why)
        *ret_why = up ? silent : pg->why;
    return ready;
}

size_t pg_busy(const struct pg *pg)
{
    return pg->n_busy;
}
