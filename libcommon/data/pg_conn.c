/* One connection: it is made without waiting, prepares its lane's statements in one flight, and
 * then carries statements in pipeline mode until it is lost, and starts again. Where nothing may
 * stay prepared, each is parsed all the same, as the statement without a name that the next one
 * replaces: so what does not fit the schema is known before anybody asks.
 *
 * A statement is answered when its sync is: only then has it been committed. Answers go to the
 * pool's list and are delivered when the event is over, so nothing is called back from the middle.
 *
 * The surprise: PQpipelineSync() pushes what there is to the socket each time, so there is nothing
 * to gather over a turn. */
#include <string.h>

#include "common/backoff.h"
#include "common/clock.h"
#include "pg_priv.h"

/* --- losing it ------------------------------------------------------------------------------ */

static void conn_unwatch(struct pg_conn *c)
{
    event_del(&c->readable);
    event_del(&c->writable);
}

/* why may be libpq's message, which ends with a line end and goes with the connection. */
static void conn_lose(struct pg_conn *c, const char *doing, const char *why)
{
    struct pg_line *line = c->line;
    struct pg *pg = line->pg;
    bool served = c->serves;
    snprintf(pg->why, sizeof pg->why, "%s: %.*s", doing, (int)strcspn(why, "\n"), why);
    pg_dial_stop(c);
    conn_unwatch(c);
    PQfinish(c->db);
    c->db = NULL;
    c->state = PG_CONN_DOWN;
    c->serves = false;
    c->retry_us = clock_mono_us() +
                  backoff_ms(++c->failures, PG_BACKOFF_MIN_MS, PG_BACKOFF_MAX_MS) * USEC_PER_MSEC;
    struct pg_op *op;
    while ((op = TAILQ_FIRST(&c->sent))) {
        TAILQ_REMOVE(&c->sent, op, link);
        pg_answer(pg, op, "the connection was lost before the answer");
    }
    c->n_sent = 0;
    if (served && --line->n_serving == 0)
        pg_line_down(line);
}

static void conn_lose_libpq(struct pg_conn *c, const char *doing)
{
    conn_lose(c, doing, c->db ? PQerrorMessage(c->db) : "out of memory");
}

/* --- sending -------------------------------------------------------------------------------- */

static void conn_flush(struct pg_conn *c)
{
    int left = PQflush(c->db);
    if (left < 0 || (left > 0 && event_add(&c->writable, NULL) != 0))
        conn_lose_libpq(c, "sending");
}

void pg_conn_send(struct pg_conn *c, struct pg_op *op)
{
    const struct pg_stmt *s = op->stmt;
    op->by_replica = c->line->lane == PG_REPLICA && s->lane == PG_REPLICA;
    if (c->n_sent++ == 0)
        c->waiting_us = clock_mono_us();
    TAILQ_INSERT_TAIL(&c->sent, op, link);
    int ok;
    if (c->line->pg->options->prepare && s->name)
        ok = PQsendQueryPrepared(c->db, s->name, op->n, op->params, NULL, NULL, 0);
    else
        ok = PQsendQueryParams(c->db, s->text, op->n, NULL, op->params, NULL, NULL, 0);
    if (ok && PQpipelineSync(c->db))
        conn_flush(c);
    else
        conn_lose_libpq(c, "sending");
}

/* --- connecting ----------------------------------------------------------------------------- */

/* The first statement from i on that this lane runs; n_stmts when there is none. Reads stand in for
 * the replica. */
static size_t next_stmt(const struct pg_line *line, size_t i)
{
    const struct pg_options *o = line->pg->options;
    for (; i < o->n_stmts; i++) {
        enum pg_lane lane = o->stmts[i]->lane;
        if (lane == line->lane || (lane == PG_REPLICA && line->lane == PG_READ))
            break;
    }
    return i;
}

static void conn_prepare(struct pg_conn *c)
{
    const struct pg_options *o = c->line->pg->options;
    c->state = PG_CONN_PREPARING;
    c->preparing = next_stmt(c->line, 0);
    struct event_base *base = loop_base(c->line->pg->loop);
    event_assign(&c->readable, base, PQsocket(c->db), EV_READ | EV_PERSIST, c->on_event, c);
    event_assign(&c->writable, base, PQsocket(c->db), EV_WRITE, c->on_event, c);
    bool ok = PQsetnonblocking(c->db, 1) == 0 && PQenterPipelineMode(c->db) &&
              event_add(&c->readable, NULL) == 0;
    for (size_t i = c->preparing; ok && i < o->n_stmts; i = next_stmt(c->line, i + 1))
        ok = PQsendPrepare(c->db, o->prepare ? o->stmts[i]->name : "", o->stmts[i]->text, 0, NULL);
    if (ok && PQpipelineSync(c->db))
        conn_flush(c);
    else
        conn_lose_libpq(c, "preparing");
}

/* Waits for the socket, which may be another one than the last time. */
static void conn_await(struct pg_conn *c, short what)
{
    struct event_base *base = loop_base(c->line->pg->loop);
    event_assign(&c->readable, base, PQsocket(c->db), what, c->on_event, c);
    if (event_add(&c->readable, NULL) != 0)
        conn_lose(c, "connecting", "out of memory");
}

static void conn_poll(struct pg_conn *c)
{
    switch (PQconnectPoll(c->db)) {
    case PGRES_POLLING_READING:
        conn_await(c, EV_READ);
        break;
    case PGRES_POLLING_OK:
        conn_prepare(c);
        break;
    case PGRES_POLLING_FAILED:
        conn_lose_libpq(c, "connecting");
        break;
    case PGRES_POLLING_WRITING:
    case PGRES_POLLING_ACTIVE: /* unused by libpq */
        conn_await(c, EV_WRITE);
        break;
    }
}

/* libpq would print what the server remarks. */
static void drop_notice(void *arg UNUSED, const char *message UNUSED)
{
}

/* Later keys win over what the URL says. The session's settings go along with the first packet;
 * PgBouncer takes none but its own few, so there the role has them: migration role_settings. */
void pg_conn_dial(struct pg_conn *c, const char *hosts, const char *addresses, const char *ports)
{
    const struct pg *pg = c->line->pg;
    const char *keys[] = {"dbname",
                          "host",
                          "hostaddr",
                          "port",
                          "application_name",
                          "client_encoding",
                          "target_session_attrs",
                          "keepalives_idle",
                          "keepalives_interval",
                          "keepalives_count",
                          "tcp_user_timeout",
                          pg->options->prepare ? "options" : NULL,
                          NULL};
    const char *values[] = {c->line->url,
                            hosts,
                            addresses,
                            ports,
                            pg->options->application_name,
                            "UTF8",
                            c->line->lane == PG_REPLICA ? "prefer-standby" : "read-write",
                            "10",
                            "3",
                            "3",
                            "10000",
                            pg->settings,
                            NULL};
    c->state = PG_CONN_CONNECTING;
    c->db = PQconnectStartParams(keys, values, 1);
    if (!c->db || PQstatus(c->db) == CONNECTION_BAD) {
        conn_lose_libpq(c, "connecting");
        return;
    }
    PQsetNoticeProcessor(c->db, drop_notice, NULL);
    conn_await(c, EV_WRITE);
}

void pg_conn_nowhere(struct pg_conn *c, const char *why)
{
    conn_lose(c, "looking for the host", why);
}

static void conn_start(struct pg_conn *c)
{
    c->state = PG_CONN_LOOKING;
    c->waiting_us = clock_mono_us();
    pg_dial_start(c);
}

/* --- receiving ------------------------------------------------------------------------------ */

void pg_conn_serve(struct pg_conn *c, bool serves)
{
    struct pg_line *line = c->line;
    if (c->serves == serves)
        return;
    c->serves = serves;
    if (serves)
        line->n_serving++;
    else if (--line->n_serving == 0)
        pg_line_down(line);
}

/* The server is there: those that wait before they look again need not. Else each of them is away
 * for up to PG_BACKOFF_MAX_MS longer, and with the last of a lane, what the lane is asked. */
static void tell_others(struct pg_conn *c)
{
    struct pg_line *lines = c->line->pg->lines;
    struct pg_line *end = lines + PG_N_LANES;
    for (struct pg_line *line = lines; line < end; line++)
        for (unsigned i = 0; line->url == c->line->url && i < line->n_conns; i++)
            line->conns[i].retry_us = 0;
}

static void conn_up(struct pg_conn *c)
{
    c->state = PG_CONN_UP;
    if (c->failures > 0)
        tell_others(c);
    c->failures = 0;
    if (c->line->lane == PG_REPLICA)
        c->line->pg->lag.next_us = 0; /* it has to show where it is */
    else
        pg_conn_serve(c, true);
}

static void take_prepared(struct pg_conn *c, PGresult *res)
{
    ExecStatusType status = PQresultStatus(res);
    if (status == PGRES_COMMAND_OK) {
        c->preparing = next_stmt(c->line, c->preparing + 1);
    } else if (status == PGRES_PIPELINE_SYNC) {
        conn_up(c);
    } else {
        const struct pg_options *o = c->line->pg->options;
        const char *name = c->preparing < o->n_stmts ? o->stmts[c->preparing]->name : "?";
        const char *message = PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY);
        char doing[128];
        snprintf(doing, sizeof doing,
                 "statement %s (is the schema older than this program? then run scripts/migrate)",
                 name);
        conn_lose(c, doing, message ? message : PQresultErrorMessage(res));
    }
    PQclear(res);
}

/* A commit can fail after its rows were sent: then the error follows them and is the answer. */
static void take_answer(struct pg_conn *c, PGresult *res)
{
    struct pg_op *op = TAILQ_FIRST(&c->sent);
    struct pg_result *r = op->result;
    if (PQresultStatus(res) == PGRES_PIPELINE_SYNC) {
        PQclear(res);
        TAILQ_REMOVE(&c->sent, op, link);
        c->n_sent--;
        pg_answer(c->line->pg, op, NULL);
    } else if (r->res && PQresultStatus(r->res) == PGRES_FATAL_ERROR) {
        PQclear(res);
    } else {
        PQclear(r->res);
        r->res = res;
        const char *sqlstate = PQresultErrorField(res, PG_DIAG_SQLSTATE);
        if (sqlstate && pg_sqlstate_is_fatal(sqlstate))
            conn_lose(c, "answer", PQresultErrorMessage(res));
    }
}

static void conn_read(struct pg_conn *c)
{
    if (!PQconsumeInput(c->db)) {
        conn_lose_libpq(c, "connection lost");
        return;
    }
    c->answered_us = c->waiting_us = clock_mono_us();
    int nulls = 0;
    while ((c->state == PG_CONN_PREPARING || c->n_sent > 0) && !PQisBusy(c->db)) {
        PGresult *res = PQgetResult(c->db);
        nulls = res ? 0 : nulls + 1; /* one ends the results of a statement */
        if (PQstatus(c->db) == CONNECTION_BAD || nulls > 1) {
            PQclear(res);
            conn_lose_libpq(c, "connection lost");
        } else if (res && c->state == PG_CONN_PREPARING) {
            take_prepared(c, res);
        } else if (res) {
            take_answer(c, res);
        }
    }
    if (c->state == PG_CONN_UP)
        pg_line_send(c->line);
}

static void on_event(evutil_socket_t fd UNUSED, short what, void *arg)
{
    struct pg_conn *c = arg;
    struct pg *pg = c->line->pg;
    pg->in_event = true;
    if (c->state == PG_CONN_CONNECTING)
        conn_poll(c);
    else if (what & EV_WRITE)
        conn_flush(c);
    else
        conn_read(c);
    pg->in_event = false;
    pg_deliver(pg);
}

/* --- for the pool --------------------------------------------------------------------------- */

void pg_conn_init(struct pg_conn *c, struct pg_line *line)
{
    c->line = line;
    c->on_event = on_event;
    TAILQ_INIT(&c->sent);
    event_assign(&c->readable, loop_base(line->pg->loop), -1, 0, on_event, c);
    event_assign(&c->writable, loop_base(line->pg->loop), -1, 0, on_event, c);
}

void pg_conn_tick(struct pg_conn *c, int64_t now_us)
{
    static const struct pg_stmt heartbeat = {.text = "SELECT 1"};
    int64_t patience_us = c->line->pg->options->statement_timeout_ms * USEC_PER_MSEC + PG_GRACE_US;
    if (c->state == PG_CONN_LOOKING || c->state == PG_CONN_CONNECTING)
        patience_us = PG_CONNECT_US;
    if (c->state == PG_CONN_DOWN) {
        if (now_us >= c->retry_us)
            conn_start(c);
    } else if (c->state != PG_CONN_UP || c->n_sent > 0) {
        if (now_us - c->waiting_us > patience_us)
            conn_lose(c, "waiting", "no answer in time");
    } else if (now_us - c->answered_us > PG_HEARTBEAT_US) {
        struct pg_op *op = pg_op_new(&heartbeat, PG_NO_ARGS);
        if (op)
            pg_conn_send(c, op);
    }
}

void pg_conn_done(struct pg_conn *c)
{
    if (c->state != PG_CONN_DOWN)
        conn_lose(c, "closed", "");
}
