/* PostgreSQL on the loop: libpq in pipeline mode, prepared statements, a bounded pool.
 *
 * A statement is a file sql/NAME.sql, embedded at build time as `const struct pg_stmt sql_NAME`.
 * Its first line says which lane it takes:
 *   -- read: why      shares a connection with other reads, pipelined
 *   -- write: why     has its connection to itself until the answer (it may wait for a lock)
 *   -- replica: why   as read, on DATABASE_URL_READ while that is alive and not too far behind
 *
 * What fails on the replica because of the replica is asked of the primary. Each statement is
 * followed by its own sync: it is its own transaction, and a failing neighbour cannot abort it.
 * Results are in text format.
 *
 * A lost connection gives ERR_UNAVAILABLE to every statement in flight on it and is made again with
 * backoff and jitter, and its host looked up again. An answer later than the statement deadline
 * kills the connection. A statement that ended in a deadlock or a serialisation failure, or raised
 * `retry`, has done nothing, and is sent twice more before its caller gets ERR_RETRY. */
#ifndef COMMON_PG_H
#define COMMON_PG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/compiler.h"
#include "common/dns.h"
#include "common/err.h"
#include "common/loop.h"

struct pg;
struct pg_result;

enum pg_lane { PG_READ, PG_WRITE, PG_REPLICA };

struct pg_stmt {
    const char *name;
    const char *text;
    int n_params;
    enum pg_lane lane;
};

/* A statement's parameters from $1 on: text, or NULL for SQL NULL. PG_ARGS(a, b) makes them in a
 * call. */
struct pg_args {
    const char *const *v;
    int n;
};

#define PG_ARGS(...)                                      \
    ((struct pg_args){(const char *const[]){__VA_ARGS__}, \
                      (int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(const char *))})
#define PG_NO_ARGS ((struct pg_args){NULL, 0})

/* What a violated constraint means to the client: rows of a service's table. */
struct pg_constraint {
    const char *name;
    enum err err;
    const char *pointer; /* the field at fault, or NULL */
    const char *detail;  /* a sentence for the client */
};

struct pg_options {
    struct dns *dns;         /* looks the hosts up; NULL when the URLs have sockets only */
    const char *url;         /* libpq URI; of several hosts the first that takes writes */
    const char *replica_url; /* NULL: none */
    int replica_max_lag_ms;  /* further behind, and the primary is asked */
    unsigned readers, writers;
    unsigned pipeline_depth;  /* statements in flight on one reader */
    unsigned max_queued;      /* waiting for a connection; then ERR_BUSY */
    int statement_timeout_ms; /* set on the server, and plus 2 s the deadline here */
    bool prepare;             /* keep them prepared; off behind PgBouncer in transaction mode */
    const char *application_name;
    const struct pg_stmt *const *stmts; /* all statements of the process: prepared at connect */
    size_t n_stmts;
    const struct pg_constraint *constraints;
    size_t n_constraints;
};

/* Whether libpq can read it, as a URI. Nothing is looked up. */
bool pg_url_valid(const char *url);

/* Starts connecting; never waits. NULL: out of memory. options and what it points at must outlive
 * the pool. */
MUSTCHECK struct pg *pg_new(struct loop *l, const struct pg_options *options);
/* Everything queued or in flight gets ERR_UNAVAILABLE, in this call. */
void pg_free(struct pg *pg);

/* Called once, in a later turn than pg_exec(). The result is the receiver's: pg_result_free(). */
typedef void pg_done_fn(void *owner, uint64_t id, struct pg_result *result);

/* Queues the statement. args are copied; there must be n_params of them. ERR_BUSY: queue full;
 * ERR_UNAVAILABLE: no connection for 3 s, which also fails what is queued. On an error done is not
 * called. */
MUSTCHECK enum err pg_exec(struct pg *pg, const struct pg_stmt *stmt, struct pg_args args,
                           pg_done_fn *done, void *owner, uint64_t id);

/* A connection that is up, has prepared everything and answered within the last seconds. When not,
 * *ret_why (if not NULL) says so in words for an operator, in static memory. */
bool pg_ready(const struct pg *pg, const char **ret_why);
/* In flight + queued, for the drain and the metrics. */
size_t pg_busy(const struct pg *pg);

/* ERR_OK or what went wrong, mapped from the SQLSTATE: constraints by the table; 40001 and 40P01
 * ERR_RETRY; 57014 ERR_TIMEOUT; 08xxx, 53xxx, 57Pxx, 58xxx, a disk that has become read-only, 25006
 * and lost connections ERR_UNAVAILABLE; 22xxx and 23xxx without a row ERR_INVALID; a function's
 * RAISE with class MH the error whose code is the message. Anything else ERR_INTERNAL. */
enum err pg_result_err(const struct pg_result *r);
/* For the client: from the constraint table or the DETAIL of a class MH error; else NULL. */
const char *pg_result_detail(const struct pg_result *r);
const char *pg_result_pointer(const struct pg_result *r);
/* For the log only: SQLSTATE and the server's message; "" without one. */
const char *pg_result_sqlstate(const struct pg_result *r);
const char *pg_result_message(const struct pg_result *r);

int pg_rows(const struct pg_result *r);
/* Column of that name, or -1. */
int pg_col(const struct pg_result *r, const char *name);
/* Borrowed, NUL-terminated text; NULL for SQL NULL or outside the result. */
const char *pg_get(const struct pg_result *r, int row, int col);
/* The value of the named column in the first row, or NULL. */
const char *pg_first(const struct pg_result *r, const char *name);
size_t pg_len(const struct pg_result *r, int row, int col);
void pg_result_free(void *result); /* void *: fits arena_defer() */

#endif
