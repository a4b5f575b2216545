/* The door to malloc, and the failing one that the other tests rely on. */
#include "torture.h"

#include <string.h>

static void allocates_zeroed(void **state UNUSED)
{
    unsigned char *p = mem_alloc(1000);
    assert_non_null(p);
    for (size_t i = 0; i < 1000; i++)
        assert_int_equal(p[i], 0);
    mem_free(p);
}

static void nothing_is_something_to_free(void **state UNUSED)
{
    void *p = mem_alloc(0);
    assert_non_null(p);
    p = mem_realloc(p, 0);
    assert_non_null(p);
    mem_free(p);
    mem_free(NULL);
}

static void keeps_content_when_growing(void **state UNUSED)
{
    char *p = mem_strdup("abc");
    assert_non_null(p);
    p = mem_realloc(p, 100000);
    assert_non_null(p);
    assert_string_equal(p, "abc");
    mem_free(p);
}

static void what_is_in_use_is_known(void **state UNUSED)
{
    size_t before = mem_in_use();
    char *p = mem_alloc(1000000);
    assert_non_null(p);
    assert_in_range(mem_in_use() - before, 1000000, 1100000);
    mem_free(p);
    mem_trim();
    assert_in_range(mem_in_use(), 0, before + 1000);
}

#ifdef MEM_TORTURE

static bool try_alloc(void)
{
    void *p = mem_alloc(1);
    mem_free(p);
    return p != NULL;
}

static void fails_the_nth_once(void **state UNUSED)
{
    mem_torture(2, /* sticky= */ 0);
    assert_true(try_alloc());
    assert_false(try_alloc());
    assert_true(try_alloc());
    assert_int_equal(mem_torture_count(), 3);
    mem_torture(0, 0);
    assert_int_equal(mem_torture_count(), 0);
}

static void fails_from_the_nth_on(void **state UNUSED)
{
    mem_torture(2, /* sticky= */ 1);
    assert_true(try_alloc());
    assert_false(try_alloc());
    assert_false(try_alloc());
    mem_torture(0, 0);
    assert_true(try_alloc());
}

static void every_door_can_fail(void **state UNUSED)
{
    char *p = mem_strdup("kept");
    mem_torture(1, /* sticky= */ 1);
    assert_null(mem_alloc(1));
    assert_null(mem_strdup("x"));
    assert_null(mem_realloc(p, 100));
    mem_torture(0, 0);
    assert_string_equal(p, "kept");
    mem_free(p);
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(allocates_zeroed),
        cmocka_unit_test(nothing_is_something_to_free),
        cmocka_unit_test(keeps_content_when_growing),
        cmocka_unit_test(what_is_in_use_is_known),
#ifdef MEM_TORTURE
        cmocka_unit_test(fails_the_nth_once),
        cmocka_unit_test(fails_from_the_nth_on),
        cmocka_unit_test(every_door_can_fail),
#endif
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
