/* The PostgreSQL pool when things break: connections, the server, the schema, memory. */
#include "pg_pool.h"

static const struct pg_stmt late_table = {
    "late_table", "SELECT count(*)::text AS v FROM late_table", 0, PG_WRITE};

static int setup(void **state)
{
    *state = NULL;
    servers_pg();
    return 0;
}

static struct pool pool;

static int open_pool(void **state)
{
    pool_open(&pool, &basic_options);
    *state = &pool;
    return 0;
}

static int close_pool(void **state)
{
    pool_close(*state);
    return 0;
}

static void reopen(struct pool *p, int statement_timeout_ms, unsigned conns)
{
    pool_close(p);
    struct pg_options options = p->options;
    options.statement_timeout_ms = statement_timeout_ms;
    options.readers = options.writers = conns;
    pool_open(p, &options);
}

/* --- connections --------------------------------------------------------------------------- */

static void a_killed_backend_fails_what_it_had_and_is_replaced(void **state)
{
    struct pool *p = *state;
    reopen(p, 5000, 1);
    ask(p, &echo_write, "up");
    unsigned read = submit(p, &nap, "5"), behind = submit(p, &echo, "x");
    unsigned write = submit(p, &nap_write, "5"), queued = submit(p, &echo_write, "kept");
    WAIT_FOR(p->loop, atoi(admin("SELECT count(*) FROM pg_stat_activity WHERE wait_event = "
                                 "'PgSleep'")) == 2);
    admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event = 'PgSleep'");
    assert_int_equal(await(p, read)->err, ERR_UNAVAILABLE);
    assert_string_equal(p->answers[read].sqlstate, "57P01");
    assert_int_equal(await(p, behind)->err, ERR_UNAVAILABLE);
    assert_string_not_equal(p->answers[behind].message, "");
    assert_int_equal(await(p, write)->err, ERR_UNAVAILABLE);
    assert_string_equal(await(p, queued)->value, "kept"); /* had not been sent */
    ASK_FOR(p, &echo, "again", "again");
    assert_int_equal(pg_busy(p->pg), 0);
}

static void an_idle_connection_that_dies_is_replaced_before_anybody_asks(void **state)
{
    struct pool *p = *state;
    reopen(p, 5000, 1);
    ask(p, &echo, "up");
    ask(p, &echo_write, "up");
    assert_true(pg_ready(p->pg, NULL));
    admin("SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
          " WHERE application_name = 'pg_test'");
    WAIT_FOR(p->loop, !pg_ready(p->pg, NULL));
    WAIT_FOR(p->loop, pg_ready(p->pg, NULL));
    ASK_FOR(p, &echo, "x", "x");
}

static void the_server_may_crash_and_come_back(void **state)
{
    struct pool *p = *state;
    reopen(p, 5000, 1);
    WAIT_FOR(p->loop, pg_ready(p->pg, NULL)); /* so that all are in flight, none queued */
    unsigned first = submit(p, &nap_write, "5");
    for (int i = 0; i < 20; i++)
        submit(p, &nap, "5");
    pg_server_kill();
    for (unsigned i = first; i < p->n_sent; i++)
        assert_int_equal(await(p, i)->err, ERR_UNAVAILABLE);
    const char *why = NULL;
    assert_false(pg_ready(p->pg, &why));
    assert_non_null(strchr(why, ':'));
    int64_t start_us = clock_mono_us();
    unsigned early = submit(p, &echo_write, "patient");
    pg_server_spawn();
    if (await(p, early)->err == ERR_OK)
        assert_string_equal(p->answers[early].value, "patient");
    else /* a slow machine: it was not up in time */
        assert_true(clock_mono_us() - start_us > 2 * USEC_PER_SEC);
    WAIT_FOR(p->loop, pg_ready(p->pg, NULL));
}

static int connections(void)
{
    return atoi(admin("SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pg_test'"));
}

/* Away for so long that each connection waits seconds between two tries: one finds the server. */
static void all_connections_are_back_when_one_is(void **state)
{
    struct pool *p = *state;
    reopen(p, 5000, 8);
    WAIT_FOR(p->loop, connections() == 16);
    pg_server_kill();
    int64_t away_us = clock_mono_us() + 7 * USEC_PER_SEC;
    WAIT_FOR(p->loop, clock_mono_us() > away_us);
    pg_server_spawn();
    WAIT_FOR(p->loop, connections() > 0);
    int64_t start_us = clock_mono_us();
    WAIT_FOR(p->loop, connections() == 16);
    assert_true(clock_mono_us() - start_us < 2500 * USEC_PER_MSEC);
}

static void without_a_server_statements_fail_soon_and_then_at_once(void **state)
{
    struct pool *p = *state;
    pool_close(p);
    struct pg_options options = p->options;
    options.url = "postgresql:///x?host=/nonexistent";
    pool_open(p, &options);
    int64_t start_us = clock_mono_us();
    unsigned id = submit(p, &echo, "x");
    assert_int_equal(await(p, id)->err, ERR_UNAVAILABLE);
    int64_t took_us = clock_mono_us() - start_us;
    assert_in_range(took_us, 2900000, 4000000);
    const char *why = NULL;
    assert_int_equal(pg_exec(p->pg, &echo, PG_ARGS("x"), on_answer, p, 99), ERR_UNAVAILABLE);
    assert_int_equal(pg_exec(p->pg, &echo_write, PG_ARGS("x"), on_answer, p, 99), ERR_UNAVAILABLE);
    assert_int_equal(pg_exec(p->pg, &echo_replica, PG_ARGS("x"), on_answer, p, 99),
                     ERR_UNAVAILABLE);
    assert_false(pg_ready(p->pg, &why));
    assert_non_null(strstr(why, "/nonexistent"));
    assert_int_equal(p->answers[99].times, 0);
}

static void a_url_that_is_none_is_told(void **state)
{
    struct pool *p = *state;
    pool_close(p);
    struct pg_options options = p->options;
    options.url = "postgresql://[broken";
    pool_open(p, &options);
    const char *why = NULL;
    loop_turn(p->loop, 0);
    assert_false(pg_ready(p->pg, &why));
    assert_non_null(strstr(why, "connecting"));
}

/* --- a server that is there and says nothing ------------------------------------------------ */

static void signal_backends(const char *pids, int sig)
{
    char copy_of[200], *rest = copy_of, *pid;
    copy(copy_of, sizeof copy_of, pids);
    while ((pid = strsep(&rest, ",")))
        kill(atoi(pid), sig);
}

static void a_frozen_server_costs_no_more_than_the_deadline(void **state)
{
    struct pool *p = *state;
    reopen(p, 100, 1);
    ask(p, &echo_write, "up");
    ASK_FOR(p, &echo, "up", "up");
    char pids[200];
    copy(pids, sizeof pids,
         admin("SELECT string_agg(pid::text, ',') FROM pg_stat_activity"
               " WHERE application_name = 'pg_test'"));
    signal_backends(pids, SIGSTOP);
    int64_t start_us = clock_mono_us();
    unsigned read = submit(p, &echo, "x"), write = submit(p, &echo_write, "y");
    unsigned queued = submit(p, &echo_write, "z");
    assert_int_equal(await(p, read)->err, ERR_UNAVAILABLE);
    assert_int_equal(await(p, write)->err, ERR_UNAVAILABLE);
    assert_in_range(clock_mono_us() - start_us, 2000000, 2800000);
    assert_string_equal(await(p, queued)->value, "z"); /* on a new connection */
    signal_backends(pids, SIGCONT);
    ASK_FOR(p, &echo, "x", "x");
}

static void a_silent_server_is_not_ready(void **state)
{
    struct pool *p = *state;
    reopen(p, 60000, 1);
    ask(p, &echo, "up");
    WAIT_FOR(p->loop, pg_ready(p->pg, NULL));
    char pids[200];
    copy(pids, sizeof pids,
         admin("SELECT string_agg(pid::text, ',') FROM pg_stat_activity"
               " WHERE application_name = 'pg_test'"));
    signal_backends(pids, SIGSTOP);
    const char *why = NULL;
    WAIT_FOR(p->loop, !pg_ready(p->pg, &why)); /* nobody asked anything: the heartbeat did */
    assert_string_equal(why, "PostgreSQL does not answer");
    signal_backends(pids, SIGCONT);
    WAIT_FOR(p->loop, pg_ready(p->pg, NULL));
}

static void a_server_that_never_finishes_the_handshake_is_left(void **state)
{
    struct pool *p = *state;
    pool_close(p);
    char dir[60] = "/tmp/mh-unit-mute-XXXXXX", url[200];
    assert_non_null(mkdtemp(dir));
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", dir);
    snprintf(url, sizeof url, "postgresql:///x?host=%s", dir);
    int mute = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(mute, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(mute, 10), 0);
    struct pg_options options = p->options;
    options.url = url;
    options.statement_timeout_ms = 100;
    pool_open(p, &options);
    assert_int_equal(await(p, submit(p, &echo, "x"))->err, ERR_UNAVAILABLE);
    const char *why = NULL;
    WAIT_FOR(p->loop, !pg_ready(p->pg, &why) && strstr(why, "no answer in time"));
    close(mute);
    unlink(address.sun_path);
    rmdir(dir);
}

/* --- what does not fit ---------------------------------------------------------------------- */

static void a_statement_that_does_not_fit_the_schema_is_named(void **state)
{
    static const struct pg_stmt *const stmts[] = {&echo, &echo_write, &late_table};
    struct pool *p = *state;
    pool_close(p);
    struct pg_options options = p->options;
    options.stmts = stmts;
    options.n_stmts = ARRAY_LEN(stmts);
    pool_open(p, &options);
    ASK_FOR(p, &echo, "reads are not concerned", "reads are not concerned");
    const char *why = "";
    WAIT_FOR(p->loop, !pg_ready(p->pg, &why) && strstr(why, "late_table"));
    assert_non_null(strstr(why, "is the schema older than this program?"));
    assert_non_null(strstr(why, "does not exist"));
    admin("CREATE TABLE late_table ()");
    WAIT_FOR(p->loop, pg_ready(p->pg, NULL)); /* migrated meanwhile: no restart needed */
    ASK_FOR(p, &late_table, NULL, "0");
    admin("DROP TABLE late_table");
}

static void a_server_that_takes_no_writes_is_not_the_primary(void **state)
{
    struct pool *p = *state;
    admin("ALTER SYSTEM SET default_transaction_read_only = on; ");
    admin("SELECT pg_reload_conf()");
    pool_close(p);
    pool_open(p, &basic_options);
    const char *why = "";
    WAIT_FOR(p->loop, !pg_ready(p->pg, &why) && strstr(why, "read-only"));
    PGconn *db = admin_connect();
    PQclear(PQexec(db, "SET default_transaction_read_only = off"));
    PQclear(PQexec(db, "ALTER SYSTEM RESET default_transaction_read_only"));
    PQclear(PQexec(db, "SELECT pg_reload_conf()"));
    PQfinish(db);
    WAIT_FOR(p->loop, pg_ready(p->pg, NULL));
}

/* --- the end -------------------------------------------------------------------------------- */

static void closing_answers_everything_in_flight_and_queued(void **state)
{
    struct pool *p = *state;
    reopen(p, 5000, 1);
    ask(p, &echo_write, "up");
    for (int i = 0; i < 50; i++) {
        submit(p, &nap, "1");
        submit(p, &nap_write, "1");
    }
    pg_free(p->pg);
    for (unsigned i = 1; i <= 100; i++) {
        assert_int_equal(p->answers[i].times, 1);
        assert_int_equal(p->answers[i].err, ERR_UNAVAILABLE);
    }
    p->pg = NULL; /* pool_close() frees NULL */
}

static void ask_more(void *owner, uint64_t id UNUSED, struct pg_result *r)
{
    struct pool *p = owner;
    assert_int_equal(pg_exec(p->pg, &echo, PG_ARGS("x"), on_answer, p, 1), ERR_UNAVAILABLE);
    p->answers[0].times++;
    pg_result_free(r);
}

static void nothing_is_taken_while_closing(void **state)
{
    struct pool *p = *state;
    assert_int_equal(pg_exec(p->pg, &echo, PG_ARGS("x"), ask_more, p, 0), ERR_OK);
    pg_free(p->pg);
    assert_int_equal(p->answers[0].times, 1);
    p->pg = NULL;
}

static bool short_life(void *arg UNUSED)
{
    static struct pool p;
    memset(&p, 0, sizeof p);
    p.options = basic_options;
    p.options.readers = p.options.writers = 1;
    p.loop = loop_new();
    p.pg = p.loop ? pg_new(p.loop, &p.options) : NULL;
    unsigned taken = 0;
    for (uint64_t id = 0; p.pg && id < 4; id++) {
        taken +=
            pg_exec(p.pg, id % 2 ? &echo : &echo_write, PG_ARGS("x"), on_answer, &p, id) == ERR_OK;
    }
    int64_t until_us = clock_mono_us() + 5 * USEC_PER_SEC;
    while (p.n_answered < taken && clock_mono_us() < until_us)
        loop_turn(p.loop, 20);
    pg_free(p.pg);
    loop_free(p.loop);
    assert_int_equal(p.n_answered, taken);
    bool reached = taken == 4;
    for (unsigned i = 0; i < 4; i++)
        reached = reached && p.answers[i].err == ERR_OK;
    return reached;
}

static void no_allocation_is_taken_for_granted(void **state)
{
    pool_close(*state);
    torture(short_life, NULL);
    open_pool(state);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_pool, close_pool)
    const struct CMUnitTest tests[] = {
        TEST(a_killed_backend_fails_what_it_had_and_is_replaced),
        TEST(an_idle_connection_that_dies_is_replaced_before_anybody_asks),
        TEST(the_server_may_crash_and_come_back),
        TEST(all_connections_are_back_when_one_is),
        TEST(without_a_server_statements_fail_soon_and_then_at_once),
        TEST(a_url_that_is_none_is_told),
        TEST(a_frozen_server_costs_no_more_than_the_deadline),
        TEST(a_silent_server_is_not_ready),
        TEST(a_server_that_never_finishes_the_handshake_is_left),
        TEST(a_statement_that_does_not_fit_the_schema_is_named),
        TEST(a_server_that_takes_no_writes_is_not_the_primary),
        TEST(closing_answers_everything_in_flight_and_queued),
        TEST(nothing_is_taken_while_closing),
        TEST(no_allocation_is_taken_for_granted),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
