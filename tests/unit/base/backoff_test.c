/* Backoff: it doubles up to its ceiling, and half of it is by chance. */
#include "torture.h"

#include "common/backoff.h"

#define DRAWS 2000

static void check_range(unsigned failures, int64_t full_ms)
{
    int64_t least = full_ms, most = 0;
    for (int i = 0; i < DRAWS; i++) {
        int64_t ms = backoff_ms(failures, 100, 5000);
        least = MIN(least, ms);
        most = MAX(most, ms);
    }
    assert_in_range(least, full_ms / 2, full_ms / 2 + full_ms / 8);
    assert_in_range(most, full_ms - full_ms / 8, full_ms);
}

static void doubles_up_to_the_ceiling(void **state UNUSED)
{
    static const int64_t full_ms[] = {100, 100, 200, 400, 800, 1600, 3200, 5000, 5000};
    for (unsigned i = 0; i < ARRAY_LEN(full_ms); i++)
        check_range(i, full_ms[i]);
}

static void any_number_of_failures_is_fine(void **state UNUSED)
{
    check_range(UINT32_MAX, 5000);
    assert_in_range(backoff_ms(70, 1, INT64_MAX / 4), INT64_MAX / 8, INT64_MAX / 4);
    assert_int_equal(backoff_ms(3, 0, 0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles_up_to_the_ceiling),
        cmocka_unit_test(any_number_of_failures_is_fine),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
