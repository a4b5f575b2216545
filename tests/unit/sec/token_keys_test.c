/* Key files of access tokens: what is read, what is refused with which sentence, what is shown. */
#include "torture.h"

#include <string.h>

#include "common/token.h"

/* RFC 8037, appendix A. */
#define RFC_X "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
#define RFC_D "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"

static const char public_set[] =
    "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k1\",\"x\":\"" RFC_X "\"}]}";
static const char private_set[] =
    "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"use\":\"sig\","
    "\"alg\":\"EdDSA\",\"kid\":\"k1\",\"x\":\"" RFC_X "\",\"d\":\"" RFC_D "\"}]}";

static const struct caller somebody = {.user_id = "018e2c5e-0000-7000-8000-000000000001",
                                       .role = "customer",
                                       .issued_s = 1700000000,
                                       .expires_s = 1700000900};

static enum err parse(const char *text, struct token_keys **ret)
{
    const char *why = NULL;
    enum err e = token_keys_parse(text, ret, &why);
    assert_true((e == ERR_OK) == (why == NULL));
    return e;
}

static enum err verify(const struct token_keys *keys, const struct buf *token)
{
    const struct token_expect expect = {"iss", "aud", 1700000001};
    struct caller c;
    return token_verify(keys, NULL, &expect, buf_str(token), &c);
}

static void a_public_key_verifies_and_does_not_sign(void **state UNUSED)
{
    struct token_keys *keys = NULL, *signer = NULL;
    struct buf token = BUF_INIT(4096);
    assert_int_equal(parse(public_set, &keys), ERR_OK);
    assert_int_equal(parse(private_set, &signer), ERR_OK);
    assert_int_equal(token_sign(keys, "iss", "aud", &somebody, &token), ERR_INTERNAL);
    assert_int_equal(token.len, 0);
    assert_int_equal(token_sign(signer, "iss", "aud", &somebody, &token), ERR_OK);
    assert_int_equal(verify(keys, &token), ERR_OK);
    buf_free(&token);
    token_keys_free(keys);
    token_keys_free(signer);
    token_keys_free(NULL);
}

static void the_public_set_has_no_private_part(void **state UNUSED)
{
    struct token_keys *keys = NULL, *again = NULL;
    struct buf out = BUF_INIT(4096);
    assert_int_equal(parse(private_set, &keys), ERR_OK);
    token_keys_public(keys, &out);
    assert_int_equal(buf_err(&out), ERR_OK);
    assert_string_equal(out.data, "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"use\":\"sig\","
                                  "\"alg\":\"EdDSA\",\"kid\":\"k1\",\"x\":\"" RFC_X "\"}]}");
    assert_int_equal(parse(out.data, &again), ERR_OK);
    buf_free(&out);
    token_keys_free(keys);
    token_keys_free(again);
}

static void a_generated_key_can_be_used_at_once(void **state UNUSED)
{
    struct token_keys *keys = NULL;
    struct buf one = BUF_INIT(4096), two = BUF_INIT(4096), token = BUF_INIT(4096);
    assert_int_equal(token_key_generate(&one), ERR_OK);
    assert_int_equal(token_key_generate(&two), ERR_OK);
    assert_string_not_equal(one.data, two.data);
    assert_int_equal(parse(one.data, &keys), ERR_OK);
    assert_int_equal(token_sign(keys, "iss", "aud", &somebody, &token), ERR_OK);
    token_keys_free(keys);
    buf_free(&one);
    buf_free(&two);
    buf_free(&token);
}

/* Rotation: the new key signs, tokens of the old one are still good. */
static void the_first_private_key_signs_and_all_verify(void **state UNUSED)
{
    struct token_keys *old = NULL, *both = NULL;
    struct buf new = BUF_INIT(4096), set = BUF_INIT(8192);
    struct buf before = BUF_INIT(4096), after = BUF_INIT(4096);
    assert_int_equal(token_key_generate(&new), ERR_OK);
    buf_add(&set, new.data, new.len - strlen("]}"));
    buf_addc(&set, ',');
    buf_adds(&set, strchr(private_set, '[') + 1);
    assert_int_equal(parse(private_set, &old), ERR_OK);
    assert_int_equal(parse(set.data, &both), ERR_OK);
    assert_int_equal(token_sign(old, "iss", "aud", &somebody, &before), ERR_OK);
    assert_int_equal(token_sign(both, "iss", "aud", &somebody, &after), ERR_OK);
    assert_int_equal(verify(both, &before), ERR_OK);
    assert_int_equal(verify(both, &after), ERR_OK);
    assert_int_equal(verify(old, &after), ERR_UNAUTHORIZED);
    buf_free(&new);
    buf_free(&set);
    buf_free(&before);
    buf_free(&after);
    token_keys_free(old);
    token_keys_free(both);
}

#define KEY(members) "{\"keys\":[{" members "}]}"
#define OKP "\"kty\":\"OKP\",\"crv\":\"Ed25519\","
#define KID "\"kid\":\"k1\","

static void a_bad_file_is_refused_with_a_sentence(void **state UNUSED)
{
#define GOOD_X "\"x\":\"" RFC_X "\""
#define NOT_A_SET "array `keys`"
#define NOT_ED25519 "not for Ed25519"
#define BAD_X "x is not base64url"
#define BAD_D "d is not base64url"
#define KID_65                                                         \
    "0123456789012345678901234567890123456789012345678901234567890123" \
    "4"
    static const struct {
        const char *why, *text;
    } cases[] = {
        {"", ""},
        {NOT_A_SET, "[]"},
        {NOT_A_SET, "{}"},
        {NOT_A_SET, "{\"keys\":{}}"},
        {NOT_A_SET, "{\"keys\":[]}"},
        {"not a JSON object", "{\"keys\":[1]}"},
        {NOT_ED25519, KEY(KID GOOD_X)},
        {NOT_ED25519, KEY("\"kty\":\"RSA\"," KID GOOD_X)},
        {NOT_ED25519, KEY("\"kty\":\"OKP\",\"crv\":\"X25519\"," KID GOOD_X)},
        {NOT_ED25519, KEY(OKP "\"use\":\"enc\"," KID GOOD_X)},
        {NOT_ED25519, KEY(OKP "\"alg\":\"HS256\"," KID GOOD_X)},
        {NOT_ED25519, KEY(OKP "\"alg\":1," KID GOOD_X)},
        {"kid", KEY(OKP GOOD_X)},
        {"kid", KEY(OKP "\"kid\":\"\"," GOOD_X)},
        {"kid", KEY(OKP "\"kid\":7," GOOD_X)},
        {"kid", KEY(OKP "\"kid\":\"a b\"," GOOD_X)},
        {"kid", KEY(OKP "\"kid\":\"" KID_65 "\"," GOOD_X)},
        {BAD_X, KEY(OKP KID "\"y\":\"\"")},
        {BAD_X, KEY(OKP KID "\"x\":\"" RFC_X "=\"")},
        {BAD_X, KEY(OKP KID "\"x\":\"AAAA\"")},
        {BAD_D, KEY(OKP KID GOOD_X ",\"d\":\"AAAA\"")},
        {BAD_D, KEY(OKP KID GOOD_X ",\"d\":null")},
        {"not the public key of d", KEY(OKP KID "\"x\":\"" RFC_D "\",\"d\":\"" RFC_D "\"")},
        {"same kid", "{\"keys\":[{" OKP KID GOOD_X "},{" OKP KID GOOD_X "}]}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct token_keys *keys = NULL;
        const char *why = NULL;
        assert_int_equal(token_keys_parse(cases[i].text, &keys, &why), ERR_INVALID);
        assert_null(keys);
        assert_non_null(why);
        if (!strstr(why, cases[i].why))
            fail_msg("case %zu says: %s", i, why);
        assert_null(strstr(why, RFC_D)); /* no secret in a sentence for the log */
    }
}

static bool parse_and_show(void *arg UNUSED)
{
    struct token_keys *keys = NULL;
    const char *why;
    struct buf out = BUF_INIT(4096);
    bool ok = token_keys_parse(private_set, &keys, &why) == ERR_OK;
    if (ok)
        token_keys_public(keys, &out);
    ok = ok && buf_err(&out) == ERR_OK && token_key_generate(&out) == ERR_OK;
    buf_free(&out);
    token_keys_free(keys);
    return ok;
}

static void it_survives_failing_allocations(void **state UNUSED)
{
    torture(parse_and_show, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_public_key_verifies_and_does_not_sign),
        cmocka_unit_test(the_public_set_has_no_private_part),
        cmocka_unit_test(a_generated_key_can_be_used_at_once),
        cmocka_unit_test(the_first_private_key_signs_and_all_verify),
        cmocka_unit_test(a_bad_file_is_refused_with_a_sentence),
        cmocka_unit_test(it_survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
