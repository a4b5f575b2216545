/* The circuit breaker, with a clock that is a parameter. Its header is private to the client. */
#include "torture.h"

#include "../../../libcommon/http/client_breaker.h"

static const struct breaker_rule rule = {.failures = 3, .open_us = 1000};

/* A story: at a time, ask (and expect) or report; then expect a state. */
struct line {
    int64_t at_us;
    enum { ASK_YES, ASK_NO, GOOD, BAD, UNKNOWN } what;
    enum breaker_state state;
};

static void play(const struct line *lines, size_t n)
{
    struct breaker b = {.failures = 0};
    for (size_t i = 0; i < n; i++) {
        const struct line *l = &lines[i];
        switch (l->what) {
        case ASK_YES:
        case ASK_NO:
            assert_int_equal(breaker_ask(&b, l->at_us), l->what == ASK_YES);
            break;
        case GOOD:
            breaker_report(&b, &rule, BREAKER_GOOD, l->at_us);
            break;
        case BAD:
            breaker_report(&b, &rule, BREAKER_BAD, l->at_us);
            break;
        case UNKNOWN:
            breaker_report(&b, &rule, BREAKER_UNKNOWN, l->at_us);
            break;
        }
        if (b.state != l->state)
            fail_msg("line %zu: state %d, not %d", i, b.state, l->state);
    }
}

#define PLAY(...)                                         \
    do {                                                  \
        static const struct line lines[] = {__VA_ARGS__}; \
        play(lines, ARRAY_LEN(lines));                    \
    } while (0)

static void it_opens_after_failures_in_a_row(void **state UNUSED)
{
    PLAY({0, ASK_YES, BREAKER_CLOSED}, {1, BAD, BREAKER_CLOSED}, {2, BAD, BREAKER_CLOSED},
         {3, ASK_YES, BREAKER_CLOSED}, {3, BAD, BREAKER_OPEN}, {4, ASK_NO, BREAKER_OPEN},
         {1002, ASK_NO, BREAKER_OPEN});
}

static void a_success_starts_the_count_again(void **state UNUSED)
{
    PLAY({1, BAD, BREAKER_CLOSED}, {2, BAD, BREAKER_CLOSED}, {3, GOOD, BREAKER_CLOSED},
         {4, BAD, BREAKER_CLOSED}, {5, BAD, BREAKER_CLOSED}, {6, UNKNOWN, BREAKER_CLOSED},
         {7, BAD, BREAKER_OPEN});
}

static void one_probe_goes_out_and_its_success_closes(void **state UNUSED)
{
    PLAY({0, BAD, BREAKER_CLOSED}, {0, BAD, BREAKER_CLOSED}, {0, BAD, BREAKER_OPEN},
         {1000, ASK_YES, BREAKER_HALF_OPEN}, {1001, ASK_NO, BREAKER_HALF_OPEN},
         {9999, ASK_NO, BREAKER_HALF_OPEN}, {10000, GOOD, BREAKER_CLOSED},
         {10000, ASK_YES, BREAKER_CLOSED}, {10001, BAD, BREAKER_CLOSED});
}

static void a_failed_probe_opens_it_for_as_long_again(void **state UNUSED)
{
    PLAY({0, BAD, BREAKER_CLOSED}, {0, BAD, BREAKER_CLOSED}, {0, BAD, BREAKER_OPEN},
         {1500, ASK_YES, BREAKER_HALF_OPEN}, {1600, BAD, BREAKER_OPEN},
         {2599, ASK_NO, BREAKER_OPEN}, {2600, ASK_YES, BREAKER_HALF_OPEN});
}

static void a_probe_that_tells_nothing_lets_the_next_one_look(void **state UNUSED)
{
    PLAY({0, BAD, BREAKER_CLOSED}, {0, BAD, BREAKER_CLOSED}, {0, BAD, BREAKER_OPEN},
         {1000, ASK_YES, BREAKER_HALF_OPEN}, {1001, UNKNOWN, BREAKER_OPEN},
         {1001, ASK_YES, BREAKER_HALF_OPEN});
}

static void late_reports_do_not_prolong_it_and_may_close_it(void **state UNUSED)
{
    PLAY({0, BAD, BREAKER_CLOSED}, {0, BAD, BREAKER_CLOSED}, {0, BAD, BREAKER_OPEN},
         {900, BAD, BREAKER_OPEN}, {950, UNKNOWN, BREAKER_OPEN}, {1000, ASK_YES, BREAKER_HALF_OPEN},
         {1001, BAD, BREAKER_OPEN}, {1002, GOOD, BREAKER_CLOSED});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_opens_after_failures_in_a_row),
        cmocka_unit_test(a_success_starts_the_count_again),
        cmocka_unit_test(one_probe_goes_out_and_its_success_closes),
        cmocka_unit_test(a_failed_probe_opens_it_for_as_long_again),
        cmocka_unit_test(a_probe_that_tells_nothing_lets_the_next_one_look),
        cmocka_unit_test(late_reports_do_not_prolong_it_and_may_close_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
