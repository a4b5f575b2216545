/* The PostgreSQL pool when nothing breaks: lanes, pipelining, results, errors, bounds. */
#include "pg_pool.h"

static const struct pg_constraint constraints[] = {
    {"thing_name_key", ERR_CONFLICT, "/name", "This name is taken."},
    {"thing_late_key", ERR_STATE_CONFLICT, NULL, "Too late."},
};

static const struct pg_stmt fail = {"fail", "SELECT fail($1, $2)::text AS v", 2, PG_READ};
static const struct pg_stmt meet = {"meet", "SELECT meet($1::int, $2)::text AS v", 2, PG_WRITE};
static const struct pg_stmt thing_insert = {
    "thing_insert",
    "INSERT INTO thing (name, late, size) SELECT $1, $2, $3::int RETURNING name AS v", 3, PG_WRITE};
static const struct pg_stmt thing_count = {"thing_count", "SELECT count(*)::text AS v FROM thing",
                                           0, PG_READ};
static const struct pg_stmt columns = {
    "columns", "SELECT 'a' AS one, NULL AS two, 'ccc' AS \"Three\" UNION ALL SELECT 'd', 'e', 'f'",
    0, PG_READ};
static const struct pg_stmt *const stmts[] = {
    &echo,   &echo_write, &echo_replica, &nothing,     &nap,     &nap_write, &backend, &setting,
    &divide, &fail,       &thing_insert, &thing_count, &columns, &lock_wait, &meet,
};

static int setup(void **state)
{
    servers_pg();
    admin("CREATE TABLE thing (name text CONSTRAINT thing_name_key UNIQUE,"
          " late text CONSTRAINT thing_late_key UNIQUE DEFERRABLE INITIALLY DEFERRED,"
          " size int NOT NULL CHECK (size > 0));"
          "CREATE FUNCTION fail(state text, message text) RETURNS int LANGUAGE plpgsql AS $$"
          " BEGIN RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message,"
          " DETAIL = CASE WHEN message = 'conflict' THEN 'Say this.' ELSE '' END; END $$;"
          "CREATE SEQUENCE met;"
          "CREATE FUNCTION meet(times int, state text) RETURNS bigint LANGUAGE plpgsql AS $$"
          " BEGIN IF nextval('met') <= times THEN PERFORM fail(state, 'retry'); END IF;"
          " RETURN currval('met'); END $$");
    admin("CREATE DATABASE other");
    *state = NULL;
    return 0;
}

static struct pool pool;

static int open_pool(void **state)
{
    struct pg_options options = basic_options;
    options.stmts = stmts;
    options.n_stmts = ARRAY_LEN(stmts);
    options.constraints = constraints;
    options.n_constraints = ARRAY_LEN(constraints);
    pool_open(&pool, &options);
    *state = &pool;
    return 0;
}

static int close_pool(void **state)
{
    pool_close(*state);
    return 0;
}

static unsigned submit2(struct pool *p, const struct pg_stmt *stmt, const char *const *params)
{
    unsigned id = p->n_sent++;
    assert_int_equal(
        pg_exec(p->pg, stmt, (struct pg_args){params, stmt->n_params}, on_answer, p, id), ERR_OK);
    return id;
}

/* --- results ------------------------------------------------------------------------------- */

static void values_come_back_as_they_went(void **state)
{
    static const char *const values[] = {"", "x", "it's; DROP TABLE thing", "\xc3\xa4\n\t\\", "$1"};
    struct pool *p = *state;
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        ASK_FOR(p, &echo, values[i], values[i]);
        ASK_FOR(p, &echo_write, values[i], values[i]);
    }
    struct answer *a = ask(p, &echo, NULL);
    assert_true(a->err == ERR_OK && a->null && a->rows == 1);
    a = ask(p, &nothing, NULL);
    assert_true(a->err == ERR_OK && a->null && a->rows == 0);
    assert_int_equal(ask(p, &thing_count, NULL)->err, ERR_OK);
}

static void on_columns(void *owner, uint64_t id UNUSED, struct pg_result *r)
{
    *(struct pg_result **)owner = r;
}

static void columns_are_found_by_name_and_what_is_outside_is_null(void **state)
{
    struct pool *p = *state;
    struct pg_result *r = NULL;
    assert_int_equal(pg_exec(p->pg, &columns, PG_NO_ARGS, on_columns, &r, 0), ERR_OK);
    WAIT_FOR(p->loop, r);
    assert_int_equal(pg_rows(r), 2);
    assert_int_equal(pg_col(r, "one"), 0);
    assert_int_equal(pg_col(r, "Three"), 2);
    assert_int_equal(pg_col(r, "three"), -1);
    assert_string_equal(pg_get(r, 1, 2), "f");
    assert_int_equal(pg_len(r, 0, 2), 3);
    assert_null(pg_get(r, 0, 1));
    assert_int_equal(pg_len(r, 0, 1), 0);
    assert_string_equal(pg_first(r, "one"), "a");
    static const int outside[][2] = {{-1, 0}, {2, 0}, {0, -1}, {0, 3}};
    for (size_t i = 0; i < ARRAY_LEN(outside); i++) {
        assert_null(pg_get(r, outside[i][0], outside[i][1]));
        assert_int_equal(pg_len(r, outside[i][0], outside[i][1]), 0);
    }
    assert_null(pg_first(r, "four"));
    pg_result_free(r);
    pg_result_free(NULL);
}

static void large_values_pass_both_ways(void **state)
{
    struct pool *p = *state;
    size_t n = 8u << 20; /* more than any socket buffer: writing waits for the server */
    char *big = malloc(n + 1);
    memset(big, 'x', n);
    big[n] = '\0';
    struct pg_result *r = NULL;
    assert_int_equal(pg_exec(p->pg, &echo, PG_ARGS(big), on_columns, &r, 0), ERR_OK);
    WAIT_FOR(p->loop, r);
    assert_int_equal(pg_result_err(r), ERR_OK);
    assert_int_equal(pg_len(r, 0, 0), n);
    assert_memory_equal(pg_get(r, 0, 0), big, n);
    pg_result_free(r);
    free(big);
}

/* --- pipelining ---------------------------------------------------------------------------- */

static void a_failing_neighbour_harms_nobody(void **state)
{
    struct pool *p = *state;
    ask(p, &echo, "up");
    unsigned first = p->n_sent;
    for (int i = 0; i < 200; i++)
        submit(p, &divide, i % 7 == 3 ? "0" : "1");
    assert_int_equal(pg_busy(p->pg), 200);
    for (unsigned i = 0; i < 200; i++) {
        struct answer *a = await(p, first + i);
        if (i % 7 == 3) {
            assert_int_equal(a->err, ERR_INVALID);
            assert_string_equal(a->sqlstate, "22012");
        } else {
            assert_int_equal(a->err, ERR_OK);
            assert_string_equal(a->value, "1");
        }
    }
    assert_int_equal(pg_busy(p->pg), 0);
}

static void a_write_that_waits_for_a_lock_stops_no_read(void **state)
{
    struct pool *p = *state;
    PGconn *db = admin_connect();
    PQclear(PQexec(db, "SELECT pg_advisory_lock(1)"));
    unsigned waiting = submit(p, &lock_wait, "1");
    for (int i = 0; i < 100; i++)
        ASK_FOR(p, &echo, "read", "read");
    ASK_FOR(p, &echo_write, "the other writer", "the other writer");
    assert_int_equal(p->answers[waiting].times, 0);
    PQfinish(db);
    assert_string_equal(await(p, waiting)->value, "locked");
}

static void statements_of_a_lane_are_answered_in_order(void **state)
{
    struct pool *p = *state;
    pool_close(p);
    struct pg_options options = p->options;
    options.readers = options.writers = 1;
    pool_open(p, &options);
    for (int i = 0; i < 100; i++) /* more than the depth, before the connection is up */
        submit(p, &echo, "x");
    await(p, 99);
    for (uint64_t i = 0; i < 100; i++)
        assert_int_equal(p->order[i], i);
}

static bool two_reads_differ(struct pool *p)
{
    unsigned a = submit(p, &backend, NULL), b = submit(p, &backend, NULL);
    await(p, a);
    await(p, b);
    return strcmp(p->answers[a].value, p->answers[b].value) != 0;
}

static void reads_are_spread_over_the_connections(void **state)
{
    struct pool *p = *state;
    WAIT_FOR(p->loop, two_reads_differ(p)); /* as soon as both connections are up */
}

static void a_full_queue_says_busy(void **state)
{
    struct pool *p = *state;
    pool_close(p);
    struct pg_options options = p->options;
    options.writers = 1;
    options.max_queued = 3;
    pool_open(p, &options);
    ask(p, &echo_write, "up");
    PGconn *db = admin_connect();
    PQclear(PQexec(db, "SELECT pg_advisory_lock(2)"));
    for (int i = 0; i < 4; i++) /* one in flight, three in the queue */
        submit(p, &lock_wait, "2");
    assert_int_equal(pg_exec(p->pg, &echo_write, PG_ARGS("x"), on_answer, p, 99), ERR_BUSY);
    ASK_FOR(p, &echo, "reads go on", "reads go on");
    PQfinish(db);
    await(p, p->n_sent - 2);
    ASK_FOR(p, &echo_write, "again", "again");
    assert_int_equal(p->answers[99].times, 0);
}

/* --- sessions ------------------------------------------------------------------------------ */

static void sessions_have_their_settings(void **state)
{
    static const char *const settings[][2] = {
        {"statement_timeout", "5s"},     {"TimeZone", "UTC"},
        {"application_name", "pg_test"}, {"default_transaction_isolation", "read committed"},
        {"client_encoding", "UTF8"},     {"jit", "off"},
    };
    struct pool *p = *state;
    for (size_t i = 0; i < ARRAY_LEN(settings); i++)
        ASK_FOR(p, &setting, settings[i][0], settings[i][1]);
}

static void without_preparing_it_works_the_same(void **state)
{
    struct pool *p = *state;
    pool_close(p);
    struct pg_options options = p->options;
    options.prepare = false;
    pool_open(p, &options);
    ASK_FOR(p, &echo, "x", "x");
    ASK_FOR(p, &echo_write, "y", "y");
    assert_int_equal(ask(p, &divide, "0")->err, ERR_INVALID);
    assert_true(pg_ready(p->pg, NULL));
}

static void replica_reads_go_to_the_replica_and_without_one_to_the_primary(void **state)
{
    struct pool *p = *state;
    ASK_FOR(p, &echo_replica, "x", "x@postgres");
    pool_close(p);
    char url[300];
    snprintf(url, sizeof url, "postgresql://postgres@/other?host=%s", servers.dir);
    struct pg_options options = p->options;
    static const struct pg_stmt *const everywhere[] = {&echo, &echo_write, &echo_replica};
    options.stmts = everywhere;
    options.n_stmts = ARRAY_LEN(everywhere);
    options.replica_url = url;
    pool_open(p, &options);
    WAIT_FOR(p->loop, strcmp(ask(p, &echo_replica, "x")->value, "x@other") == 0);
    admin("ALTER DATABASE other ALLOW_CONNECTIONS false;"
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'other'");
    WAIT_FOR(p->loop, strcmp(ask(p, &echo_replica, "x")->value, "x@postgres") == 0);
    admin("ALTER DATABASE other ALLOW_CONNECTIONS true");
    WAIT_FOR(p->loop, strcmp(ask(p, &echo_replica, "x")->value, "x@other") == 0);
}

/* --- errors -------------------------------------------------------------------------------- */

static void sqlstates_become_errors(void **state)
{
    static const struct {
        const char *sqlstate, *message;
        enum err err;
        const char *detail;
    } rows[] = {
        {"40001", "serialization", ERR_RETRY, "(null)"},
        {"40P01", "deadlock", ERR_RETRY, "(null)"},
        {"57014", "canceled", ERR_TIMEOUT, "(null)"},
        {"53100", "disk full", ERR_UNAVAILABLE, "(null)"},
        {"58030", "could not extend file: Input/output error", ERR_UNAVAILABLE, "(null)"},
        {"42501", "could not open file: Read-only file system", ERR_UNAVAILABLE, "(null)"},
        {"22P02", "text", ERR_INVALID, "(null)"},
        {"23514", "check", ERR_INVALID, "(null)"},
        {"42501", "no right", ERR_INTERNAL, "(null)"},
        {"P0001", "raised", ERR_INTERNAL, "(null)"},
        {"MH000", "conflict", ERR_CONFLICT, "Say this."},
        {"MH000", "idempotency_key_reused", ERR_KEY_REUSED, "(null)"},
        {"MH999", "not_found", ERR_NOT_FOUND, "(null)"},
        {"MH000", "no such code", ERR_INTERNAL, "(null)"},
    };
    struct pool *p = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct answer *a =
            await(p, submit2(p, &fail, (const char *[]){rows[i].sqlstate, rows[i].message}));
        assert_int_equal(a->err, rows[i].err);
        assert_string_equal(a->sqlstate, rows[i].sqlstate);
        assert_string_equal(a->message, rows[i].message);
        assert_string_equal(a->detail, rows[i].detail);
        assert_true(a->rows == 0 && a->null);
    }
}

static void what_met_another_transaction_is_sent_again(void **state)
{
    static const char *const sqlstates[] = {"40001", "40P01", "MH000"};
    struct pool *p = *state;
    for (size_t i = 0; i < ARRAY_LEN(sqlstates); i++) {
        admin("ALTER SEQUENCE met RESTART"); /* no transaction takes back what it drew */
        struct answer *a = await(p, submit2(p, &meet, (const char *[]){"2", sqlstates[i]}));
        assert_int_equal(a->err, ERR_OK);
        assert_string_equal(a->value, "3");
        admin("ALTER SEQUENCE met RESTART");
        assert_int_equal(await(p, submit2(p, &meet, (const char *[]){"9", sqlstates[i]}))->err,
                         ERR_RETRY);
        a = await(p, submit2(p, &meet, (const char *[]){"0", sqlstates[i]}));
        assert_string_equal(a->value, "4"); /* it was three, and then it was enough */
    }
    assert_int_equal(pg_busy(p->pg), 0);
}

static void after_some_errors_the_connection_is_another_one(void **state)
{
    static const char *const sqlstates[] = {"25006", "0A000", "26000", "08006", "57P01"};
    struct pool *p = *state;
    pool_close(p);
    struct pg_options options = p->options;
    options.readers = 1;
    pool_open(p, &options);
    for (size_t i = 0; i < ARRAY_LEN(sqlstates); i++) {
        char before[20];
        copy(before, sizeof before, ask(p, &backend, NULL)->value);
        unsigned bad = submit2(p, &fail, (const char *[]){sqlstates[i], "m"});
        unsigned queued = submit(p, &backend, NULL);
        assert_int_equal(await(p, bad)->err, ERR_UNAVAILABLE);
        assert_string_equal(p->answers[bad].sqlstate, sqlstates[i]);
        assert_int_equal(await(p, queued)->err, ERR_UNAVAILABLE); /* was in flight with it */
        assert_string_not_equal(ask(p, &backend, NULL)->value, before);
    }
}

static void violated_constraints_are_worded_by_the_table(void **state)
{
    static const struct {
        const char *params[3];
        enum err err;
        const char *pointer, *detail;
    } rows[] = {
        {{"a", "x", "1"}, ERR_OK, "(null)", "(null)"},
        {{"a", "y", "1"}, ERR_CONFLICT, "/name", "This name is taken."},
        {{"b", "x", "1"}, ERR_STATE_CONFLICT, "(null)", "Too late."}, /* at the commit */
        {{"b", "y", "0"}, ERR_INVALID, "(null)", "(null)"},
        {{"b", "y", NULL}, ERR_INVALID, "(null)", "(null)"},
    };
    struct pool *p = *state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct answer *a = await(p, submit2(p, &thing_insert, rows[i].params));
        assert_int_equal(a->err, rows[i].err);
        assert_string_equal(a->pointer, rows[i].pointer);
        assert_string_equal(a->detail, rows[i].detail);
        assert_int_equal(a->rows, rows[i].err == ERR_OK);
    }
    ASK_FOR(p, &thing_count, NULL, "1");
}

static void a_slow_statement_times_out_and_its_neighbours_do_not(void **state)
{
    struct pool *p = *state;
    pool_close(p);
    struct pg_options options = p->options;
    options.readers = 1;
    options.statement_timeout_ms = 200;
    pool_open(p, &options);
    unsigned before = submit(p, &echo, "before"), slow = submit(p, &nap, "10");
    unsigned after = submit(p, &echo, "after");
    assert_int_equal(await(p, slow)->err, ERR_TIMEOUT);
    assert_string_equal(await(p, before)->value, "before");
    assert_string_equal(await(p, after)->value, "after");
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_pool, close_pool)
    const struct CMUnitTest tests[] = {
        TEST(values_come_back_as_they_went),
        TEST(columns_are_found_by_name_and_what_is_outside_is_null),
        TEST(large_values_pass_both_ways),
        TEST(a_failing_neighbour_harms_nobody),
        TEST(a_write_that_waits_for_a_lock_stops_no_read),
        TEST(statements_of_a_lane_are_answered_in_order),
        TEST(reads_are_spread_over_the_connections),
        TEST(a_full_queue_says_busy),
        TEST(sessions_have_their_settings),
        TEST(without_preparing_it_works_the_same),
        TEST(replica_reads_go_to_the_replica_and_without_one_to_the_primary),
        TEST(sqlstates_become_errors),
        TEST(what_met_another_transaction_is_sent_again),
        TEST(after_some_errors_the_connection_is_another_one),
        TEST(violated_constraints_are_worded_by_the_table),
        TEST(a_slow_statement_times_out_and_its_neighbours_do_not),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
