/* The rate limiter: its numbers, the same with and without Redis, and the way from one to the
 * other.
 */
#include "../../../libcommon/data/rate_local.h"
#include "common/ratelimit.h"
#include "servers.h"

static int setup(void **state)
{
    *state = NULL;
    servers_redis();
    return 0;
}

static struct loop *loop;
static struct redis *redis;
static struct ratelimit *limiter;
static struct redis_options options;

static int open_limiter(void **state)
{
    *state = NULL;
    options = (struct redis_options){.url = servers.redis_url,
                                     .connect_timeout_ms = 300,
                                     .command_timeout_ms = 200,
                                     .max_in_flight = 1000};
    loop = loop_new();
    redis = redis_new(loop, &options);
    limiter = ratelimit_new(loop, redis, "mh:test:", 64);
    assert_true(loop && redis && limiter);
    WAIT_FOR(loop, redis_ready(redis));
    return 0;
}

static int close_limiter(void **state UNUSED)
{
    ratelimit_free(limiter);
    redis_free(redis);
    loop_free(loop);
    return 0;
}

/* --- the numbers ---------------------------------------------------------------------------- */

#define T0 INT64_C(1772355600000) /* a full hour */

static const struct rate public_tier = {.per_minute = 20, .burst = 40};

static void a_story_in_numbers(void **state UNUSED)
{
    static const struct {
        struct rate rate;
        int64_t at_ms; /* after T0 */
        int takes;     /* so many of them, of which the last one gives: */
        bool allowed;
        int remaining, retry_after_s;
        int64_t reset_s; /* after T0 */
    } rows[] = {
        {{20, 40, 0}, 0, 1, true, 39, 0, 3},
        {{20, 40, 0}, 0, 39, true, 0, 0, 120},
        {{20, 40, 0}, 0, 1, false, 0, 60, 120}, /* the minute is used up */
        {{20, 40, 0}, 59999, 1, false, 0, 1, 120},
        {{20, 40, 0}, 60000, 1, true, 19, 0, 123}, /* 20 have come back, one goes */
        {{20, 40, 0}, 60000, 19, true, 0, 0, 180},
        {{20, 40, 0}, 60000, 1, false, 0, 3, 180},
        {{20, 40, 0}, 62999, 1, false, 0, 1, 180},
        {{20, 40, 0}, 63000, 1, true, 0, 0, 183},
        {{20, 40, 0}, 600000, 1, true, 39, 0, 603},       /* never more than the burst */
        {{20, 40, 50}, 1200000, 1, false, 0, 2400, 1200}, /* 61 in this hour: over 50 */
        {{20, 40, 50}, 3600000, 1, true, 39, 0, 3603},    /* the next hour */
        {{20, 40, 50}, 3599000, 1, true, 38, 0, 3606},    /* a clock that is a second behind */
        {{20, 10, 50}, 3600000, 1, true, 9, 0, 3603},     /* configured down */
        {{20, 40, 0}, 1000, 1, true, 8, 0, 97},           /* a clock set back an hour follows */
    };
    struct rate_bucket b = {0};
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct rate_verdict v = {0};
        for (int k = 0; k < rows[i].takes; k++)
            rate_take(&b, rows[i].rate, T0 + rows[i].at_ms, &v);
        if (v.allowed != rows[i].allowed || v.remaining != rows[i].remaining ||
            v.retry_after_s != rows[i].retry_after_s || v.reset_s != T0 / 1000 + rows[i].reset_s)
            fail_msg("row %zu: allowed %d, remaining %d, retry after %d, reset %lld", i, v.allowed,
                     v.remaining, v.retry_after_s, (long long)(v.reset_s - T0 / 1000));
        assert_int_equal(v.limit, rows[i].rate.per_minute);
    }
}

static int64_t script_said[4];
static bool script_done;

static void on_script(void *owner UNUSED, uint64_t id UNUSED, enum err e,
                      const struct redis_value *v)
{
    assert_int_equal(e, ERR_OK);
    assert_int_equal(v->n, 4);
    for (size_t i = 0; i < 4; i++)
        script_said[i] = v->items[i].i;
    script_done = true;
}

static void script_take(const char *key, struct rate rate, int64_t now_ms)
{
    char text[5][24];
    struct str args[6] = {str_of(key)};
    const int64_t values[] = {now_ms, rate.per_minute, rate.burst, rate_minute_max(rate),
                              rate_hour_max(rate)};
    for (int i = 0; i < 5; i++) {
        snprintf(text[i], sizeof text[i], "%lld", (long long)values[i]);
        args[1 + i] = str_of(text[i]);
    }
    script_done = false;
    assert_int_equal(
        redis_eval(redis, &rate_script, (struct redis_args){args, 6}, on_script, NULL, 0), ERR_OK);
    WAIT_FOR(loop, script_done);
}

/* Any sequence of times and rates: the script and the C code never disagree. */
static void script_and_code_say_the_same(void **state UNUSED)
{
    static const struct rate rates[] = {
        {20, 40, 0}, {60, 100, 300}, {1, 1, 2}, {1000000, 1000000, 0}, {7, 3, 0}};
    static const int64_t steps[] = {0,    0,     0,     1,       17,      999,
                                    3000, 60000, -2000, 3600000, -400000, 86400000};
    srandom(7); /* the same every time */
    for (size_t r = 0; r < ARRAY_LEN(rates); r++) {
        char key[40];
        snprintf(key, sizeof key, "mh:test:{%zu}:b", r);
        struct rate_bucket b = {0};
        int64_t now_ms = T0;
        for (int i = 0; i < 1000; i++) {
            struct rate_verdict v;
            /* Redis forgets what has not been used for an hour: the bucket is full then anyway. */
            now_ms += steps[(size_t)random() % (i % 50 ? 6 : ARRAY_LEN(steps))];
            script_take(key, rates[r], now_ms);
            rate_take(&b, rates[r], now_ms, &v);
            if (script_said[0] != v.allowed || script_said[1] != v.remaining ||
                (script_said[2] + 999) / 1000 != v.reset_s ||
                (script_said[3] + 999) / 1000 != v.retry_after_s)
                fail_msg("rate %zu, step %d: %lld %lld %lld %lld", r, i, (long long)script_said[0],
                         (long long)script_said[1], (long long)script_said[2],
                         (long long)script_said[3]);
        }
    }
}

/* --- the limiter ---------------------------------------------------------------------------- */

static struct rate_verdict verdict;
static int n_verdicts;

static void on_verdict(void *owner UNUSED, uint64_t id, const struct rate_verdict *v)
{
    assert_int_equal(id, 42);
    verdict = *v;
    n_verdicts++;
}

static struct rate_verdict *take(const char *subject)
{
    int before = n_verdicts;
    assert_int_equal(ratelimit_take(limiter, subject, public_tier, on_verdict, NULL, 42), ERR_OK);
    assert_int_equal(n_verdicts, before); /* in a later turn */
    WAIT_FOR(loop, n_verdicts > before);
    return &verdict;
}

static int allowed_of(const char *subject, int takes)
{
    int allowed = 0;
    for (int i = 0; i < takes; i++)
        allowed += take(subject)->allowed;
    return allowed;
}

static void subjects_have_buckets_of_their_own(void **state UNUSED)
{
    assert_int_equal(take("public:ip:192.0.2.1")->remaining, 39);
    assert_false(verdict.local);
    assert_int_equal(verdict.limit, 20);
    assert_int_equal(allowed_of("public:ip:192.0.2.1", 50), 39);
    assert_in_range(verdict.retry_after_s, 1, 60);
    assert_true(verdict.reset_s > clock_wall_us() / USEC_PER_SEC);
    assert_int_equal(take("public:ip:192.0.2.2")->remaining, 39);
}

static void without_redis_a_local_bucket_decides(void **state UNUSED)
{
    assert_int_equal(allowed_of("public:ip:192.0.2.3", 41), 40);
    redis_server_kill();
    WAIT_FOR(loop, !redis_ready(redis));
    /* Neither open nor closed: a bucket of the same size, of this process. */
    assert_int_equal(allowed_of("public:ip:192.0.2.3", 60), 40);
    assert_true(verdict.local);
    assert_in_range(verdict.retry_after_s, 1, 60);
    redis_server_start();
    WAIT_FOR(loop, redis_ready(redis));
    take("public:ip:192.0.2.3");
    assert_false(verdict.local);
}

static void a_frozen_redis_delays_a_verdict_by_its_timeout(void **state UNUSED)
{
    kill(servers.redis, SIGSTOP);
    int64_t start_us = clock_mono_us();
    assert_true(take("public:ip:192.0.2.4")->allowed);
    assert_true(verdict.local);
    assert_in_range(clock_mono_us() - start_us, 150000, 600000);
    start_us = clock_mono_us();
    assert_int_equal(allowed_of("public:ip:192.0.2.4", 60), 39);
    assert_in_range(clock_mono_us() - start_us, 0, 150000); /* only the first had to wait */
    kill(servers.redis, SIGCONT);
    WAIT_FOR(loop, redis_ready(redis));
}

static void a_forgotten_script_is_sent_again(void **state UNUSED)
{
    take("public:ip:192.0.2.5");
    script_done = false;
    assert_int_equal(redis_command(redis, REDIS_ARGS(STR("SCRIPT"), STR("FLUSH")), NULL, NULL, 0),
                     ERR_OK);
    assert_int_equal(take("public:ip:192.0.2.5")->remaining, 38);
    assert_false(verdict.local);
}

static void what_redis_holds_instead_of_a_bucket_does_no_harm(void **state UNUSED)
{
    struct redis_args args = REDIS_ARGS(STR("SET"), STR("mh:test:{odd}:b"), STR("not a hash"));
    assert_int_equal(redis_command(redis, args, NULL, NULL, 0), ERR_OK);
    assert_int_equal(allowed_of("odd", 60), 40);
    assert_true(verdict.local);
}

static void a_subject_too_long_for_a_key_is_decided_here(void **state UNUSED)
{
    char subject[1000];
    memset(subject, 'x', sizeof subject - 1);
    subject[sizeof subject - 1] = '\0';
    assert_int_equal(allowed_of(subject, 60), 40);
    assert_true(verdict.local);
}

/* --- the table ------------------------------------------------------------------------------ */

static void the_table_keeps_the_busy_and_forgets_the_idle(void **state UNUSED)
{
    struct rate_table *t = rate_table_new(64);
    assert_non_null(t);
    struct rate_verdict v;
    for (int i = 0; i < 40; i++)
        rate_take(rate_table_get(t, "busy"), public_tier, T0 + 1, &v);
    assert_int_equal(v.remaining, 0);
    for (int i = 0; i < 5000; i++) { /* many come once, the busy one in between */
        char subject[20];
        snprintf(subject, sizeof subject, "s%d", i);
        rate_take(rate_table_get(t, subject), public_tier, T0 + 2 + 2 * i / 100, &v);
        assert_int_equal(v.remaining, 39);
        rate_take(rate_table_get(t, "busy"), public_tier, T0 + 3 + 2 * i / 100, &v);
        assert_false(v.allowed);
    }
    rate_table_free(t);
    rate_table_free(NULL);
}

/* --- the end -------------------------------------------------------------------------------- */

static void freed_with_takes_in_flight_it_calls_nobody(void **state)
{
    int before = n_verdicts;
    for (int i = 0; i < 10; i++)
        assert_int_equal(ratelimit_take(limiter, "x", public_tier, on_verdict, NULL, 42), ERR_OK);
    close_limiter(state);
    assert_int_equal(n_verdicts, before);
    open_limiter(state);
    redis_free(redis); /* before the limiter: its takes are decided here, once */
    redis = NULL;
    ratelimit_free(limiter);
    limiter = NULL;
    assert_int_equal(n_verdicts, before);
}

static bool short_life(void *arg UNUSED)
{
    struct loop *l = loop_new();
    struct redis_options o = options;
    o.url = arg;
    struct redis *r = l ? redis_new(l, &o) : NULL;
    struct ratelimit *rl = r ? ratelimit_new(l, r, "mh:test:", 8) : NULL;
    int64_t until_us = clock_mono_us() + 150 * USEC_PER_MSEC;
    while (r && strcmp(o.url, servers.redis_url) == 0 && !redis_ready(r) &&
           clock_mono_us() < until_us)
        loop_turn(l, 10);
    int before = n_verdicts, taken = 0;
    for (int i = 0; rl && i < 3; i++)
        taken += ratelimit_take(rl, "x", public_tier, on_verdict, NULL, 42) == ERR_OK;
    while (n_verdicts < before + taken && clock_mono_us() < until_us + USEC_PER_SEC)
        loop_turn(l, 10);
    assert_int_equal(n_verdicts, before + taken);
    ratelimit_free(rl);
    redis_free(r);
    loop_free(l);
    return taken == 3;
}

static void no_allocation_is_taken_for_granted(void **state UNUSED)
{
    torture(short_life, servers.redis_url);
    static char nowhere[] = "unix:///nonexistent/redis";
    torture(short_life, nowhere);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_limiter, close_limiter)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_story_in_numbers),
        TEST(script_and_code_say_the_same),
        TEST(subjects_have_buckets_of_their_own),
        TEST(without_redis_a_local_bucket_decides),
        TEST(a_frozen_redis_delays_a_verdict_by_its_timeout),
        TEST(a_forgotten_script_is_sent_again),
        TEST(what_redis_holds_instead_of_a_bucket_does_no_harm),
        TEST(a_subject_too_long_for_a_key_is_decided_here),
        cmocka_unit_test(the_table_keeps_the_busy_and_forgets_the_idle),
        TEST(freed_with_takes_in_flight_it_calls_nobody),
        TEST(no_allocation_is_taken_for_granted),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
