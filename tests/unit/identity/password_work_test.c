/* Checking and hashing passwords, as the worker threads do it. */
#include "torture.h"

#include "password_work.h"

static char hash[PASSWORD_HASH_SIZE];

static int hash_make(void **state UNUSED)
{
    return password_hash(STR("vermicelli99lamps"), hash) == ERR_OK ? 0 : -1;
}

static void passes_the_right_password(void **state UNUSED)
{
    struct password_work w = {.check = true, .password = STR("vermicelli99lamps"), .hash = hash};
    password_work_run(&w);
    assert_true(w.passed);
    assert_int_equal(w.err, ERR_OK);
    assert_string_equal(w.made, ""); /* its hash is of today: no new one */
}

static void stops_the_wrong_one_before_anything_is_hashed(void **state UNUSED)
{
    struct password_work w = {.check = true,
                              .password = STR("vermicelli99lampz"),
                              .hash = hash,
                              .fresh = STR("something else 123")};
    password_work_run(&w);
    assert_false(w.passed);
    assert_int_equal(w.err, ERR_OK);
    assert_string_equal(w.made, "");
}

static void nobody_passes_for_no_account(void **state UNUSED)
{
    struct password_work w = {.check = true, .password = STR("vermicelli99lamps"), .hash = NULL};
    password_work_run(&w);
    assert_false(w.passed);
    assert_int_equal(w.err, ERR_OK);
}

static void hashes_the_new_one_after_the_check(void **state UNUSED)
{
    struct password_work w = {.check = true,
                              .password = STR("vermicelli99lamps"),
                              .hash = hash,
                              .fresh = STR("something else 123")};
    password_work_run(&w);
    assert_true(w.passed);
    assert_int_equal(password_verify(STR("something else 123"), w.made), ERR_OK);
    assert_int_equal(password_verify(STR("vermicelli99lamps"), w.made), ERR_UNAUTHORIZED);
}

static void hashes_without_a_check(void **state UNUSED)
{
    struct password_work w = {.fresh = STR("something else 123")};
    password_work_run(&w);
    assert_true(w.passed);
    assert_int_equal(password_verify(STR("something else 123"), w.made), ERR_OK);
}

/* A hash of cheaper days: m=8 MiB. It is right, and is replaced. */
static void a_weak_hash_is_made_anew(void **state UNUSED)
{
    static const char weak[] = "$argon2id$v=19$m=8192,t=1,p=1$c29tZXNhbHRzb21lc2FsdA$"
                               "i0Ds773luCLlgiLbw+bvLLz7wyd1gtLzgG9pBnViE8A";
    struct password_work w = {.check = true, .password = STR("vermicelli99lamps"), .hash = weak};
    password_work_run(&w);
    assert_true(w.passed);
    assert_false(password_needs_rehash(w.made));
    assert_int_equal(password_verify(STR("vermicelli99lamps"), w.made), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(passes_the_right_password),
        cmocka_unit_test(stops_the_wrong_one_before_anything_is_hashed),
        cmocka_unit_test(nobody_passes_for_no_account),
        cmocka_unit_test(hashes_the_new_one_after_the_check),
        cmocka_unit_test(hashes_without_a_check),
        cmocka_unit_test(a_weak_hash_is_made_anew),
    };
    return cmocka_run_group_tests(tests, hash_make, NULL);
}
