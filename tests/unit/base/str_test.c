/* Strings: comparing, cutting, and the forms that are taken and refused. */
#include "torture.h"

#include "common/str.h"

#define NOTHING ((struct str){NULL, 0})

static void compares(void **state UNUSED)
{
    assert_true(str_eq(STR("abc"), STR("abc")));
    assert_false(str_eq(STR("abc"), STR("abd")));
    assert_false(str_eq(STR("abc"), STR("ab")));
    assert_true(str_eq(NOTHING, STR("")));
    assert_true(str_eq_nocase(STR("Content-TYPE"), STR("content-type")));
    assert_false(str_eq_nocase(STR("content"), STR("content-type")));
    assert_false(str_eq_nocase(STR("\xc3\x84"), STR("\xc3\xa4"))); /* ASCII only */
    assert_false(str_eq_nocase(STR("@["), STR("`{")));             /* 0x20 apart, not letters */
    assert_true(str_starts(STR("Bearer x"), STR("Bearer ")));
    assert_true(str_starts(NOTHING, NOTHING));
    assert_false(str_starts(STR("Be"), STR("Bearer ")));
    assert_true(str_eq(str_of(NULL), NOTHING));
}

static void compares_in_constant_time(void **state UNUSED)
{
    assert_true(str_eq_consttime("secret", "secret", 6));
    assert_false(str_eq_consttime("secret", "secreT", 6));
    assert_false(str_eq_consttime("Secret", "secret", 6));
    assert_true(str_eq_consttime("secret", "secreT", 5));
    assert_true(str_eq_consttime(NULL, NULL, 0));
}

static void trims(void **state UNUSED)
{
    assert_true(str_eq(str_trim(STR(" \t a b\t ")), STR("a b")));
    assert_true(str_eq(str_trim(STR(" \t ")), STR("")));
    assert_true(str_eq(str_trim(STR("\na\n")), STR("\na\n"))); /* spaces and tabs only */
    assert_true(str_eq(str_trim(NOTHING), STR("")));
}

static void cuts(void **state UNUSED)
{
    struct str s = STR("a,,bc");
    assert_true(str_eq(str_cut(&s, ','), STR("a")));
    assert_true(str_eq(str_cut(&s, ','), STR("")));
    assert_true(str_eq(str_cut(&s, ','), STR("bc")));
    assert_int_equal(s.n, 0);
    assert_true(str_eq(str_cut(&s, ','), STR("")));

    s = NOTHING;
    assert_true(str_eq(str_cut(&s, ','), STR("")));
    s = STR("a,");
    assert_true(str_eq(str_cut(&s, ','), STR("a")));
    assert_int_equal(s.n, 0);
}

static void copies_what_fits(void **state UNUSED)
{
    char text[4] = "xyz";
    assert_int_equal(str_copy(text, sizeof text, STR("abc")), ERR_OK);
    assert_string_equal(text, "abc");
    assert_int_equal(str_copy(text, sizeof text, STR("abcd")), ERR_TOO_LARGE);
    assert_string_equal(text, ""); /* never a part that passes for the whole */
    assert_int_equal(str_copy(text, sizeof text, NOTHING), ERR_OK);
    assert_string_equal(text, "");
    assert_int_equal(str_copy(NULL, 0, STR("a")), ERR_TOO_LARGE);
}

static void reads_integers(void **state UNUSED)
{
    static const struct {
        const char *text;
        int64_t min, max;
        enum err err;
        int64_t value;
    } cases[] = {
        {"0", INT64_MIN, INT64_MAX, ERR_OK, 0},
        {"-0", INT64_MIN, INT64_MAX, ERR_OK, 0},
        {"007", 0, 10, ERR_OK, 7},
        {"9223372036854775807", INT64_MIN, INT64_MAX, ERR_OK, INT64_MAX},
        {"-9223372036854775808", INT64_MIN, INT64_MAX, ERR_OK, INT64_MIN},
        {"9223372036854775808", INT64_MIN, INT64_MAX, ERR_INVALID, 0},
        {"-9223372036854775809", INT64_MIN, INT64_MAX, ERR_INVALID, 0},
        {"99999999999999999999999999", INT64_MIN, INT64_MAX, ERR_INVALID, 0},
        {"5", 5, 5, ERR_OK, 5},
        {"4", 5, 9, ERR_INVALID, 0},
        {"10", 5, 9, ERR_INVALID, 0},
        {"-1", 0, 9, ERR_INVALID, 0},
        {"", INT64_MIN, INT64_MAX, ERR_INVALID, 0},
        {"-", INT64_MIN, INT64_MAX, ERR_INVALID, 0},
        {"--1", INT64_MIN, INT64_MAX, ERR_INVALID, 0},
        {"+1", INT64_MIN, INT64_MAX, ERR_INVALID, 0},
        {" 1", INT64_MIN, INT64_MAX, ERR_INVALID, 0},
        {"1 ", INT64_MIN, INT64_MAX, ERR_INVALID, 0},
        {"1.0", INT64_MIN, INT64_MAX, ERR_INVALID, 0},
        {"0x10", INT64_MIN, INT64_MAX, ERR_INVALID, 0},
        {"1e3", INT64_MIN, INT64_MAX, ERR_INVALID, 0},
        {"\xd9\xa3", INT64_MIN, INT64_MAX, ERR_INVALID, 0}, /* an Arabic three */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t value = 0;
        assert_int_equal(str_to_i64(str_of(cases[i].text), cases[i].min, cases[i].max, &value),
                         cases[i].err);
        assert_true(value == cases[i].value);
    }
    int64_t untouched = 42;
    assert_int_equal(str_to_i64(STR("12\0"), 0, 99, &untouched), ERR_INVALID);
    assert_int_equal(str_to_i64(NOTHING, 0, 99, &untouched), ERR_INVALID);
    assert_int_equal(untouched, 42);
}

struct form_case {
    struct str text;
    bool valid;
};

static void check(bool (*is_form)(struct str), const struct form_case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (is_form(cases[i].text) != cases[i].valid)
            fail_msg("case %zu: \"%.*s\"", i, (int)cases[i].text.n, cases[i].text.p);
    }
    assert_false(is_form(STR("\0")));
}

static void knows_utf8(void **state UNUSED)
{
    static const struct form_case cases[] = {
        {{"", 0}, true},
        {{"plain", 5}, true},
        {{"\x7f", 1}, true},
        {{"\xc2\x80", 2}, true},
        {{"\xdf\xbf", 2}, true},
        {{"\xe0\xa0\x80", 3}, true},
        {{"\xed\x9f\xbf", 3}, true},
        {{"\xee\x80\x80", 3}, true},
        {{"\xef\xbf\xbf", 3}, true},
        {{"\xf0\x90\x80\x80", 4}, true},
        {{"\xf4\x8f\xbf\xbf", 4}, true},
        {{"caf\xc3\xa9 \xe5\xaf\xbf\xe5\x8f\xb8 \xf0\x9f\x8d\xa3", 17}, true},
        {{"\x80", 1}, false},             /* a continuation alone */
        {{"\xc3", 1}, false},             /* cut */
        {{"\xe5\xaf", 2}, false},         /* cut */
        {{"\xf0\x9f\x8d", 3}, false},     /* cut */
        {{"\xc0\x80", 2}, false},         /* overlong NUL */
        {{"\xc1\xbf", 2}, false},         /* overlong */
        {{"\xe0\x9f\xbf", 3}, false},     /* overlong */
        {{"\xf0\x8f\xbf\xbf", 4}, false}, /* overlong */
        {{"\xed\xa0\x80", 3}, false},     /* a surrogate */
        {{"\xed\xbf\xbf", 3}, false},     /* a surrogate */
        {{"\xf4\x90\x80\x80", 4}, false}, /* above U+10FFFF */
        {{"\xf5\x80\x80\x80", 4}, false},
        {{"\xff", 1}, false},
        {{"\xc3\x28", 2}, false},
        {{"\xe5\x28\x80", 3}, false},
        {{"\xe5\xaf\x28", 3}, false},
        {{"\xf0\x9f\x8d\x28", 4}, false},
        {{"a\0b", 3}, false},
    };
    check(str_is_utf8, cases, ARRAY_LEN(cases));
    assert_true(str_is_utf8(NOTHING));
}

static void counts_code_points(void **state UNUSED)
{
    assert_int_equal(str_utf8_len(STR("")), 0);
    assert_int_equal(str_utf8_len(STR("caf\xc3\xa9 \xe5\xaf\xbf\xe5\x8f\xb8 \xf0\x9f\x8d\xa3")), 9);
}

static void knows_uuids(void **state UNUSED)
{
    static const struct form_case cases[] = {
        {STR("01890a5d-ac96-774b-bcce-b302099a8057"), true},
        {STR("01890A5D-AC96-774B-BCCE-B302099A8057"), true},
        {STR("00000000-0000-0000-0000-000000000000"), true},
        {STR("01890a5d-ac96-774b-bcce-b302099a805"), false},
        {STR("01890a5d-ac96-774b-bcce-b302099a80577"), false},
        {STR("01890a5dac96-774b-bcce-b302099a8057-"), false},
        {STR("01890a5d-ac96-774b-bcce-b302099a805g"), false},
        {STR("{1890a5d-ac96-774b-bcce-b302099a805}"), false},
        {STR(""), false},
    };
    check(str_is_uuid, cases, ARRAY_LEN(cases));
}

static void knows_dates(void **state UNUSED)
{
    static const struct form_case cases[] = {
        {STR("2026-03-01"), true},  {STR("2024-02-29"), true},   {STR("2000-02-29"), true},
        {STR("1900-01-01"), true},  {STR("2199-12-31"), true},   {STR("2026-04-30"), true},
        {STR("1900-02-29"), false}, {STR("2100-02-29"), false},  {STR("2026-02-29"), false},
        {STR("2026-04-31"), false}, {STR("2026-13-01"), false},  {STR("2026-00-10"), false},
        {STR("2026-01-00"), false}, {STR("2026-01-32"), false},  {STR("1899-12-31"), false},
        {STR("2200-01-01"), false}, {STR("2026-1-01"), false},   {STR("26-01-01"), false},
        {STR("2026/01/01"), false}, {STR("2026-01-01T"), false}, {STR("-026-01-01"), false},
        {STR(""), false},
    };
    check(str_is_date, cases, ARRAY_LEN(cases));
}

static void knows_times(void **state UNUSED)
{
    static const struct form_case cases[] = {
        {STR("00:00"), true},     {STR("23:59"), true},  {STR("09:05"), true},
        {STR("24:00"), false},    {STR("12:60"), false}, {STR("9:05"), false},
        {STR("09:05:00"), false}, {STR("0905"), false},  {STR("-1:00"), false},
        {STR("1 :00"), false},    {STR(""), false},
    };
    check(str_is_time, cases, ARRAY_LEN(cases));
}

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10
#define LABEL63 X60 "xxx"

static void knows_emails(void **state UNUSED)
{
    static const struct form_case cases[] = {
        {STR("a@b.co"), true},
        {STR("First.Last+tag@Sub.Example.COM"), true},
        {STR("o'brien!#$%&*/=?^_`{|}~-@example.com"), true},
        {STR("1@2x.example"), true},
        {STR("a@xn--bcher-kva.example"), true},
        {STR(X60 "xxxx@example.com"), true},   /* 64 octets before the @ */
        {STR(X60 "xxxxx@example.com"), false}, /* 65 */
        {STR("a@" LABEL63 ".com"), true},
        {STR("a@" LABEL63 "x.com"), false},
        {STR(X60 "@" LABEL63 "." LABEL63 "." LABEL63 ".x"), true},   /* 254 */
        {STR(X60 "x@" LABEL63 "." LABEL63 "." LABEL63 ".x"), false}, /* 255 */
        {STR("@example.com"), false},
        {STR("a@"), false},
        {STR("a"), false},
        {STR("a@localhost"), false},
        {STR("a@b@example.com"), false},
        {STR(".a@example.com"), false},
        {STR("a.@example.com"), false},
        {STR("a..b@example.com"), false},
        {STR("a b@example.com"), false},
        {STR("\"a b\"@example.com"), false},
        {STR("a@example..com"), false},
        {STR("a@.example.com"), false},
        {STR("a@example.com."), false},
        {STR("a@-example.com"), false},
        {STR("a@example-.com"), false},
        {STR("a@exam_ple.com"), false},
        {STR("a@192.0.2.1"), false},
        {STR("a@[192.0.2.1]"), false},
        {STR("a@example.com\r\nBcc: x@y.zz"), false},
        {STR("a\0b@example.com"), false},
        {STR("a@exa\0mple.com"), false},
        {STR("j\xc3\xbcrgen@example.com"), false},
        {STR(""), false},
    };
    check(str_is_email, cases, ARRAY_LEN(cases));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares),
        cmocka_unit_test(compares_in_constant_time),
        cmocka_unit_test(trims),
        cmocka_unit_test(cuts),
        cmocka_unit_test(copies_what_fits),
        cmocka_unit_test(reads_integers),
        cmocka_unit_test(knows_utf8),
        cmocka_unit_test(counts_code_points),
        cmocka_unit_test(knows_uuids),
        cmocka_unit_test(knows_dates),
        cmocka_unit_test(knows_times),
        cmocka_unit_test(knows_emails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
