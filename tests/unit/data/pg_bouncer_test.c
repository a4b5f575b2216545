/* The pool behind PgBouncer in transaction mode: a connection is to PgBouncer, and each statement
 * may be run by another server process. */
#include "bouncer.h"
#include "pg_pool.h"

static const struct pg_stmt late_table = {
    "late_table", "SELECT count(*)::text AS v FROM late_table", 0, PG_WRITE};
static const struct pg_stmt insert = {
    "insert", "INSERT INTO thing VALUES ($1::int) RETURNING n::text AS v", 1, PG_WRITE};

static struct bouncer bouncer;
static struct pool pool;

static int setup(void **state)
{
    *state = NULL;
    servers_pg();
    return 0;
}

static void open_with(bool prepare)
{
    struct pg_options options = basic_options;
    options.url = bouncer.url;
    options.prepare = prepare;
    pool_open(&pool, &options);
}

static int open_pool(void **state)
{
    bouncer_open(&bouncer, "bouncer", servers.dir, "");
    open_with(false);
    *state = &pool;
    return 0;
}

static int close_pool(void **state)
{
    pool_close(*state);
    bouncer_close(&bouncer);
    return 0;
}

static int server_processes(void)
{
    return atoi(admin("SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
                      " AND pid <> pg_backend_pid()"));
}

/* --- statements ----------------------------------------------------------------------------- */

static void each_lane_is_served(void **state)
{
    struct pool *p = *state;
    ASK_FOR(p, &echo, "one", "one");
    ASK_FOR(p, &echo_write, "two", "two");
    ASK_FOR(p, &echo_replica, "three", "three@postgres");
    ASK_FOR(p, &setting, "application_name", "pg_test");
    assert_true(pg_ready(p->pg, NULL));
}

/* Four connections to PgBouncer, two behind it. */
static void more_connections_than_servers(void **state)
{
    struct pool *p = *state;
    for (int i = 0; i < 40; i++) {
        submit(p, &nap, "0.02");
        submit(p, &nap_write, "0.02");
    }
    for (unsigned i = 0; i < p->n_sent; i++)
        assert_int_equal(await(p, i)->err, ERR_OK);
    assert_int_equal(server_processes(), 2);
}

/* Many in flight on one connection, some of which fail. */
static void each_pipelined_statement_gets_its_own_answer(void **state)
{
    struct pool *p = *state;
    char text[12];
    for (int i = 0; i < 1000; i++) {
        snprintf(text, sizeof text, "%d", i);
        if (i % 7 == 3)
            submit(p, &divide, "0");
        else
            submit(p, i % 5 == 2 ? &echo_write : &echo, text);
    }
    for (int i = 0; i < 1000; i++) {
        struct answer *a = await(p, (unsigned)i);
        if (i % 7 == 3)
            assert_string_equal(a->sqlstate, "22012");
        else
            assert_int_equal(atoi(a->value), i);
    }
}

/* Locks end with their statement: whose server it was does not matter. */
static void no_lock_is_left_behind(void **state)
{
    struct pool *p = *state;
    for (int i = 0; i < 20; i++) {
        submit(p, &lock_wait, "7");
        submit(p, &lock_held, "7");
    }
    for (unsigned i = 0; i < p->n_sent; i++)
        assert_string_equal(await(p, i)->value, "locked");
    assert_string_equal(admin("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'"), "0");
}

static void a_statement_that_does_not_fit_the_schema_is_named(void **state)
{
    static const struct pg_stmt *const stmts[] = {&echo, &echo_write, &late_table};
    struct pool *p = *state;
    pool_close(p);
    struct pg_options options = basic_options;
    options.url = bouncer.url;
    options.prepare = false;
    options.stmts = stmts;
    options.n_stmts = ARRAY_LEN(stmts);
    pool_open(p, &options);
    const char *why = "";
    WAIT_FOR(p->loop, !pg_ready(p->pg, &why) && strstr(why, "late_table"));
    admin("CREATE TABLE late_table ()");
    WAIT_FOR(p->loop, pg_ready(p->pg, NULL));
    ASK_FOR(p, &late_table, NULL, "0");
    admin("DROP TABLE late_table");
}

/* --- things break --------------------------------------------------------------------------- */

static void a_killed_server_process_fails_what_it_had(void **state)
{
    struct pool *p = *state;
    ask(p, &echo_write, "up");
    unsigned read = submit(p, &nap, "5"), write = submit(p, &nap_write, "5");
    WAIT_FOR(p->loop, atoi(admin("SELECT count(*) FROM pg_stat_activity WHERE wait_event = "
                                 "'PgSleep'")) == 2);
    admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    assert_int_equal(await(p, read)->err, ERR_UNAVAILABLE);
    assert_int_equal(await(p, write)->err, ERR_UNAVAILABLE);
    ASK_FOR(p, &echo, "again", "again");
    ASK_FOR(p, &echo_write, "again", "again");
}

/* What was answered is there, what was not may be, and nothing is there twice. */
static void pgbouncer_may_crash_and_come_back(void **state)
{
    struct pool *p = *state;
    admin("CREATE TABLE thing (n int PRIMARY KEY)");
    WAIT_FOR(p->loop, pg_ready(p->pg, NULL));
    char text[12];
    for (int i = 0; i < 300; i++) {
        snprintf(text, sizeof text, "%d", i);
        submit(p, &insert, text);
    }
    WAIT_FOR(p->loop, p->n_answered > 20);
    bouncer_kill(&bouncer);
    WAIT_FOR(p->loop, !pg_ready(p->pg, NULL));
    bouncer_start(&bouncer);
    int lost = 0, kept = 0;
    for (int i = 0; i < 300; i++) {
        struct answer *a = await(p, (unsigned)i);
        snprintf(text, sizeof text, "%d", i);
        if (a->err == ERR_OK) {
            kept++;
            assert_string_equal(a->value, text);
        } else {
            lost++;
            assert_int_equal(a->err, ERR_UNAVAILABLE);
        }
    }
    assert_in_range(lost, 1, 299);
    assert_true(atoi(admin("SELECT count(*) FROM thing")) >= kept);
    WAIT_FOR(p->loop, pg_ready(p->pg, NULL));
    ASK_FOR(p, &insert, "1000", "1000");
    admin("DROP TABLE thing");
}

/* PgBouncer goes on taking clients, and lets them wait. */
static void without_postgres_nobody_waits_for_long(void **state)
{
    struct pool *p = *state;
    WAIT_FOR(p->loop, pg_ready(p->pg, NULL));
    pg_server_kill();
    const char *why = NULL;
    WAIT_FOR(p->loop, !pg_ready(p->pg, &why));
    int64_t start_us = clock_mono_us();
    if (pg_exec(p->pg, &echo, PG_ARGS("x"), on_answer, p, MAX_ANSWERS - 1) == ERR_OK) {
        WAIT_FOR(p->loop, p->answers[MAX_ANSWERS - 1].times);
        assert_int_equal(p->answers[MAX_ANSWERS - 1].err, ERR_UNAVAILABLE);
    }
    assert_in_range(clock_mono_us() - start_us, 0, 7500000);
    assert_false(pg_ready(p->pg, &why));
    pg_server_start();
    WAIT_FOR(p->loop, pg_ready(p->pg, NULL));
    ASK_FOR(p, &echo, "x", "x");
}

static void a_frozen_pgbouncer_costs_no_more_than_the_deadline(void **state)
{
    struct pool *p = *state;
    WAIT_FOR(p->loop, pg_ready(p->pg, NULL));
    kill(bouncer.pid, SIGSTOP);
    int64_t start_us = clock_mono_us();
    unsigned read = submit(p, &echo, "x"), write = submit(p, &echo_write, "y");
    assert_int_equal(await(p, read)->err, ERR_UNAVAILABLE);
    assert_int_equal(await(p, write)->err, ERR_UNAVAILABLE);
    assert_in_range(clock_mono_us() - start_us, 0, 8000000);
    kill(bouncer.pid, SIGCONT);
    WAIT_FOR(p->loop, pg_ready(p->pg, NULL));
    ASK_FOR(p, &echo, "x", "x");
}

/* --- preparing through it, which this version cannot ---------------------------------------- */

static void prepared_statements_are_refused_in_words(void **state)
{
    struct pool *p = *state;
    pool_close(p);
    open_with(true);
    const char *why = "";
    WAIT_FOR(p->loop,
             !pg_ready(p->pg, &why) && strstr(why, "unsupported startup parameter: options"));
}

/* Where PgBouncer drops the settings, too: what is answered is right. Whether both lanes get a
 * connection that prepared everything is chance; that some connection fails is not, and the words
 * of the last failure stay where `why` points. */
static void prepared_statements_are_never_mixed_up(void **state)
{
    struct pool *p = *state;
    pool_close(p);
    bouncer_close(&bouncer);
    bouncer_open(&bouncer, "bouncer", servers.dir, "ignore_startup_parameters = options\n");
    open_with(true);
    const char *why = "";
    assert_false(pg_ready(p->pg, &why));
    WAIT_FOR(p->loop, strstr(why, "already exists"));
    for (int i = 0; i < 20; i++) {
        struct answer *a = ask(p, i % 2 ? &echo : &echo_write, "x");
        if (a->err == ERR_OK)
            assert_string_equal(a->value, "x");
        else
            assert_int_equal(a->err, ERR_UNAVAILABLE);
    }
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_pool, close_pool)
    const struct CMUnitTest tests[] = {
        TEST(each_lane_is_served),
        TEST(more_connections_than_servers),
        TEST(each_pipelined_statement_gets_its_own_answer),
        TEST(no_lock_is_left_behind),
        TEST(a_statement_that_does_not_fit_the_schema_is_named),
        TEST(a_killed_server_process_fails_what_it_had),
        TEST(pgbouncer_may_crash_and_come_back),
        TEST(without_postgres_nobody_waits_for_long),
        TEST(a_frozen_pgbouncer_costs_no_more_than_the_deadline),
        TEST(prepared_statements_are_refused_in_words),
        TEST(prepared_statements_are_never_mixed_up),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
