/* Cells that a spreadsheet shows and does not run. */
#include "torture.h"

#include "csv.h"

static const struct {
    const char *text, *cell;
} cases[] = {
    {NULL, "\"\""},
    {"", "\"\""},
    {"user.lock", "\"user.lock\""},
    {"a,b;c", "\"a,b;c\""},
    {"he said \"no\"", "\"he said \"\"no\"\"\""},
    {"two\nlines", "\"two\nlines\""},
    {"=HYPERLINK(\"http://evil\")", "\"'=HYPERLINK(\"\"http://evil\"\")\""},
    {"+1", "\"'+1\""},
    {"-2+3", "\"'-2+3\""},
    {"@SUM(A1)", "\"'@SUM(A1)\""},
    {"\t=1+1", "\"'\t=1+1\""},
    {"\r=1+1", "\"'\r=1+1\""},
    {"1-2", "\"1-2\""},
};

static void quotes_and_disarms(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = BUF_INIT(1000);
        csv_cell(&b, cases[i].text);
        assert_int_equal(buf_err(&b), ERR_OK);
        assert_string_equal(b.data, cases[i].cell);
        buf_free(&b);
    }
}

static void rows_end_as_the_rfc_says(void **state UNUSED)
{
    struct buf b = BUF_INIT(1000);
    csv_row(&b, (const char *const[]){"a", NULL, "c"}, 3);
    csv_row(&b, (const char *const[]){"d"}, 1);
    assert_string_equal(b.data, "\"a\",\"\",\"c\"\r\n\"d\"\r\n");
    buf_free(&b);
}

static void a_full_buffer_is_told(void **state UNUSED)
{
    struct buf b = BUF_INIT(10);
    csv_row(&b, (const char *const[]){"0123456789"}, 1);
    assert_int_equal(buf_err(&b), ERR_TOO_LARGE);
    buf_free(&b);
}

static bool scenario(void *arg UNUSED)
{
    struct buf b = BUF_INIT(1000);
    for (int i = 0; i < 20; i++)
        csv_row(&b, (const char *const[]){"some cell", "=other"}, 2);
    bool ok = buf_err(&b) == ERR_OK;
    buf_free(&b);
    return ok;
}

static void survives_failing_allocations(void **state UNUSED)
{
    torture(scenario, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quotes_and_disarms),
        cmocka_unit_test(rows_end_as_the_rfc_says),
        cmocka_unit_test(a_full_buffer_is_told),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
