/* A pool under test: statements, options, and a record of every answer. */
#ifndef TESTS_UNIT_DATA_PG_POOL_H
#define TESTS_UNIT_DATA_PG_POOL_H

#include "common/pg.h"
#include "servers.h"

#define MAX_ANSWERS 2000

struct answer {
    int times;
    enum err err;
    char sqlstate[8], message[200], detail[100], pointer[40], value[200];
    int rows;
    bool null;
};

/* Statements of the tests; a value is in the column v. */
static const struct pg_stmt echo = {"echo", "SELECT $1::text AS v", 1, PG_READ};
static const struct pg_stmt echo_write = {"echo_write", "SELECT $1::text AS v", 1, PG_WRITE};
static const struct pg_stmt echo_replica = {
    "echo_replica", "SELECT $1::text || '@' || current_database() AS v", 1, PG_REPLICA};
static const struct pg_stmt nothing = {"nothing", "SELECT 1 AS v WHERE false", 0, PG_READ};
static const struct pg_stmt nap = {"nap", "SELECT pg_sleep($1::float8)::text AS v", 1, PG_READ};
static const struct pg_stmt nap_write = {"nap_write", "SELECT pg_sleep($1::float8)::text AS v", 1,
                                         PG_WRITE};
static const struct pg_stmt backend = {"backend", "SELECT pg_backend_pid()::text AS v", 0, PG_READ};
static const struct pg_stmt backend_write = {"backend_write", "SELECT pg_backend_pid()::text AS v",
                                             0, PG_WRITE};
static const struct pg_stmt setting = {"setting", "SELECT current_setting($1) AS v", 1, PG_READ};
static const struct pg_stmt divide = {"divide", "SELECT (1 / $1::int)::text AS v", 1, PG_READ};
static const struct pg_stmt lock_wait = {
    "lock_wait", "SELECT 'locked' AS v FROM pg_advisory_xact_lock($1::bigint)", 1, PG_WRITE};
static const struct pg_stmt lock_held = {
    "lock_held", "SELECT 'locked' AS v FROM pg_advisory_xact_lock($1::bigint)", 1, PG_READ};

static const struct pg_stmt *const basic_stmts[] = {
    &echo,    &echo_write, &echo_replica,  &nothing, &nap,       &nap_write,
    &backend, &setting,    &backend_write, &divide,  &lock_wait, &lock_held,
};

static const struct pg_options basic_options = {
    .url = servers.pg_url,
    .replica_max_lag_ms = 1000,
    .readers = 2,
    .writers = 2,
    .pipeline_depth = 32,
    .max_queued = 1000,
    .statement_timeout_ms = 5000,
    .prepare = true,
    .application_name = "pg_test",
    .stmts = basic_stmts,
    .n_stmts = ARRAY_LEN(basic_stmts),
};

struct pool {
    struct loop *loop;
    struct dns *dns;
    struct pg_options options;
    struct pg *pg;
    struct answer answers[MAX_ANSWERS]; /* by id */
    unsigned n_sent, n_answered;
    uint64_t order[MAX_ANSWERS];
};

static inline void copy(char *to, size_t size, const char *from)
{
    snprintf(to, size, "%s", from ? from : "(null)");
}

static inline void on_answer(void *owner, uint64_t id, struct pg_result *r)
{
    struct pool *p = owner;
    struct answer *a = &p->answers[id];
    a->times++;
    a->err = pg_result_err(r);
    a->rows = pg_rows(r);
    a->null = pg_first(r, "v") == NULL;
    copy(a->sqlstate, sizeof a->sqlstate, pg_result_sqlstate(r));
    copy(a->message, sizeof a->message, pg_result_message(r));
    copy(a->detail, sizeof a->detail, pg_result_detail(r));
    copy(a->pointer, sizeof a->pointer, pg_result_pointer(r));
    copy(a->value, sizeof a->value, pg_first(r, "v"));
    p->order[p->n_answered++] = id;
    pg_result_free(r);
}

static inline void pool_open(struct pool *p, const struct pg_options *options)
{
    memset(p, 0, sizeof *p);
    p->options = *options;
    p->loop = loop_new();
    p->dns = dns_new(p->loop, "/etc/resolv.conf");
    p->options.dns = p->dns;
    p->pg = pg_new(p->loop, &p->options);
    assert_non_null(p->pg);
}

static inline void pool_close(struct pool *p)
{
    pg_free(p->pg);
    dns_free(p->dns);
    loop_free(p->loop);
    for (unsigned i = 0; i < p->n_sent; i++)
        assert_int_equal(p->answers[i].times, 1);
}

/* The id, under which the answer will be. */
static inline unsigned submit(struct pool *p, const struct pg_stmt *stmt, const char *param)
{
    unsigned id = p->n_sent++;
    assert_true(id < MAX_ANSWERS);
    assert_int_equal(
        pg_exec(p->pg, stmt, (struct pg_args){&param, stmt->n_params}, on_answer, p, id), ERR_OK);
    assert_int_equal(p->answers[id].times, 0); /* in a later turn */
    return id;
}

static inline struct answer *await(struct pool *p, unsigned id)
{
    WAIT_FOR(p->loop, p->answers[id].times);
    return &p->answers[id];
}

static inline struct answer *ask(struct pool *p, const struct pg_stmt *stmt, const char *param)
{
    return await(p, submit(p, stmt, param));
}

#define ASK_FOR(p, stmt, param, expected_value)            \
    do {                                                   \
        struct answer *asked = ask(p, stmt, param);        \
        assert_string_equal(asked->message, "");           \
        assert_int_equal(asked->err, ERR_OK);              \
        assert_string_equal(asked->value, expected_value); \
    } while (0)

#endif
