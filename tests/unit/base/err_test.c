/* The error table: complete, unambiguous, and harmless for numbers outside it. */
#include "torture.h"

#include <string.h>

#include "common/err.h"

static void every_row_is_complete(void **state UNUSED)
{
    for (int e = 1; e < ERR_MAX; e++) {
        assert_in_range(err_status((enum err)e), 400, 599);
        assert_true(strlen(err_title((enum err)e)) > 0);
        assert_int_equal(strspn(err_code((enum err)e), "abcdefghijklmnopqrstuvwxyz0123456789_"),
                         strlen(err_code((enum err)e)));
    }
}

/* A code that stood twice in the table would be found as the first of the two. */
static void codes_lead_back(void **state UNUSED)
{
    for (int e = 1; e < ERR_MAX; e++)
        assert_int_equal(err_from_code(err_code((enum err)e)), e);
}

static void knows_the_table(void **state UNUSED)
{
    assert_int_equal(err_status(ERR_NOT_FOUND), 404);
    assert_string_equal(err_code(ERR_NOT_FOUND), "not_found");
    assert_string_equal(err_title(ERR_NOT_FOUND), "Not found");
    assert_int_equal(err_status(ERR_OK), 200);
}

static void the_unknown_is_internal(void **state UNUSED)
{
    static const int strangers[] = {-1, ERR_MAX, 100000};
    for (size_t i = 0; i < ARRAY_LEN(strangers); i++) {
        assert_int_equal(err_status((enum err)strangers[i]), 500);
        assert_string_equal(err_code((enum err)strangers[i]), "internal");
    }
    static const char *const codes[] = {"", "no_such_code", "ok", "NOT_FOUND", "not_found "};
    for (size_t i = 0; i < ARRAY_LEN(codes); i++)
        assert_int_equal(err_from_code(codes[i]), ERR_INTERNAL);
    assert_int_equal(err_from_code(NULL), ERR_INTERNAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_complete),
        cmocka_unit_test(codes_lead_back),
        cmocka_unit_test(knows_the_table),
        cmocka_unit_test(the_unknown_is_internal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
