/* One-time passwords against RFC 6238, appendix B (the last six of its eight digits). */
#include "torture.h"

#include "common/totp.h"

static const uint8_t secret[TOTP_SECRET_BYTES] = "12345678901234567890";

static void codes_match_rfc_6238(void **state UNUSED)
{
    static const struct {
        int64_t now_s;
        const char *code;
    } cases[] = {
        {59, "287082"},         {1111111109, "081804"}, {1111111111, "050471"},
        {1234567890, "005924"}, {2000000000, "279037"}, {20000000000, "353130"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char code[7];
        int64_t step = -1;
        assert_int_equal(totp_code(secret, cases[i].now_s / 30, code), ERR_OK);
        assert_string_equal(code, cases[i].code);
        assert_int_equal(totp_verify(secret, str_of(code), cases[i].now_s, &step), ERR_OK);
        assert_int_equal(step, cases[i].now_s / 30);
    }
}

static void a_code_is_good_one_step_early_and_late(void **state UNUSED)
{
    static const struct {
        int64_t steps;
        enum err e;
    } cases[] = {
        {-2, ERR_UNAUTHORIZED}, {-1, ERR_OK}, {0, ERR_OK}, {1, ERR_OK}, {2, ERR_UNAUTHORIZED}};
    const int64_t step = 37037036;
    char code[7];
    assert_int_equal(totp_code(secret, step, code), ERR_OK);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int64_t matched = -1, now_s = (step + cases[i].steps) * 30 + 7;
        assert_int_equal(totp_verify(secret, str_of(code), now_s, &matched), cases[i].e);
        assert_int_equal(matched, cases[i].e == ERR_OK ? step : -1);
    }
}

static void what_is_no_code_is_refused(void **state UNUSED)
{
    static const char *const codes[] = {"", "28708", "2870820", " 287082", "28708a", "000000"};
    for (size_t i = 0; i < ARRAY_LEN(codes); i++) {
        int64_t step = -1;
        assert_int_equal(totp_verify(secret, str_of(codes[i]), 59, &step), ERR_UNAUTHORIZED);
        assert_int_equal(step, -1);
    }
}

static void there_are_no_steps_before_1970(void **state UNUSED)
{
    char code[7];
    int64_t step = -1;
    assert_int_equal(totp_code(secret, -1, code), ERR_INVALID);
    assert_int_equal(totp_code(secret, 0, code), ERR_OK);
    assert_int_equal(totp_verify(secret, str_of(code), 0, &step), ERR_OK);
    assert_int_equal(step, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(codes_match_rfc_6238),
        cmocka_unit_test(a_code_is_good_one_step_early_and_late),
        cmocka_unit_test(what_is_no_code_is_refused),
        cmocka_unit_test(there_are_no_steps_before_1970),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
