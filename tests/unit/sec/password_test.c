/* Password hashes: ours, those of others, and rows that want to eat the machine. */
#include "torture.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/password.h"

static void a_password_matches_its_hash_only(void **state UNUSED)
{
    char one[PASSWORD_HASH_SIZE], two[PASSWORD_HASH_SIZE];
    struct str good = STR("correct horse b\xc3\xa4ttery");
    assert_int_equal(password_hash(good, one), ERR_OK);
    assert_int_equal(password_hash(good, two), ERR_OK);
    assert_string_not_equal(one, two); /* salted */
    assert_int_equal(strncmp(one, "$argon2id$v=19$m=19456,t=2,p=1$", 31), 0);
    assert_int_equal(password_verify(good, one), ERR_OK);
    assert_int_equal(password_verify(good, two), ERR_OK);
    assert_int_equal(password_verify(STR("correct horse battery"), one), ERR_UNAUTHORIZED);
    assert_int_equal(password_verify(STR(""), one), ERR_UNAUTHORIZED);
    assert_false(password_needs_rehash(one));
}

/* From the test vectors of the reference implementation. */
static void a_hash_of_another_program_is_read_and_due_for_renewal(void **state UNUSED)
{
    static const char phc[] = "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$"
                              "nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";
    assert_int_equal(password_verify(STR("password"), phc), ERR_OK);
    assert_int_equal(password_verify(STR("passwort"), phc), ERR_UNAUTHORIZED);
    assert_true(password_needs_rehash(phc));
}

/* Processor time, so that a busy machine does not change the answer. */
static double cost_of_verify(const char *phc)
{
    double fastest = 1e9;
    for (int i = 0; i < 3; i++) {
        clock_t start = clock();
        assert_int_equal(password_verify(STR("ba9876543210"), phc), ERR_UNAUTHORIZED);
        fastest = MIN(fastest, (double)(clock() - start));
    }
    return fastest;
}

static void an_unknown_account_costs_as_much_as_a_known_one(void **state UNUSED)
{
    char phc[PASSWORD_HASH_SIZE];
    assert_int_equal(password_hash(STR("0123456789ab"), phc), ERR_OK);
    double known = cost_of_verify(phc), unknown = cost_of_verify(NULL);
    assert_true(unknown > known / 2 && unknown < known * 2);
}

static void hostile_rows_are_refused_without_their_cost(void **state UNUSED)
{
#define SALT_AND_HASH "$c29tZXNhbHRzb21lc2FsdA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
    static const char *const rows[] = {
        "",
        "$",
        "plain text",
        "$argon2id$v=19$m=4294967295,t=2,p=1" SALT_AND_HASH,
        "$argon2id$v=19$m=262145,t=2,p=1" SALT_AND_HASH,
        "$argon2id$v=19$m=19456,t=11,p=1" SALT_AND_HASH,
        "$argon2id$v=19$m=19456,t=4000000000,p=1" SALT_AND_HASH,
        "$argon2id$v=19$m=19456,t=2,p=5" SALT_AND_HASH,
        "$argon2id$v=19$m=19456,t=0,p=1" SALT_AND_HASH,
        "$argon2id$v=19$t=2,m=19456,p=1" SALT_AND_HASH,
        "$argon2id$m=19456,t=2,p=1" SALT_AND_HASH,
        "$argon2i$v=19$m=19456,t=2,p=1" SALT_AND_HASH,
        "$argon2id$v=19$m=19456,t=2,p=1",
        "$argon2id$v=19$m=19456,t=2,p=1$$",
        "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$",
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(password_verify(STR("password"), rows[i]), ERR_UNAUTHORIZED);
        if (i < 12)
            assert_true(password_needs_rehash(rows[i]));
    }
    assert_true(password_needs_rehash(NULL));
}

static void the_length_is_bounded(void **state UNUSED)
{
    char phc[PASSWORD_HASH_SIZE] = "untouched", text[4 * PASSWORD_MAX + 1];
    memset(text, 'x', sizeof text);
    assert_int_equal(password_hash((struct str){text, sizeof text}, phc), ERR_INVALID);
    assert_string_equal(phc, "untouched");
    assert_int_equal(password_hash((struct str){text, sizeof text - 1}, phc), ERR_OK);
    assert_int_equal(password_verify((struct str){text, sizeof text - 1}, phc), ERR_OK);
    assert_int_equal(password_verify((struct str){text, sizeof text}, phc), ERR_UNAUTHORIZED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_password_matches_its_hash_only),
        cmocka_unit_test(a_hash_of_another_program_is_read_and_due_for_renewal),
        cmocka_unit_test(an_unknown_account_costs_as_much_as_a_known_one),
        cmocka_unit_test(hostile_rows_are_refused_without_their_cost),
        cmocka_unit_test(the_length_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
