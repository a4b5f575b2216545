/* Digests and MACs against the vectors of their standards. */
#include "torture.h"

#include <string.h>

#include "common/crypto.h"
#include "common/encode.h"

static void assert_hex(const uint8_t *data, size_t n, const char *expected)
{
    char text[HEX_SIZE(64)];
    assert_true(n <= 64);
    hex_encode(data, n, text);
    assert_string_equal(text, expected);
}

static void sha256_matches_fips_180(void **state UNUSED)
{
    static const struct {
        const char *digest, *text;
    } cases[] = {
        {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", ""},
        {"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "abc"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        uint8_t digest[SHA256_SIZE];
        assert_int_equal(sha256(str_of(cases[i].text), digest), ERR_OK);
        assert_hex(digest, sizeof digest, cases[i].digest);
    }
}

static void sha1_names_a_script_as_redis_does(void **state UNUSED)
{
    char hex[41];
    assert_int_equal(sha1_hex(STR("return 1"), hex), ERR_OK);
    assert_string_equal(hex, "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
    assert_int_equal(sha1_hex((struct str){NULL, 0}, hex), ERR_OK);
    assert_string_equal(hex, "da39a3ee5e6b4b0d3255bfef95601890afd80709");
}

static void assert_hmac(struct str key, struct str data, const char *expected)
{
    uint8_t mac[SHA256_SIZE];
    assert_int_equal(hmac_sha256(key, data, mac), ERR_OK);
    assert_hex(mac, sizeof mac, expected);
}

static void hmac_matches_rfc_4231(void **state UNUSED)
{
    char long_key[131];
    memset(long_key, 0xaa, sizeof long_key);
    assert_hmac(STR("Jefe"), STR("what do ya want for nothing?"),
                "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    assert_hmac((struct str){long_key, sizeof long_key},
                STR("Test Using Larger Than Block-Size Key - Hash Key First"),
                "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
    assert_hmac(STR(""), STR(""),
                "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_matches_fips_180),
        cmocka_unit_test(sha1_names_a_script_as_redis_does),
        cmocka_unit_test(hmac_matches_rfc_4231),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
