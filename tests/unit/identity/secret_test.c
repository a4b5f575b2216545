/* Refresh tokens, links, API keys and recovery codes: what is made can be recognised, and no two
 * are the same. */
#include "torture.h"

#include <ctype.h>
#include <string.h>

#include "secret.h"

static void tokens_hash_to_what_the_table_has(void **state UNUSED)
{
    struct secret a, b;
    char hash[SECRET_HASH_SIZE];
    assert_int_equal(secret_make("mhr_", &a), ERR_OK);
    assert_int_equal(secret_make("mhr_", &b), ERR_OK);
    assert_true(str_starts(str_of(a.text), STR("mhr_")));
    assert_int_equal(strlen(a.text), 4 + 43); /* 256 bits */
    assert_string_not_equal(a.text, b.text);
    assert_int_equal(secret_hash(str_of(a.text), hash), ERR_OK);
    assert_string_equal(hash, a.hash);
    assert_int_equal(strlen(hash), 64);
    assert_int_equal(secret_hash(str_of(b.text), hash), ERR_OK);
    assert_string_not_equal(hash, a.hash);
}

static void known_hash(void **state UNUSED)
{
    char hash[SECRET_HASH_SIZE];
    assert_int_equal(secret_hash(STR("abc"), hash), ERR_OK); /* FIPS 180-2, appendix B.1 */
    assert_string_equal(hash, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void a_prefix_that_is_too_long_is_refused(void **state UNUSED)
{
    struct secret s = {.text = "untouched"};
    assert_int_equal(secret_make("0123456789012345678901234567890123456789", &s), ERR_TOO_LARGE);
    assert_string_equal(s.text, "untouched");
}

static void api_keys_name_their_entry(void **state UNUSED)
{
    struct secret key;
    char prefix[API_KEY_PREFIX_SIZE], found[API_KEY_PREFIX_SIZE], hash[SECRET_HASH_SIZE];
    assert_int_equal(api_key_make(prefix, &key), ERR_OK);
    assert_int_equal(strlen(prefix), API_KEY_PREFIX_SIZE - 1);
    assert_int_equal(strncmp(key.text + strlen(API_KEY_MARK), prefix, strlen(prefix)), 0);
    assert_int_equal(api_key_split(str_of(key.text), found, hash), ERR_OK);
    assert_string_equal(found, prefix);
    assert_string_equal(hash, key.hash);
}

static void what_is_no_api_key_is_refused(void **state UNUSED)
{
    static const char *const texts[] = {
        "",
        "mhk_",
        "mhk_0123456789ab",
        "mhk_0123456789ab_",
        "mhk_0123456789ab_short",
        "mhr_0123456789ab_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "mhk_0123456789a_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "mhk_0123456789xy_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "mhk_0123456789ab_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "mhk_0123456789abcd_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    char prefix[API_KEY_PREFIX_SIZE], hash[SECRET_HASH_SIZE];
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (api_key_split(str_of(texts[i]), prefix, hash) != ERR_INVALID)
            fail_msg("taken for an API key: %s", texts[i]);
}

static void recovery_codes_are_read_as_people_type_them(void **state UNUSED)
{
    struct secret code;
    assert_int_equal(recovery_code_make(&code), ERR_OK);
    assert_int_equal(strlen(code.text), 19); /* ABCD-EFGH-IJKL-MNOP */
    char typed[32], hash[SECRET_HASH_SIZE];
    size_t n = 0;
    for (const char *p = code.text; *p; p++)
        typed[n++] = *p == '-' ? ' ' : (char)tolower((unsigned char)*p);
    assert_int_equal(recovery_code_hash((struct str){typed, n}, hash), ERR_OK);
    assert_string_equal(hash, code.hash);
    assert_int_equal(recovery_code_hash(str_of(code.text), hash), ERR_OK);
    assert_string_equal(hash, code.hash);
}

static void what_is_no_recovery_code_is_refused(void **state UNUSED)
{
    static const char *const texts[] = {"", "ABCD-EFGH-IJKL-MNO", "ABCD-EFGH-IJKL-MNOPQ",
                                        "ABCD-EFGH-IJKL-MNO1", /* 0, 1, 8, 9 are not in base32 */
                                        "ABCD-EFGH-IJKL-MN\xc3\x96"};
    char hash[SECRET_HASH_SIZE];
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        if (recovery_code_hash(str_of(texts[i]), hash) != ERR_INVALID)
            fail_msg("taken for a recovery code: %s", texts[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_hash_to_what_the_table_has),
        cmocka_unit_test(known_hash),
        cmocka_unit_test(a_prefix_that_is_too_long_is_refused),
        cmocka_unit_test(api_keys_name_their_entry),
        cmocka_unit_test(what_is_no_api_key_is_refused),
        cmocka_unit_test(recovery_codes_are_read_as_people_type_them),
        cmocka_unit_test(what_is_no_recovery_code_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
