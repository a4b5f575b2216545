/* The loop: what is later, when timers fire, how long a turn lasts, and that nothing is lost when
 * memory is short. */
#include "torture.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <event2/event.h>

#include "common/clock.h"
#include "common/loop.h"

/* What was called, in its order. */
static char calls[64];

static void note(void *text)
{
    size_t n = strlen(calls);
    snprintf(calls + n, sizeof calls - n, "%s", (const char *)text);
}

#define LETTER(c) ((char[]){(c), '\0'})

static int setup(void **state)
{
    calls[0] = '\0';
    *state = loop_new();
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    loop_free(*state);
    return 0;
}

/* A callback that needs more than one argument. */
struct act {
    struct loop *loop;
    struct loop_timer *timer;
    int n;
    int64_t us;
};

static void spin(int64_t us)
{
    int64_t end_us = clock_mono_us() + us;
    while (clock_mono_us() < end_us)
        continue;
}

/* --- later ---------------------------------------------------------------------------------- */

static void later_is_the_next_turn(void **state)
{
    struct loop *l = *state;
    assert_int_equal(loop_later(l, note, LETTER('a')), ERR_OK);
    assert_int_equal(loop_later(l, note, LETTER('b')), ERR_OK);
    assert_int_equal(loop_later(l, note, LETTER('c')), ERR_OK);
    assert_string_equal(calls, "");
    loop_turn(l, 1000);
    assert_string_equal(calls, "abc");
    loop_turn(l, 0);
    assert_string_equal(calls, "abc"); /* once */
}

static void queue_another(void *arg)
{
    struct act *act = arg;
    note(LETTER('x'));
    if (--act->n > 0)
        assert_int_equal(loop_later(act->loop, queue_another, act), ERR_OK);
}

static void later_from_later_is_one_more_turn(void **state)
{
    struct act act = {.loop = *state, .n = 3};
    assert_int_equal(loop_later(act.loop, queue_another, &act), ERR_OK);
    assert_int_equal(loop_later(act.loop, note, LETTER('y')), ERR_OK);
    loop_turn(act.loop, 1000);
    assert_string_equal(calls, "xy");
    loop_turn(act.loop, 1000);
    assert_string_equal(calls, "xyx");
    loop_turn(act.loop, 1000);
    assert_string_equal(calls, "xyxx");
}

static void on_readable(evutil_socket_t fd, short what UNUSED, void *arg UNUSED)
{
    char c;
    assert_int_equal(read(fd, &c, 1), 1);
    note(LETTER('r'));
}

static void a_chain_of_later_starves_no_socket(void **state)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct act act = {.loop = *state, .n = 20};
    struct event *readable =
        event_new(loop_base(act.loop), fds[0], EV_READ | EV_PERSIST, on_readable, NULL);
    assert_int_equal(event_add(readable, NULL), 0);
    assert_int_equal(loop_later(act.loop, queue_another, &act), ERR_OK);
    assert_int_equal(write(fds[1], "1", 1), 1);
    for (int i = 0; i < 3; i++)
        loop_turn(act.loop, 1000);
    assert_non_null(strchr(calls, 'r'));
    assert_true(act.n > 0);
    while (act.n > 0)
        loop_turn(act.loop, 1000);
    event_free(readable);
    close(fds[0]);
    close(fds[1]);
}

static int n_in_order;

static void expect_turn(void *number)
{
    assert_int_equal(*(int *)number, n_in_order);
    n_in_order++;
}

static void many_calls_keep_their_order(void **state)
{
    enum { N = 1000 };
    static int numbers[N];
    for (int round = 0; round < 3; round++) {
        n_in_order = 0;
        for (int i = 0; i < N; i++) {
            numbers[i] = i;
            assert_int_equal(loop_later(*state, expect_turn, &numbers[i]), ERR_OK);
        }
        loop_turn(*state, 1000);
        assert_int_equal(n_in_order, N);
    }
}

static void what_is_queued_is_owed(void **state UNUSED)
{
    struct loop *l = loop_new();
    struct act act = {.loop = l, .n = 3};
    assert_int_equal(loop_later(l, queue_another, &act), ERR_OK);
    loop_free(l);
    assert_string_equal(calls, "xxx");
    loop_free(NULL);
}

/* --- timers --------------------------------------------------------------------------------- */

static void a_timer_fires_once_and_not_early(void **state)
{
    struct loop *l = *state;
    struct loop_timer *t = loop_timer_new(l, note, LETTER('t'));
    int64_t start_us = clock_mono_us();
    loop_timer_set(t, 20);
    while (calls[0] == '\0')
        loop_turn(l, 1000);
    assert_true(clock_mono_us() - start_us >= 20 * USEC_PER_MSEC);
    loop_turn(l, 30);
    assert_string_equal(calls, "t");
    loop_timer_free(t);
    loop_timer_free(NULL);
}

static void timers_fire_in_the_order_of_their_times(void **state)
{
    struct loop *l = *state;
    static const int64_t delays_ms[] = {-5, 0, 20, 40};
    char *const names[] = {LETTER('a'), LETTER('a'), LETTER('b'), LETTER('c')};
    struct loop_timer *timers[4];
    for (size_t i = 4; i-- > 0;) {
        timers[i] = loop_timer_new(l, note, names[i]);
        loop_timer_set(timers[i], delays_ms[i]);
    }
    assert_string_equal(calls, ""); /* not within the call that sets it */
    while (strlen(calls) < 4)
        loop_turn(l, 1000);
    assert_string_equal(calls, "aabc");
    for (size_t i = 0; i < 4; i++)
        loop_timer_free(timers[i]);
}

static void setting_again_replaces(void **state)
{
    struct loop *l = *state;
    struct loop_timer *t = loop_timer_new(l, note, LETTER('t'));
    loop_timer_set(t, INT64_MAX);
    loop_timer_set(t, 0);
    loop_turn(l, 1000);
    assert_string_equal(calls, "t");
    loop_timer_set(t, 0);
    loop_timer_set(t, 60000);
    loop_turn(l, 1);
    assert_string_equal(calls, "t");
    loop_timer_free(t);
}

static void a_cancelled_timer_is_silent(void **state)
{
    struct loop *l = *state;
    struct loop_timer *t = loop_timer_new(l, note, LETTER('t'));
    loop_timer_cancel(t); /* not set: fine */
    loop_timer_set(t, 0);
    loop_timer_cancel(t);
    loop_turn(l, 1);
    assert_string_equal(calls, "");
    loop_timer_set(t, 0);
    loop_timer_free(t); /* cancels */
    loop_turn(l, 1);
    assert_string_equal(calls, "");
}

static void free_self(void *arg)
{
    struct act *act = arg;
    note(LETTER('f'));
    loop_timer_free(act->timer);
}

static void set_self(void *arg)
{
    struct act *act = arg;
    note(LETTER('s'));
    if (--act->n > 0)
        loop_timer_set(act->timer, 1);
}

static void a_timer_may_set_and_free_itself(void **state)
{
    struct act act = {.loop = *state, .n = 3};
    act.timer = loop_timer_new(act.loop, set_self, &act);
    loop_timer_set(act.timer, 0);
    while (act.n > 0)
        loop_turn(act.loop, 1000);
    assert_string_equal(calls, "sss");
    loop_timer_free(act.timer);

    act.timer = loop_timer_new(act.loop, free_self, &act);
    loop_timer_set(act.timer, 0);
    loop_turn(act.loop, 1000);
    assert_string_equal(calls, "sssf");
}

static void set_after_long_work(void *arg)
{
    struct act *act = arg;
    spin(40 * USEC_PER_MSEC);
    act->us = clock_mono_us();
    loop_timer_set(act->timer, 20);
}

/* libevent reckons from the time at which the turn began. */
static void long_work_does_not_shorten_a_timer(void **state)
{
    struct act act = {.loop = *state};
    act.timer = loop_timer_new(act.loop, note, LETTER('t'));
    assert_int_equal(loop_later(act.loop, set_after_long_work, &act), ERR_OK);
    while (calls[0] == '\0')
        loop_turn(act.loop, 1000);
    assert_true(clock_mono_us() - act.us >= 20 * USEC_PER_MSEC);
    loop_timer_free(act.timer);
}

/* --- turning -------------------------------------------------------------------------------- */

static void a_turn_waits_no_longer_than_told(void **state)
{
    struct loop *l = *state;
    int64_t start_us = clock_mono_us();
    loop_turn(l, 0);
    loop_turn(l, -1);
    loop_turn(l, 10);
    assert_true(clock_mono_us() - start_us < 5 * USEC_PER_SEC);

    assert_int_equal(loop_later(l, note, LETTER('a')), ERR_OK);
    start_us = clock_mono_us();
    loop_turn(l, 60000); /* something to do: no wait */
    assert_true(clock_mono_us() - start_us < 5 * USEC_PER_SEC);
    assert_string_equal(calls, "a");
}

static void stop(void *loop)
{
    note(LETTER('s'));
    loop_stop(loop);
}

static void runs_until_stopped(void **state)
{
    struct loop *l = *state;
    for (int round = 0; round < 2; round++) {
        struct loop_timer *t = loop_timer_new(l, stop, l);
        loop_timer_set(t, 1);
        assert_int_equal(loop_later(l, note, LETTER('a')), ERR_OK);
        loop_run(l);
        loop_timer_free(t);
    }
    assert_string_equal(calls, "asas");
}

static void a_stop_finishes_the_turn(void **state)
{
    struct loop *l = *state;
    assert_int_equal(loop_later(l, stop, l), ERR_OK);
    assert_int_equal(loop_later(l, note, LETTER('a')), ERR_OK);
    loop_run(l);
    assert_string_equal(calls, "sa");
}

static void a_stop_before_the_run_counts(void **state)
{
    struct loop *l = *state;
    loop_stop(l);
    loop_run(l);
    assert_string_equal(calls, "");
}

/* --- the watchdog --------------------------------------------------------------------------- */

static void spin_long(void *arg UNUSED)
{
    spin(30 * USEC_PER_MSEC);
}

/* 10 ms of processor time, however long that takes by the wall. */
static void on_readable_spin(evutil_socket_t fd UNUSED, short what UNUSED, void *arg UNUSED)
{
    struct timespec start, now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start);
    do
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    while ((now.tv_sec - start.tv_sec) * 1000000000 + now.tv_nsec - start.tv_nsec < 10000000);
}

static void the_longest_turn_is_known(void **state)
{
    struct loop *l = *state;
    assert_int_equal(loop_later(l, spin_long, NULL), ERR_OK);
    loop_turn(l, 1000);
    loop_turn(l, 20); /* waiting does not count */
    int64_t us = loop_longest_turn_us(l);
    assert_true(us >= 30 * USEC_PER_MSEC);
    loop_turn(l, 40);
    assert_true(loop_longest_turn_us(l) < us); /* forgotten, and the wait left out */
}

static void callbacks_of_others_count_too(void **state)
{
    struct loop *l = *state;
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    assert_int_equal(write(fds[1], "1", 1), 1);
    struct event *readable = event_new(loop_base(l), fds[0], EV_READ, on_readable_spin, NULL);
    assert_int_equal(event_add(readable, NULL), 0);
    loop_turn(l, 1000);
    assert_true(loop_longest_turn_us(l) >= 10 * USEC_PER_MSEC);
    event_free(readable);
    close(fds[0]);
    close(fds[1]);
}

/* --- torture -------------------------------------------------------------------------------- */

static void count(void *n)
{
    ++*(int *)n;
}

/* libevent's own allocations fail too. A timer that was made fires in any case. */
static bool scenario(void *arg UNUSED)
{
    enum { N = 100 };
    struct loop *l = loop_new();
    if (!l)
        return false;
    struct loop_timer *timers[N];
    int made = 0, queued = 0, fired = 0, called = 0;
    for (int i = 0; i < N; i++) {
        queued += loop_later(l, count, &called) == ERR_OK;
        struct loop_timer *t = loop_timer_new(l, count, &fired);
        if (t)
            loop_timer_set(t, i % 3);
        timers[i] = t;
        made += t != NULL;
    }
    while (fired < made || called < queued)
        loop_turn(l, 10);
    for (int i = 0; i < N; i++)
        loop_timer_free(timers[i]);
    loop_free(l);
    return made == N && queued == N;
}

static void survives_torture(void **state UNUSED)
{
    torture(scenario, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(later_is_the_next_turn),
        TEST(later_from_later_is_one_more_turn),
        TEST(a_chain_of_later_starves_no_socket),
        TEST(many_calls_keep_their_order),
        TEST(what_is_queued_is_owed),
        TEST(a_timer_fires_once_and_not_early),
        TEST(timers_fire_in_the_order_of_their_times),
        TEST(setting_again_replaces),
        TEST(a_cancelled_timer_is_silent),
        TEST(a_timer_may_set_and_free_itself),
        TEST(long_work_does_not_shorten_a_timer),
        TEST(a_turn_waits_no_longer_than_told),
        TEST(runs_until_stopped),
        TEST(a_stop_finishes_the_turn),
        TEST(a_stop_before_the_run_counts),
        TEST(the_longest_turn_is_known),
        TEST(callbacks_of_others_count_too),
        cmocka_unit_test(survives_torture),
    };
    event_set_mem_functions(mem_alloc, mem_realloc, mem_free);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
