/* A primary and a streaming replica: what reads that may be stale do when the replica is there,
 * gone, behind, or in conflict with its replay. */
#include "bouncer.h"
#include "pg_pool.h"

static const struct pg_stmt where = {"where", "SELECT pg_is_in_recovery()::text AS v", 0,
                                     PG_REPLICA};
static const struct pg_stmt where_read = {"where_read", "SELECT pg_is_in_recovery()::text AS v", 0,
                                          PG_READ};
static const struct pg_stmt where_write = {"where_write", "SELECT pg_is_in_recovery()::text AS v",
                                           0, PG_WRITE};
static const struct pg_stmt slow = {
    "slow", "SELECT pg_is_in_recovery()::text AS v FROM pg_sleep($1::float8)", 1, PG_REPLICA};
static const struct pg_stmt conflict = {
    "conflict", "SELECT count(*)::text AS v FROM thing, pg_sleep($1::float8)", 1, PG_REPLICA};
static const struct pg_stmt divide_replica = {"divide_replica", "SELECT (1 / $1::int)::text AS v",
                                              1, PG_REPLICA};
static const struct pg_stmt *const stmts[] = {&where,    &where_read, &where_write,   &slow,
                                              &conflict, &nap,        &divide_replica};

static char replica_dir[100], replica_data[110], replica_url[200], primary_url[200];
static pid_t replica;
static struct pool pool;

/* --- servers -------------------------------------------------------------------------------- */

static void replica_spawn(void)
{
    const char *argv[] = {PG_BIN "postgres",
                          "-D",
                          replica_data,
                          "-k",
                          replica_dir,
                          "-c",
                          "max_standby_streaming_delay=0",
                          "-c",
                          "wal_receiver_status_interval=1",
                          NULL};
    replica = start(argv, 1, SIGQUIT);
}

static void replica_kill(void)
{
    if (replica > 0) {
        kill(replica, SIGQUIT);
        finish(replica);
    }
    replica = 0;
}

static const char *at_replica(const char *sql)
{
    snprintf(servers.pg_url, sizeof servers.pg_url, "%s", replica_url);
    const char *value = admin(sql);
    snprintf(servers.pg_url, sizeof servers.pg_url, "%s", primary_url);
    return value;
}

static int setup(void **state)
{
    *state = NULL;
    servers_pg();
    atexit(replica_kill);
    snprintf(primary_url, sizeof primary_url, "%s", servers.pg_url);
    snprintf(replica_dir, sizeof replica_dir, "%s/replica", servers.dir);
    snprintf(replica_data, sizeof replica_data, "%s/pg", replica_dir);
    snprintf(replica_url, sizeof replica_url, "postgresql://postgres@/postgres?host=%s&port=5432",
             replica_dir);
    assert_int_equal(mkdir(replica_dir, 0777), 0);
    assert_int_equal(chmod(replica_dir, 0777), 0);
    admin("CREATE TABLE thing (n int)");
    RUN(1, PG_BIN "pg_basebackup", "-h", servers.dir, "-U", "postgres", "-D", replica_data, "-R",
        "-c", "fast", "-X", "stream");
    replica_spawn();
    assert_string_equal(at_replica("SELECT pg_is_in_recovery()"), "t");
    return 0;
}

static void open_with(const char *url)
{
    struct pg_options options = basic_options;
    options.stmts = stmts;
    options.n_stmts = ARRAY_LEN(stmts);
    options.replica_url = url;
    pool_open(&pool, &options);
}

static int open_pair(void **state)
{
    *state = NULL;
    open_with(replica_url);
    return 0;
}

static int close_pair(void **state UNUSED)
{
    pool_close(&pool);
    return 0;
}

static bool is_by(const char *in_recovery)
{
    struct answer *a = ask(&pool, &where, NULL);
    assert_string_equal(a->message, "");
    pool.n_answered = 0;
    loop_turn(pool.loop, 10);
    return strcmp(a->value, in_recovery) == 0;
}

#define BY_REPLICA() WAIT_FOR(pool.loop, is_by("true"))
#define BY_PRIMARY() WAIT_FOR(pool.loop, is_by("false"))

/* --- tests ---------------------------------------------------------------------------------- */

static void each_lane_goes_where_it_belongs(void **state UNUSED)
{
    BY_REPLICA();
    for (int i = 0; i < 20; i++) {
        ASK_FOR(&pool, &where, NULL, "true");
        ASK_FOR(&pool, &where_read, NULL, "false");
        ASK_FOR(&pool, &where_write, NULL, "false");
    }
    assert_true(pg_ready(pool.pg, NULL));
}

/* Nothing is written for longer than the allowed lag. */
static void an_idle_primary_is_no_lag(void **state UNUSED)
{
    BY_REPLICA();
    int64_t end_us = clock_mono_us() + 2500 * USEC_PER_MSEC;
    while (clock_mono_us() < end_us)
        assert_true(is_by("true"));
}

static void a_replica_that_is_behind_is_not_asked(void **state UNUSED)
{
    BY_REPLICA();
    at_replica("SELECT pg_wal_replay_pause()");
    admin("INSERT INTO thing VALUES (1)");
    BY_PRIMARY();
    for (int i = 0; i < 50; i++)
        assert_true(is_by("false"));
    at_replica("SELECT pg_wal_replay_resume()");
    BY_REPLICA();
}

static void a_dead_replica_fails_no_read(void **state UNUSED)
{
    BY_REPLICA();
    unsigned first = pool.n_sent;
    for (int i = 0; i < 10; i++)
        submit(&pool, &slow, "0.2");
    loop_turn(pool.loop, 50);
    replica_kill();
    for (unsigned i = first; i < pool.n_sent; i++) {
        assert_int_equal(await(&pool, i)->err, ERR_OK);
        assert_string_equal(pool.answers[i].value, "false"); /* by the primary, after all */
    }
    BY_PRIMARY();
    assert_true(pg_ready(pool.pg, NULL));
    replica_spawn();
    BY_REPLICA();
}

/* What the replica's replay has cancelled the primary does. */
static void a_conflict_with_the_replay_is_no_error(void **state UNUSED)
{
    BY_REPLICA();
    admin("TRUNCATE thing; INSERT INTO thing VALUES (1), (2)");
    WAIT_FOR(pool.loop, strcmp(at_replica("SELECT count(*) FROM thing"), "2") == 0);
    unsigned id = submit(&pool, &conflict, "0.5");
    for (int i = 0; i < 5; i++)
        loop_turn(pool.loop, 20);
    admin("TRUNCATE thing");
    assert_string_equal(await(&pool, id)->message, "");
    assert_string_equal(pool.answers[id].value, "0");
}

static void a_mistake_is_not_made_twice(void **state UNUSED)
{
    BY_REPLICA();
    struct answer *a = ask(&pool, &divide_replica, "0");
    assert_int_equal(a->err, ERR_INVALID);
    assert_string_equal(a->sqlstate, "22012");
}

/* Reads that may be stale go on, and as soon as the primary is there again all is well. */
static void without_the_primary_the_replica_serves(void **state UNUSED)
{
    BY_REPLICA();
    pg_server_kill();
    WAIT_FOR(pool.loop, !pg_ready(pool.pg, NULL));
    int64_t end_us = clock_mono_us() + 2 * USEC_PER_SEC;
    while (clock_mono_us() < end_us)
        assert_true(is_by("true"));
    pg_server_start();
    WAIT_FOR(pool.loop, pg_ready(pool.pg, NULL));
    BY_REPLICA();
}

/* The connection stays, and what is behind it comes and goes. */
static void both_may_be_behind_pgbouncer(void **state)
{
    static struct bouncer front, back;
    close_pair(state);
    bouncer_open(&front, "front", servers.dir, "");
    bouncer_open(&back, "back", replica_dir, "");
    struct pg_options options = basic_options;
    options.url = front.url;
    options.replica_url = back.url;
    options.stmts = stmts;
    options.n_stmts = ARRAY_LEN(stmts);
    options.prepare = false;
    pool_open(&pool, &options);
    BY_REPLICA();
    ASK_FOR(&pool, &where_read, NULL, "false");
    ASK_FOR(&pool, &where_write, NULL, "false");
    at_replica("SELECT pg_wal_replay_pause()");
    admin("INSERT INTO thing VALUES (1)");
    BY_PRIMARY();
    at_replica("SELECT pg_wal_replay_resume()");
    BY_REPLICA();
    replica_kill();
    BY_PRIMARY();
    replica_spawn();
    BY_REPLICA();
    bouncer_kill(&back);
    BY_PRIMARY();
    close_pair(state);
    bouncer_close(&front);
    bouncer_close(&back);
    open_pair(state);
}

static void a_url_of_the_primary_itself_will_do(void **state)
{
    close_pair(state);
    open_with(primary_url);
    WAIT_FOR(pool.loop, atoi(admin("SELECT count(*) FROM pg_stat_activity"
                                   " WHERE application_name = 'pg_test'")) >= 6);
    assert_true(is_by("false"));
}

static void freed_in_the_middle_all_is_answered(void **state)
{
    BY_REPLICA();
    for (int i = 0; i < 20; i++)
        submit(&pool, &slow, "0.2");
    loop_turn(pool.loop, 20);
    close_pair(state); /* looks that each has its answer, once */
    open_with(replica_url);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_pair, close_pair)
    const struct CMUnitTest tests[] = {
        TEST(each_lane_goes_where_it_belongs),        TEST(an_idle_primary_is_no_lag),
        TEST(a_replica_that_is_behind_is_not_asked),  TEST(a_dead_replica_fails_no_read),
        TEST(a_conflict_with_the_replay_is_no_error), TEST(a_mistake_is_not_made_twice),
        TEST(without_the_primary_the_replica_serves), TEST(a_url_of_the_primary_itself_will_do),
        TEST(freed_in_the_middle_all_is_answered),    TEST(both_may_be_behind_pgbouncer),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
