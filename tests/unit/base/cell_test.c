/* Cells: small objects apart from large ones. */
#include "torture.h"

#include <string.h>

#include "common/cell.h"

static void gives_what_was_asked_for(void **state UNUSED)
{
    for (size_t size = 0; size <= 2 * CELL_BYTES; size++) {
        char *p = cell_alloc(size);
        assert_non_null(p);
        memset(p, 0x5a, size);
        cell_free(p);
    }
    cell_free(NULL);
    assert_int_equal(cell_count(), 0);
}

/* What a server's memory looks like: for each connection one small object that stays, and a large
 * one that goes. */
static void small_ones_lie_side_by_side(void **state UNUSED)
{
    enum { N = 1000 };
    char *small[N], *large[N];
    for (int i = 0; i < N; i++) {
        small[i] = cell_alloc(CELL_BYTES);
        large[i] = cell_alloc(3000);
        assert_non_null(small[i]);
        assert_non_null(large[i]);
    }
    assert_int_equal(cell_count(), N);
    char *first = small[0], *last = small[0];
    for (int i = 0; i < N; i++) {
        first = MIN(first, small[i]);
        last = MAX(last, small[i]);
        cell_free(large[i]);
    }
    assert_int_equal(last - first, (N - 1) * CELL_BYTES);
    for (int i = 0; i < N; i++)
        cell_free(small[i]);
    assert_int_equal(cell_count(), 0);
}

static void what_was_given_back_is_used_again(void **state UNUSED)
{
    void *p = cell_alloc(1);
    cell_free(p);
    for (int i = 0; i < 1000; i++) {
        void *again = cell_alloc(CELL_BYTES);
        assert_ptr_equal(again, p);
        cell_free(again);
    }
}

static void moves_what_outgrows_its_cell(void **state UNUSED)
{
    char *p = cell_realloc(NULL, 4);
    assert_non_null(p);
    memcpy(p, "abc", 4);
    char *same = cell_realloc(p, CELL_BYTES);
    assert_ptr_equal(same, p);
    char *large = cell_realloc(p, 1000);
    assert_non_null(large);
    assert_string_equal(large, "abc");
    assert_int_equal(cell_count(), 0);
    large = cell_realloc(large, 4); /* stays what it is */
    assert_string_equal(large, "abc");
    assert_int_equal(cell_count(), 0);
    cell_free(large);
}

static void more_than_there_are(void **state UNUSED)
{
    enum { MANY = 140000 };
    static void *all[MANY];
    for (int i = 0; i < MANY; i++)
        assert_non_null(all[i] = cell_alloc(8));
    assert_in_range(cell_count(), 1, MANY - 1);
    for (int i = 0; i < MANY; i++)
        cell_free(all[i]);
    assert_int_equal(cell_count(), 0);
}

static bool grow_one(void *arg UNUSED)
{
    char *p = cell_alloc(8), *large = p ? cell_realloc(p, 100) : NULL;
    cell_free(large ? large : p);
    return large;
}

static void survives_torture(void **state UNUSED)
{
    torture(grow_one, NULL);
    assert_int_equal(cell_count(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_what_was_asked_for),
        cmocka_unit_test(small_ones_lie_side_by_side),
        cmocka_unit_test(what_was_given_back_is_used_again),
        cmocka_unit_test(moves_what_outgrows_its_cell),
        cmocka_unit_test(more_than_there_are),
        cmocka_unit_test(survives_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
