/* How far the replica is behind. A connection of the replica lane serves only while its server has
 * replayed what the primary had written replica_max_lag_ms ago; else its reads go to the primary.
 *
 * Four times in that span the primary is asked for the end of its log, and each connection for how
 * far its server has come: so it works for any number of replicas behind one URL, needs no rights
 * and no clocks that agree, and an idle primary is no lag. While the primary is away its last known
 * word counts, and the replica goes on serving. */
#include <stdlib.h>

#include "common/clock.h"
#include "common/str.h"
#include "pg_priv.h"

/* Positions in the log, in bytes. */
static const struct pg_stmt written = {
    .text = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint AS at"};
static const struct pg_stmt replayed = {
    .text = "SELECT pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()"
            " ELSE pg_current_wal_lsn() END, '0/0')::bigint AS at"};

static int64_t max_lag_us(const struct pg *pg)
{
    return pg->options->replica_max_lag_ms * USEC_PER_MSEC;
}

/* -1: not known. */
static int64_t position_of(const struct pg_result *r)
{
    const char *text = pg_result_err(r) == ERR_OK ? pg_first(r, "at") : NULL;
    int64_t at;
    return text && str_to_i64(str_of(text), 0, INT64_MAX, &at) == ERR_OK ? at : -1;
}

/* What a server must have replayed to serve: the newest mark that is old enough, or the oldest. */
static int64_t position_wanted(const struct pg_lag *lag, int64_t old_us)
{
    int64_t wanted = INT64_MAX;
    for (unsigned i = 0; i < MIN(lag->n, PG_MARKS); i++) {
        const struct pg_mark *m = &lag->marks[(lag->n - 1 - i) % PG_MARKS];
        wanted = m->at;
        if (m->us <= old_us)
            break;
    }
    return wanted;
}

static void on_written(void *owner, uint64_t asked_us, struct pg_result *result)
{
    struct pg *pg = owner;
    struct pg_lag *lag = &pg->lag;
    int64_t at = position_of(result);
    pg_result_free(result);
    lag->asking = false;
    if (at >= 0)
        lag->marks[lag->n++ % PG_MARKS] = (struct pg_mark){at, (int64_t)asked_us};
}

static void on_replayed(void *owner, uint64_t i, struct pg_result *result)
{
    struct pg *pg = owner;
    int64_t at = position_of(result);
    pg_result_free(result);
    if (pg->closing)
        return;
    struct pg_conn *c = &pg->lines[PG_REPLICA].conns[i];
    c->lag_asked = false;
    if (c->state == PG_CONN_UP)
        pg_conn_serve(c, at >= position_wanted(&pg->lag, clock_mono_us() - max_lag_us(pg)));
}

static void mark_ask(struct pg *pg, int64_t now_us)
{
    enum err e = pg_exec(pg, &written, PG_NO_ARGS, on_written, pg, (uint64_t)now_us);
    pg->lag.asking = e == ERR_OK;
}

static void conn_ask(struct pg_conn *c)
{
    struct pg *pg = c->line->pg;
    struct pg_op *op = pg_op_new(&replayed, PG_NO_ARGS);
    if (!op)
        return;
    op->done = on_replayed;
    op->owner = pg;
    op->id = (uint64_t)(c - c->line->conns);
    pg->n_busy++;
    c->lag_asked = true;
    pg_conn_send(c, op);
}

void pg_lag_tick(struct pg *pg, int64_t now_us)
{
    struct pg_line *line = &pg->lines[PG_REPLICA];
    if (line->n_conns == 0 || now_us < pg->lag.next_us)
        return;
    pg->lag.next_us = now_us + max_lag_us(pg) / 4;
    if (!pg->lag.asking)
        mark_ask(pg, now_us);
    for (unsigned i = 0; i < line->n_conns; i++)
        if (line->conns[i].state == PG_CONN_UP && !line->conns[i].lag_asked)
            conn_ask(&line->conns[i]);
}
