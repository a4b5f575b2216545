/* The inside of the PostgreSQL pool, shared by the files pg*.c.
 *
 *   pg        has three lanes: reads, writes, and reads that may be stale
 *   pg_lane_  has connections of its own and a queue for when they are all busy or down
 *   pg_conn   is down, looking for its host, connecting, preparing, or up with statements in
 * flight, oldest first pg_op     is a statement on its way: queued in a lane, sent on a connection,
 * or answered */
#ifndef DATA_PG_PRIV_H
#define DATA_PG_PRIV_H

#include <sys/queue.h>

#include <event2/event.h>
#include <event2/event_struct.h>
#include <libpq-fe.h>

#include "common/dns.h"
#include "common/pg.h"

#define PG_N_LANES 3
#define PG_TICK_MS 100                   /* how often deadlines and retries are looked at */
#define PG_GRACE_US INT64_C(2000000)     /* answers later than the statement timeout by this */
#define PG_DOWN_US INT64_C(3000000)      /* a lane without a connection fails what it has */
#define PG_HEARTBEAT_US INT64_C(3000000) /* an idle connection is asked whether it lives */
#define PG_SILENT_US INT64_C(6000000)    /* not ready when nobody has answered for so long */
#define PG_CONNECT_US INT64_C(5000000)   /* for finding a host and getting to it */
#define PG_RETRIES 2                     /* of a statement that met another transaction */
#define PG_BACKOFF_MIN_MS 100
#define PG_BACKOFF_MAX_MS 5000

struct pg_result {
    PGresult *res; /* NULL: there was no answer */
    enum err err;
    const char *sqlstate, *message, *detail, *pointer; /* in res, the constraint table, or static */
};

struct pg_op {
    TAILQ_ENTRY(pg_op) link;
    const struct pg_stmt *stmt;
    pg_done_fn *done; /* NULL: a heartbeat */
    void *owner;
    uint64_t id;
    struct pg_result *result; /* made with the op, so that an answer never lacks memory */
    bool by_replica;          /* sent there: the primary may be asked instead */
    unsigned retries;         /* so far, because it met another transaction */
    int n;
    const char *params[]; /* followed by their bytes */
};
TAILQ_HEAD(pg_ops, pg_op);

enum pg_conn_state {
    PG_CONN_DOWN,
    PG_CONN_LOOKING, /* for its host's addresses */
    PG_CONN_CONNECTING,
    PG_CONN_PREPARING,
    PG_CONN_UP
};

struct pg_conn {
    struct pg_line *line;
    enum pg_conn_state state;
    struct pg_dial *dial; /* looking */
    PGconn *db;           /* connecting, or later */
    event_callback_fn on_event;
    struct event readable, writable;
    struct pg_ops sent;
    unsigned n_sent;
    size_t preparing;    /* the statement whose result comes next */
    unsigned failures;   /* since it was last up */
    int64_t retry_us;    /* down: when to connect. All times here are monotonic. */
    int64_t waiting_us;  /* else: since when the next sign of life is waited for */
    int64_t answered_us; /* last sign of life */
    bool serves;         /* up and, of a replica, not too far behind */
    bool lag_asked;      /* how far it is, is on its way */
};

/* One lane with what serves it. */
struct pg_line {
    struct pg *pg;
    enum pg_lane lane;
    const char *url;
    unsigned depth;   /* statements in flight on one connection */
    unsigned n_conns; /* 0: the lane does not exist */
    struct pg_conn *conns;
    unsigned n_serving;
    int64_t down_us; /* since when that is 0 */
    struct pg_ops queue;
    size_t n_queued;
};

/* The end of the primary's log at some time, at least. */
struct pg_mark {
    int64_t at; /* byte */
    int64_t us;
};

#define PG_MARKS 8

struct pg_lag {
    struct pg_mark marks[PG_MARKS]; /* in turn */
    unsigned n;                     /* marks that were ever taken */
    bool asking;
    int64_t next_us;
};

struct pg {
    struct loop *loop;
    const struct pg_options *options;
    struct pg_line lines[PG_N_LANES]; /* by enum pg_lane */
    struct pg_lag lag;
    struct pg_ops answered; /* to be delivered in the next turn */
    size_t n_answered;
    struct loop_timer *deliver;
    struct loop_timer *tick;
    size_t n_busy;
    bool in_event; /* of a socket, which delivers at its end */
    bool closing;
    char settings[256]; /* of a session, as a command line */
    char why[256];      /* why the last connection was lost or not made */
};

/* pg.c */

/* The op, which is in no list any more, has its answer in op->result->res. lost (static): there is
 * none, or it is not certain, and this is why. */
void pg_answer(struct pg *pg, struct pg_op *op, const char *lost);
/* Calls those whose answers are there. */
void pg_deliver(struct pg *pg);
/* Sends what is queued, as far as there is room. */
void pg_line_send(struct pg_line *line);
/* The line has just lost the last connection that serves. */
void pg_line_down(struct pg_line *line);
struct pg_op *pg_op_new(const struct pg_stmt *stmt, struct pg_args args);
void pg_op_free(struct pg_op *op);

/* pg_conn.c */

void pg_conn_init(struct pg_conn *c, struct pg_line *line);
/* Owns the op from here on, whatever happens. The connection is up. */
void pg_conn_send(struct pg_conn *c, struct pg_op *op);
/* Whether the connection, which is up, takes statements of its lane. */
void pg_conn_serve(struct pg_conn *c, bool serves);
/* Connects, gives up, asks for a sign of life: whatever is due. */
void pg_conn_tick(struct pg_conn *c, int64_t now_us);
/* What is in flight is answered with ERR_UNAVAILABLE. */
void pg_conn_done(struct pg_conn *c);

/* Only from pg_dial.c: the lists for libpq (host, hostaddr, port), or that there is nowhere to go.
 */
void pg_conn_dial(struct pg_conn *c, const char *hosts, const char *addresses, const char *ports);
void pg_conn_nowhere(struct pg_conn *c, const char *why);

/* pg_dial.c */

/* Finds out where the connection's URL leads, and calls one of the two above, now or later. */
void pg_dial_start(struct pg_conn *c);
void pg_dial_stop(struct pg_conn *c);

/* pg_lag.c */

/* Asks how far the replica is, when that is due. */
void pg_lag_tick(struct pg *pg, int64_t now_us);

/* pg_error.c */

/* Fills err, sqlstate, message, detail and pointer from res. */
void pg_result_read(struct pg_result *r, const struct pg_options *options);
/* The connection that gave this answer is of no more use. */
bool pg_sqlstate_is_fatal(const char *sqlstate);

#endif
