/* Which new passwords are refused, and with what words. */
#include "torture.h"

#include "password_policy.h"

static const struct {
    const char *password, *problem;
} cases[] = {
    /* good ones: long is enough */
    {"correct staple horse moon", NULL},
    {"vermicelli99lamps", NULL},
    {"Xq7#mvTz!2pL", NULL},
    {"zwölf Zeichen, ja", NULL},
    {"93847561029384", NULL},
    {"3f9a1c77e05b2d48", NULL},
    {"i cook at your place", NULL},
    /* few characters, or each the next of the last */
    {"aaaaaaaaaaaaaa", "is too regular"},
    {"121212121212", "is too regular"},
    {"123456789012", "is too regular"},
    {"987654321098", "is too regular"},
    {"abcdefghijklmnop", "is too regular"},
    /* common words in disguise */
    {"Password1234!", "is a common password"},
    {"p4$$w0rd2026!!", "is a common password"},
    {"PASSWORDPASSWORD", "is a common password"},
    {"letmein-letmein", "is a common password"},
    {"qwertyuiop1234", "is a common password"},
    {"1q2w3e4r5t6y", "is a common password"},
    {"Hibachi2026!!", "is a common password"},
    {"correct horse battery staple", "is a common password"},
    /* what everybody knows of the account */
    {"maria.santos@example.com", "is made of the address or the name"},
    {"MARIA.SANTOS@EXAMPLE.COM", "is made of the address or the name"},
    {"mariasantos1977", "is made of the address or the name"},
    {"Maria-Santos-Lopez", "is made of the address or the name"},
};

static void refuses_what_is_guessed_first(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *problem = password_problem(str_of(cases[i].password),
                                               "maria.santos@example.com", "Maria Santos Lopez");
        const char *want = cases[i].problem;
        if ((problem == NULL) != (want == NULL) || (want && strcmp(problem, want) != 0))
            fail_msg("%s: %s", cases[i].password, problem ? problem : "taken");
    }
}

static void needs_to_know_neither_address_nor_name(void **state UNUSED)
{
    assert_null(password_problem(STR("vermicelli99lamps"), NULL, NULL));
    assert_non_null(password_problem(STR("Password1234!"), NULL, NULL));
}

/* "Li" is a name and half of nothing. */
static void a_short_name_forbids_nothing(void **state UNUSED)
{
    assert_null(password_problem(STR("li7394li8265"), "li@example.com", "Li"));
}

static void the_longest_password_is_read(void **state UNUSED)
{
    char text[512];
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = "mdxkqzvb"[i % 8];
    assert_null(password_problem((struct str){text, sizeof(text)}, "a@b.c", "A"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refuses_what_is_guessed_first),
        cmocka_unit_test(needs_to_know_neither_address_nor_name),
        cmocka_unit_test(a_short_name_forbids_nothing),
        cmocka_unit_test(the_longest_password_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
