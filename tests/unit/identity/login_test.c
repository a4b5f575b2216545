/* What a sign-in comes to, for every combination of facts: nothing is told of an account whose
 * password and code are not both right. */
#include "torture.h"

#include <string.h>

#include "login.h"

static const struct {
    struct login_facts facts;
    enum login_outcome outcome;
    enum err err;
} cases[] = {
    {{.known = false}, LOGIN_UNKNOWN, ERR_INVALID_CREDENTIALS},
    {{.known = true, .active = true}, LOGIN_WRONG_PASSWORD, ERR_INVALID_CREDENTIALS},
    {{.known = true, .active = false}, LOGIN_WRONG_PASSWORD, ERR_INVALID_CREDENTIALS},
    {{.known = true, .active = true, .password_ok = true}, LOGIN_OK, ERR_OK},
    {{.known = true, .password_ok = true}, LOGIN_DISABLED, ERR_ACCOUNT_DISABLED},
    {{.known = true, .locked = true, .active = true, .password_ok = true},
     LOGIN_LOCKED,
     ERR_INVALID_CREDENTIALS},
    {{.known = true, .locked = true, .active = true}, LOGIN_LOCKED, ERR_INVALID_CREDENTIALS},
    {{.known = true, .active = true, .password_ok = true, .mfa = true},
     LOGIN_CODE_REQUIRED,
     ERR_MFA_REQUIRED},
    {{.known = true, .active = false, .password_ok = true, .mfa = true},
     LOGIN_CODE_REQUIRED,
     ERR_MFA_REQUIRED},
    {{.known = true, .active = true, .mfa = true, .code = CODE_GOOD},
     LOGIN_WRONG_PASSWORD,
     ERR_INVALID_CREDENTIALS},
    {{.known = true, .active = true, .password_ok = true, .mfa = true, .code = CODE_BAD},
     LOGIN_WRONG_CODE,
     ERR_MFA_INVALID},
    {{.known = true, .active = false, .password_ok = true, .mfa = true, .code = CODE_GOOD},
     LOGIN_DISABLED,
     ERR_ACCOUNT_DISABLED},
    {{.known = true, .active = true, .password_ok = true, .mfa = true, .code = CODE_GOOD},
     LOGIN_OK,
     ERR_OK},
    /* a code for an account without a second factor is of no interest */
    {{.known = true, .active = true, .password_ok = true, .code = CODE_BAD}, LOGIN_OK, ERR_OK},
};

static void judges_each_case(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        enum login_outcome o = login_judge(&cases[i].facts);
        if (o != cases[i].outcome || login_outcome_err(o) != cases[i].err)
            fail_msg("case %zu comes to %s", i, login_outcome_name(o));
    }
}

/* All 96 combinations: who gets in has an account that is active and not locked, the password, and
 * the code where one is asked for; and short of that the answer is the same as for nobody. */
static void nobody_else_gets_in(void **state UNUSED)
{
    for (unsigned bits = 0; bits < 32; bits++) {
        for (int code = CODE_NONE; code <= CODE_BAD; code++) {
            struct login_facts f = {.known = bits & 1,
                                    .locked = bits & 2,
                                    .password_ok = bits & 4,
                                    .mfa = bits & 8,
                                    .active = bits & 16,
                                    .code = (enum login_code)code};
            bool should =
                f.known && !f.locked && f.password_ok && f.active && (!f.mfa || code == CODE_GOOD);
            enum login_outcome o = login_judge(&f);
            assert_int_equal(o == LOGIN_OK, should);
            if (!f.known || f.locked || !f.password_ok)
                assert_int_equal(login_outcome_err(o), ERR_INVALID_CREDENTIALS);
        }
    }
}

static void each_outcome_has_a_name_of_its_own(void **state UNUSED)
{
    for (int a = 0; a < LOGIN_OUTCOME_MAX; a++)
        for (int b = 0; b < a; b++)
            assert_string_not_equal(login_outcome_name((enum login_outcome)a),
                                    login_outcome_name((enum login_outcome)b));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(judges_each_case),
        cmocka_unit_test(nobody_else_gets_in),
        cmocka_unit_test(each_outcome_has_a_name_of_its_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
