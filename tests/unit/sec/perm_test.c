/* Names of permissions and scopes go both ways. */
#include "torture.h"

#include "common/token.h"

static void every_permission_is_found_by_its_name(void **state UNUSED)
{
    for (int p = 0; p < PERM_MAX; p++) {
        assert_int_equal(perm_from_name(perm_name((enum perm)p)), p);
        assert_true(perm_prose((enum perm)p)[0] != '\0');
    }
    assert_string_equal(perm_name(PERM_BOOKINGS_WRITE), "bookings.write");
}

static void what_is_no_permission_is_told(void **state UNUSED)
{
    static const char *const names[] = {"", "bookings", "bookings.writ", "BOOKINGS.WRITE", "none"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        assert_int_equal(perm_from_name(names[i]), PERM_MAX);
    assert_string_equal(perm_name(PERM_NONE), "none");
    assert_string_equal(perm_name(PERM_MAX), "none");
    assert_non_null(perm_prose(PERM_NONE));
}

static void scopes_go_both_ways_and_default_to_none(void **state UNUSED)
{
    static const char *const names[] = {"none", "own", "station", "all"};
    for (int s = SCOPE_NONE; s <= SCOPE_ALL; s++) {
        assert_string_equal(scope_name((enum scope)s), names[s]);
        assert_int_equal(scope_from_name(names[s]), s);
    }
    assert_string_equal(scope_name((enum scope)4), "none");
    assert_int_equal(scope_from_name("everything"), SCOPE_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_permission_is_found_by_its_name),
        cmocka_unit_test(what_is_no_permission_is_told),
        cmocka_unit_test(scopes_go_both_ways_and_default_to_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
