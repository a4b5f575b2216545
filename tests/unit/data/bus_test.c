/* The bus against a real PostgreSQL and Redis: events and jobs as a service sees them. Two buses in
 * one program stand for two processes: each has its own connections. */
#include "bus_fixture.h"

/* --- events --------------------------------------------------------------------------------- */

static void events_act_once_in_order_and_are_told_after(void **state UNUSED)
{
    struct bus_options o = with(0, 1, 0, 0);
    process_open(&here, "here", servers.redis_url, &o);
    for (int i = 0; i < 250; i++) { /* more than two batches */
        char subject[16];
        snprintf(subject, sizeof subject, "s%03d", i);
        emit("a.one", subject);
    }
    RING_UNTIL(&here, SEEN("booking.see") == 250);
    assert_int_equal(count("SELECT count(*) FROM (SELECT subject, lag(subject) OVER (ORDER BY n)"
                           " AS before FROM booking.seen) s WHERE before >= subject"),
                     0);
    WAIT_FOR(loop, here.n_after >= 3);
    emit("a.one", "last");
    RING_UNTIL(&here, strstr(here.after, "\"subject\": \"last\""));
    assert_non_null(strstr(here.after, "\"specversion\": \"1.0\""));
    process_close(&here);
}

static void a_ring_is_heard_in_every_process_at_once(void **state UNUSED)
{
    struct bus_options o = with(0, 1, 0, 0);
    process_open(&here, "here", servers.redis_url, &nothing);
    process_open(&there, "there", servers.redis_url, &o);
    emit("a.one", "first");
    RING_UNTIL(&here, SEEN("booking.see") == 1); /* both are there and subscribed */
    emit("a.one", "second");
    int64_t start_us = clock_mono_us();
    bus_ring(here.bus);
    bus_ring(here.bus);
    WAIT_FOR(loop, SEEN("booking.see") == 2);
    assert_in_range(clock_mono_us() - start_us, 0, 2000000); /* the poll is a minute */
    process_close(&here);
    process_close(&there);
}

static void without_redis_the_poll_and_the_ring_at_home_find_them(void **state UNUSED)
{
    struct bus_options o = with(0, 1, 0, 0);
    process_open(&here, "here", "unix:///nonexistent/redis", &o);
    emit("a.one", "x");
    RING_UNTIL(&here, SEEN("booking.see") == 1);
    process_close(&here);
    o.poll_ms = 50;
    process_open(&here, "here", "unix:///nonexistent/redis", &o);
    WAIT_FOR(loop, pg_ready(here.pg, NULL));
    emit("a.one", "y");
    WAIT_FOR(loop, SEEN("booking.see") == 2); /* nobody rang */
    process_close(&here);
}

static void two_processes_share_a_consumer(void **state UNUSED)
{
    struct bus_options o = with(0, 1, 0, 0);
    o.poll_ms = 20;
    process_open(&here, "here", servers.redis_url, &o);
    process_open(&there, "there", servers.redis_url, &o);
    for (int i = 0; i < 300; i++) {
        emit("a.one", "x");
        loop_turn(loop, 0);
    }
    WAIT_FOR(loop, SEEN("booking.see") >= 300);
    ready(&here);
    assert_int_equal(SEEN("booking.see"), 300);
    process_close(&here); /* the other one goes on alone */
    emit("a.one", "x");
    WAIT_FOR(loop, SEEN("booking.see") == 301);
    process_close(&there);
}

static void consumers_choose_types_and_may_have_no_function(void **state UNUSED)
{
    struct bus_options o = with(1, 4, 0, 0);
    o.n_consumers = 1;
    o.poll_ms = 20;
    process_open(&here, "here", servers.redis_url, &o);
    o = with(4, 1, 0, 0);
    o.poll_ms = 20;
    process_open(&there, "there", servers.redis_url, &o);
    emit("a.one", "x");
    emit("a.three", "y");
    emit("a.two", "z");
    WAIT_FOR(loop, SEEN("booking.typed") == 2 && strstr(there.after, "\"z\""));
    assert_int_equal(count("SELECT count(*) FROM booking.seen WHERE subject = 'y'"), 0);
    process_close(&here);
    process_close(&there);
}

static void an_event_that_always_fails_is_parked_and_the_others_pass(void **state UNUSED)
{
    struct bus_options o = with(2, 1, 0, 0);
    o.poll_ms = 20;
    process_open(&here, "here", servers.redis_url, &o);
    for (int i = 0; i < 5; i++)
        emit("a.one", i == 2 ? "poison" : "food");
    WAIT_FOR(loop, SEEN("booking.choke") == 4);
    assert_int_equal(count("SELECT count(*) FROM bus.parked_events WHERE event->>'subject' ="
                           " 'poison' AND why LIKE '22012%'"),
                     1);
    emit("a.one", "food");
    WAIT_FOR(loop, SEEN("booking.choke") == 5);
    process_close(&here);
}

static void a_missing_function_parks_nothing(void **state UNUSED)
{
    struct bus_options o = with(3, 1, 0, 0);
    o.poll_ms = 20;
    process_open(&here, "here", servers.redis_url, &o);
    emit("a.one", "x");
    int64_t until_us = clock_mono_us() + 2 * USEC_PER_SEC; /* past the tries of the careful mode */
    WAIT_FOR(loop, clock_mono_us() > until_us);
    assert_int_equal(count("SELECT count(*) FROM bus.parked_events"), 0);
    admin("CREATE FUNCTION booking.late(ctx jsonb, events jsonb) RETURNS void LANGUAGE sql AS $$"
          "  SELECT booking.see(ctx, events) $$");
    RING_UNTIL(&here, SEEN("booking.late") == 1);
    admin("DROP FUNCTION booking.late(jsonb, jsonb)");
    process_close(&here);
}

/* --- jobs ----------------------------------------------------------------------------------- */

static int unfinished(void)
{
    return count("SELECT count(*) FROM bus.jobs");
}

static void jobs_run_and_are_gone(void **state UNUSED)
{
    struct bus_options o = with(0, 0, 0, 1);
    process_open(&here, "here", servers.redis_url, &o);
    for (int i = 0; i < 50; i++)
        queue("booking.quick", "{\"to\": \"x\"}");
    RING_UNTIL(&here, here.n_runs == 50);
    WAIT_FOR(loop, unfinished() == 0 && bus_busy(here.bus) == 0);
    assert_string_equal(here.runs[0].payload, "{\"to\": \"x\"}");
    assert_int_equal(here.runs[0].attempt, 1);
    process_close(&here);
}

static void no_more_run_at_once_than_their_kind_allows(void **state UNUSED)
{
    struct bus_options o = with(0, 0, 1, 1);
    process_open(&here, "here", servers.redis_url, &o);
    for (int i = 0; i < 5; i++)
        queue("booking.slow", "{}");
    RING_UNTIL(&here, here.n_runs == 2);
    for (int i = 0; i < 10; i++) {
        bus_ring(here.bus);
        loop_turn(loop, 20);
    }
    assert_int_equal(here.n_runs, 2);
    assert_int_equal(bus_busy(here.bus), 2);
    for (int i = 0; i < 5; i++) { /* the end of one makes room for the next: nobody rings */
        WAIT_FOR(loop, here.n_runs > i);
        job_done(here.runs[i].job, ERR_OK, NULL);
    }
    WAIT_FOR(loop, unfinished() == 0);
    process_close(&here);
}

static void a_job_for_later_runs_then(void **state UNUSED)
{
    struct bus_options o = with(0, 0, 0, 1);
    process_open(&here, "here", servers.redis_url, &o);
    ready(&here);
    char sql[300], at[RFC3339_SIZE];
    clock_rfc3339(clock_wall_us() + 400 * USEC_PER_MSEC, at);
    snprintf(sql, sizeof sql, "SELECT bus.job('" CTX "', 'booking.quick', '{}', '%s')", at);
    admin(sql);
    int64_t start_us = clock_mono_us();
    bus_ring(here.bus);
    WAIT_FOR(loop, here.n_runs == 1);
    assert_in_range(clock_mono_us() - start_us, 200000, 5000000); /* the poll is a minute */
    WAIT_FOR(loop, unfinished() == 0);
    process_close(&here);
}

static void a_failing_job_is_tried_again_and_then_parked(void **state UNUSED)
{
    struct bus_options o = with(0, 0, 2, 1);
    process_open(&here, "here", servers.redis_url, &o);
    queue("booking.bad", "{}");
    RING_UNTIL(&here, here.n_runs == 1);
    int64_t start_us = clock_mono_us();
    WAIT_FOR(loop, here.n_runs == 2); /* by itself */
    assert_in_range(clock_mono_us() - start_us, 600000, 3000000);
    assert_int_equal(here.runs[1].attempt, 2);
    assert_int_equal(here.runs[1].id, here.runs[0].id);
    WAIT_FOR(loop, count("SELECT count(*) FROM bus.jobs WHERE state = 'parked'"
                         " AND last_error = 'the provider said no'") == 1);
    process_close(&here);
}

static void a_long_job_keeps_its_lease(void **state UNUSED)
{
    struct bus_options o = with(0, 0, 1, 1);
    o.poll_ms = 20;
    process_open(&here, "here", servers.redis_url, &o);
    queue("booking.slow", "{}");
    WAIT_FOR(loop, here.n_runs == 1);
    process_open(&there, "there", servers.redis_url, &o);
    int64_t until_us = clock_mono_us() + 1500 * USEC_PER_MSEC; /* five leases */
    WAIT_FOR(loop, clock_mono_us() > until_us);
    assert_int_equal(there.n_runs, 0);
    job_done(here.runs[0].job, ERR_OK, NULL);
    WAIT_FOR(loop, unfinished() == 0);
    process_close(&here);
    process_close(&there);
}

static void the_job_of_a_dead_process_is_taken_over_and_the_dead_cannot_end_it(void **state UNUSED)
{
    struct bus_options o = with(0, 0, 1, 1);
    o.poll_ms = 20;
    process_open(&here, "here", servers.redis_url, &o);
    queue("booking.slow", "{}");
    WAIT_FOR(loop, here.n_runs == 1);
    bus_drain(here.bus);
    pg_free(here.pg); /* it does not renew any more, and nobody knows */
    here.pg = NULL;
    bus_free(here.bus);
    process_open(&there, "there", servers.redis_url, &o);
    WAIT_FOR(loop, there.n_runs == 1);
    assert_int_equal(there.runs[0].id, here.runs[0].id);
    assert_int_equal(there.runs[0].attempt, 2);
    job_done(here.runs[0].job, ERR_OK, NULL); /* late, and without a bus */
    assert_int_equal(unfinished(), 1);
    job_done(there.runs[0].job, ERR_OK, NULL);
    WAIT_FOR(loop, unfinished() == 0);
    redis_free(here.redis);
    process_close(&there);
}

static void a_stolen_job_is_not_ended_by_the_first_holder(void **state UNUSED)
{
    struct bus_options o = with(0, 0, 1, 1);
    o.poll_ms = 20;
    process_open(&here, "here", servers.redis_url, &o);
    queue("booking.slow", "{}");
    queue("booking.slow", "{}");
    WAIT_FOR(loop, here.n_runs == 2);
    admin("UPDATE bus.jobs SET fence = fence + 1, due_at = 'infinity'");
    job_done(here.runs[0].job, ERR_OK, NULL);                 /* told at once that it is lost */
    int64_t until_us = clock_mono_us() + 400 * USEC_PER_MSEC; /* past a renewal of the other */
    WAIT_FOR(loop, clock_mono_us() > until_us);
    job_done(here.runs[1].job, ERR_PEER, "late");
    WAIT_FOR(loop, bus_busy(here.bus) == 0);
    assert_int_equal(count("SELECT count(*) FROM bus.jobs WHERE state = 'running'"), 2);
    process_close(&here);
}

/* Longer than to the next renewal. */
static void the_end_of_a_job_is_told_once_however_slow_the_database(void **state UNUSED)
{
    struct bus_options o = with(0, 0, 1, 1);
    process_open(&here, "here", servers.redis_url, &o);
    queue("booking.slow", "{}");
    RING_UNTIL(&here, here.n_runs == 1);
    PGconn *db = admin_connect();
    PQclear(PQexec(db, "BEGIN; SELECT FROM bus.jobs FOR UPDATE"));
    job_done(here.runs[0].job, ERR_OK, NULL);
    int64_t until_us = clock_mono_us() + 400 * USEC_PER_MSEC;
    WAIT_FOR(loop, clock_mono_us() > until_us);
    assert_int_equal(bus_busy(here.bus), 1);
    PQfinish(db);
    WAIT_FOR(loop, bus_busy(here.bus) == 0);
    assert_int_equal(unfinished(), 0);
    process_close(&here);
}

static void the_end_of_a_job_survives_a_restart_of_the_database(void **state UNUSED)
{
    static const struct job_kind patient = {"booking.slow", 2, 30000, 3, run_keep};
    struct bus_options o = nothing;
    o.jobs = &patient;
    o.n_jobs = 1;
    o.poll_ms = 20;
    process_open(&here, "here", servers.redis_url, &o);
    queue("booking.slow", "{}");
    WAIT_FOR(loop, here.n_runs == 1);
    pg_server_kill();
    WAIT_FOR(loop, !pg_ready(here.pg, NULL));
    job_done(here.runs[0].job, ERR_OK, NULL);
    for (int i = 0; i < 20; i++)
        loop_turn(loop, 20);
    assert_int_equal(bus_busy(here.bus), 1); /* it counts until it is told */
    pg_server_start();
    WAIT_FOR(loop, bus_busy(here.bus) == 0);
    assert_int_equal(unfinished(), 0);
    process_close(&here);
}

/* --- the end -------------------------------------------------------------------------------- */

static void a_draining_bus_claims_nothing(void **state UNUSED)
{
    struct bus_options o = with(0, 1, 1, 1);
    process_open(&here, "here", servers.redis_url, &o);
    queue("booking.slow", "{}");
    RING_UNTIL(&here, here.n_runs == 1);
    bus_drain(here.bus);
    queue("booking.slow", "{}");
    emit("a.one", "x");
    for (int i = 0; i < 20; i++) {
        bus_ring(here.bus);
        loop_turn(loop, 20);
    }
    assert_int_equal(here.n_runs, 1);
    assert_int_equal(SEEN("booking.see"), 0);
    job_done(here.runs[0].job, ERR_OK, NULL);
    WAIT_FOR(loop, bus_busy(here.bus) == 0);
    assert_int_equal(unfinished(), 1);
    process_close(&here);
}

static void freed_in_the_middle_nothing_is_lost(void **state UNUSED)
{
    struct bus_options o = with(0, 1, 0, 2);
    process_open(&here, "here", servers.redis_url, &o);
    queue("booking.slow", "{}");
    RING_UNTIL(&here, here.n_runs == 1);
    queue("booking.quick", "{}");
    emit("a.one", "x");
    bus_ring(here.bus);
    for (int i = 0; i < 3; i++)
        loop_turn(loop, 1); /* statements are on their way */
    process_close(&here);
    job_done(here.runs[0].job, ERR_OK, NULL);
    o.poll_ms = 20;
    process_open(&there, "there", servers.redis_url, &o);
    WAIT_FOR(loop, SEEN("booking.see") == 1 && there.n_runs >= 1);
    WAIT_FOR(loop, there.n_runs >= 1 && strcmp(there.runs[there.n_runs - 1].payload, "{}") == 0);
    for (int i = 0; i < there.n_runs; i++)
        if (there.runs[i].attempt == 2)
            job_done(there.runs[i].job, ERR_OK, NULL);
    process_close(&there);
}

#ifndef MEM_TORTURE
#define mem_torture(n, sticky) ((void)(n), (void)(sticky))
#endif

/* Allocation n fails, alone or with all that follow for a tenth of a second. */
static bool short_life(unsigned long n, bool sticky)
{
    static const struct job_kind brief = {"booking.quick", 4, 300, 9, run_at_once};
    struct bus_options o = with(0, 1, 0, 0);
    o.jobs = &brief; /* a claim that is dropped for lack of memory comes back soon */
    o.n_jobs = 1;
    o.poll_ms = 10;
    admin("TRUNCATE bus.jobs, booking.seen");
    queue("booking.quick", "{}");
    emit("a.one", "x");
    process_open(&here, "here", servers.redis_url, &nothing);
    ready(&here);
    bus_free(here.bus);
    o.owner = &here;
    o.worker = "here";
    mem_torture(n, sticky);
    here.bus = bus_new(loop, here.pg, here.redis, "mh:test:", &o);
    bool up = here.bus != NULL;
    int64_t start_us = clock_mono_us(), until_us = start_us + 5 * USEC_PER_SEC;
    while (up && !(here.n_after && here.n_runs) && clock_mono_us() < until_us) {
        loop_turn(loop, 10);
        if (clock_mono_us() > start_us + 100 * USEC_PER_MSEC)
            mem_torture(0, 0);
    }
    mem_torture(0, 0);
    bool worked = here.n_after && here.n_runs;
    WAIT_FOR(loop, !up || bus_busy(here.bus) == 0);
    process_close(&here);
    return !up || worked;
}

/* The bus is not made, or it does its work all the same, a little later. */
static void a_moment_without_memory_costs_nothing(void **state UNUSED)
{
    for (unsigned long n = 1; n <= 40; n++)
        if (!short_life(n, false) || !short_life(n, true))
            fail_msg("nothing came after allocation %lu failed", n);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_loop, close_loop)
    const struct CMUnitTest tests[] = {
        TEST(events_act_once_in_order_and_are_told_after),
        TEST(a_ring_is_heard_in_every_process_at_once),
        TEST(without_redis_the_poll_and_the_ring_at_home_find_them),
        TEST(two_processes_share_a_consumer),
        TEST(consumers_choose_types_and_may_have_no_function),
        TEST(an_event_that_always_fails_is_parked_and_the_others_pass),
        TEST(a_missing_function_parks_nothing),
        TEST(jobs_run_and_are_gone),
        TEST(no_more_run_at_once_than_their_kind_allows),
        TEST(a_job_for_later_runs_then),
        TEST(a_failing_job_is_tried_again_and_then_parked),
        TEST(a_long_job_keeps_its_lease),
        TEST(the_job_of_a_dead_process_is_taken_over_and_the_dead_cannot_end_it),
        TEST(a_stolen_job_is_not_ended_by_the_first_holder),
        TEST(the_end_of_a_job_is_told_once_however_slow_the_database),
        TEST(the_end_of_a_job_survives_a_restart_of_the_database),
        TEST(a_draining_bus_claims_nothing),
        TEST(freed_in_the_middle_nothing_is_lost),
        TEST(a_moment_without_memory_costs_nothing),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
