/* What code that cannot do without memory gets when there is none. */
#include "torture.h"

#include <string.h>

#include "common/reserve.h"

static void it_has_an_end_and_takes_back(void **state UNUSED)
{
    static void *got[RESERVE_BLOCKS];
    assert_null(reserve_alloc(RESERVE_BYTES + 1));
    for (int round = 0; round < 2; round++) {
        for (size_t i = 0; i < RESERVE_BLOCKS; i++) {
            assert_int_equal(reserve_is_low(), i >= RESERVE_BLOCKS / 2);
            got[i] = reserve_alloc(i % RESERVE_BYTES + 1);
            assert_true(reserve_has(got[i]));
            memset(got[i], (int)i, RESERVE_BYTES);
        }
        assert_null(reserve_alloc(1));
        for (size_t i = 0; i < RESERVE_BLOCKS; i++) {
            assert_int_equal(*(unsigned char *)got[i], i % 256);
            reserve_free(got[i]);
        }
        assert_false(reserve_is_low());
    }
}

static void others_memory_is_not_its(void **state UNUSED)
{
    int here = 0;
    assert_false(reserve_has(&here));
    assert_false(reserve_has(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_has_an_end_and_takes_back),
        cmocka_unit_test(others_memory_is_not_its),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
