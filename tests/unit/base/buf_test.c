/* Buffers: growth, the ceiling, errors that stick. */
#include "torture.h"

#include <string.h>

#include "common/buf.h"

static void grows_as_needed(void **state UNUSED)
{
    struct buf b = BUF_INIT(100000);
    for (int i = 0; i < 10000; i++)
        buf_addc(&b, (char)('a' + i % 26));
    assert_int_equal(buf_err(&b), ERR_OK);
    assert_int_equal(b.len, 10000);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(b.data[i], 'a' + i % 26);
    assert_int_equal(b.data[10000], '\0');
    buf_free(&b);
}

static void joins_what_is_appended(void **state UNUSED)
{
    struct buf b = BUF_INIT(1000);
    buf_add(&b, "one\0two", 7);
    buf_adds(&b, " three");
    buf_addstr(&b, STR(" four"));
    buf_addc(&b, ' ');
    buf_addf(&b, "%d-%s", 5, "six");
    static const char expected[] = "one\0two three four 5-six";
    assert_true(str_eq(buf_str(&b), STR(expected)));
    buf_free(&b);
}

static void an_empty_append_makes_an_empty_text(void **state UNUSED)
{
    struct buf b = BUF_INIT(0);
    assert_null(b.data);
    buf_add(&b, NULL, 0);
    assert_int_equal(buf_err(&b), ERR_OK);
    assert_string_equal(b.data, "");
    buf_free(&b);
    assert_null(b.data);
}

static void holds_exactly_its_ceiling(void **state UNUSED)
{
    struct buf b = BUF_INIT(10);
    buf_adds(&b, "0123456789");
    assert_int_equal(buf_err(&b), ERR_OK);
    buf_addc(&b, 'x');
    assert_int_equal(buf_err(&b), ERR_TOO_LARGE);
    assert_string_equal(b.data, "0123456789");
    buf_free(&b);
}

static void an_error_sticks(void **state UNUSED)
{
    struct buf b = BUF_INIT(5);
    buf_adds(&b, "abc");
    buf_adds(&b, "def"); /* too long: nothing of it is taken */
    buf_adds(&b, "x");   /* would fit */
    buf_addc(&b, 'x');
    buf_addf(&b, "%d", 1);
    assert_int_equal(buf_err(&b), ERR_TOO_LARGE);
    assert_string_equal(b.data, "abc");
    buf_clear(&b);
    assert_int_equal(buf_err(&b), ERR_OK);
    assert_string_equal(b.data, "");
    buf_adds(&b, "fghij");
    assert_int_equal(buf_err(&b), ERR_OK);
    assert_string_equal(b.data, "fghij");
    buf_free(&b);
}

/* Around the first allocation, its doublings, and the ceiling. */
static void formats_any_length(void **state UNUSED)
{
    static const int widths[] = {1, 100, 254, 255, 256, 257, 511, 512, 5000, 9999, 10000};
    for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
        struct buf b = BUF_INIT(10000);
        buf_addf(&b, "%*d", widths[i], 7);
        assert_int_equal(buf_err(&b), ERR_OK);
        assert_int_equal(strlen(b.data), widths[i]);
        buf_free(&b);
    }
}

static void a_format_beyond_the_ceiling_leaves_no_trace(void **state UNUSED)
{
    static const size_t ceilings[] = {3, 10, 300, 1000};
    for (size_t i = 0; i < ARRAY_LEN(ceilings); i++) {
        struct buf b = BUF_INIT(ceilings[i]);
        buf_adds(&b, "abc");
        buf_addf(&b, "%*d", (int)ceilings[i] - 2, 7);
        assert_int_equal(buf_err(&b), ERR_TOO_LARGE);
        assert_string_equal(b.data, "abc");
        buf_free(&b);
    }
}

static void survives_absurd_sizes(void **state UNUSED)
{
    static const size_t ceilings[] = {0, 100, SIZE_MAX / 2, SIZE_MAX};
    volatile size_t huge = SIZE_MAX; /* the compiler would warn of a size that it can see */
    for (size_t i = 0; i < ARRAY_LEN(ceilings); i++) {
        struct buf b = BUF_INIT(ceilings[i]);
        buf_add(&b, "", huge);
        assert_int_equal(buf_err(&b), ERR_TOO_LARGE);
        buf_free(&b);
    }
}

static bool scenario(void *arg UNUSED)
{
    struct buf b = BUF_INIT(100000);
    buf_adds(&b, "first");
    buf_addf(&b, "%1000d", 1);
    buf_addf(&b, "%20000d", 2);
    for (int i = 0; i < 1000; i++)
        buf_addstr(&b, STR("0123456789"));
    enum err e = buf_err(&b);
    assert_true(e == ERR_OK || e == ERR_NO_MEMORY);
    assert_true(e != ERR_OK || b.len == 5 + 1000 + 20000 + 10000);
    assert_true(!b.data || strlen(b.data) == b.len);
    buf_free(&b);
    return e == ERR_OK;
}

static void survives_torture(void **state UNUSED)
{
    torture(scenario, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(grows_as_needed),
        cmocka_unit_test(joins_what_is_appended),
        cmocka_unit_test(an_empty_append_makes_an_empty_text),
        cmocka_unit_test(holds_exactly_its_ceiling),
        cmocka_unit_test(an_error_sticks),
        cmocka_unit_test(formats_any_length),
        cmocka_unit_test(a_format_beyond_the_ceiling_leaves_no_trace),
        cmocka_unit_test(survives_absurd_sizes),
        cmocka_unit_test(survives_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
