/* Access tokens: what identity writes is read back, and every way to cheat is refused. */
#include "torture.h"

#include <stdio.h>
#include <string.h>

#include <openssl/evp.h>

#include "common/encode.h"
#include "common/token.h"

/* The key of RFC 8037, appendix A. */
static const uint8_t private_key[32] = {
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
    0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60};
static const char jwks[] = "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k1\","
                           "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\","
                           "\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"}]}";

#define EXPECT(issuer, audience, at_s) (&(struct token_expect){issuer, audience, at_s})
#define NOW 1700000000
#define USER "018e2c5e-0000-7000-8000-000000000001"
#define SESSION "018e2c5e-0000-7000-8000-000000000002"
#define STATION "018e2c5e-0000-7000-8000-000000000003"

static struct token_keys *keys;

static int set_up(void **state UNUSED)
{
    const char *why;
    return token_keys_parse(jwks, &keys, &why) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state UNUSED)
{
    token_keys_free(keys);
    return 0;
}

static enum err verify(const char *token, int64_t now_s, struct caller *ret)
{
    const struct token_expect expect = {"iss", "aud", now_s};
    return token_verify(keys, NULL, &expect, str_of(token), ret);
}

static void add_segment(struct buf *token, const void *data, size_t n)
{
    char text[4096];
    assert_true(BASE64_SIZE(n) <= sizeof text);
    base64url_encode(data, n, text);
    if (token->len > 0)
        buf_addc(token, '.');
    buf_adds(token, text);
}

/* A JWS with a good signature over whatever head and claims are given. In static memory. */
static const char *forge(const char *head, const char *claims)
{
    static char text[8192];
    struct buf token = BUF_INIT(sizeof text - 1);
    uint8_t signature[64];
    size_t n = sizeof signature;
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, private_key, 32);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    add_segment(&token, head, strlen(head));
    add_segment(&token, claims, strlen(claims));
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey), 1);
    assert_int_equal(EVP_DigestSign(ctx, signature, &n, (uint8_t *)token.data, token.len), 1);
    EVP_MD_CTX_free(ctx);
    EVP_PKEY_free(pkey);
    add_segment(&token, signature, n);
    memcpy(text, token.data, token.len + 1);
    buf_free(&token);
    return text;
}

static struct caller example(void)
{
    struct caller c = {.known = true,
                       .user_id = USER,
                       .session_id = SESSION,
                       .role = "station_manager",
                       .stations = {STATION},
                       .n_stations = 1,
                       .generation = 3,
                       .issued_s = NOW,
                       .expires_s = NOW + 900};
    for (int p = 0; p < PERM_MAX; p++)
        c.scopes[p] = (uint8_t)(p * 7 % 4);
    return c;
}

static char *sign(const struct caller *c)
{
    static char text[4097];
    struct buf out = BUF_INIT(4096);
    assert_int_equal(token_sign(keys, "iss", "aud", c, &out), ERR_OK);
    memcpy(text, out.data, out.len + 1);
    buf_free(&out);
    return text;
}

static void what_identity_writes_is_read_back(void **state UNUSED)
{
    struct caller in = example(), out = {.known = false};
    assert_int_equal(verify(sign(&in), NOW + 1, &out), ERR_OK);
    assert_true(out.known);
    assert_string_equal(out.user_id, in.user_id);
    assert_string_equal(out.session_id, in.session_id);
    assert_string_equal(out.role, in.role);
    assert_int_equal(out.n_stations, 1);
    assert_string_equal(out.stations[0], STATION);
    assert_memory_equal(out.scopes, in.scopes, sizeof in.scopes);
    assert_int_equal(out.generation, 3);
    assert_int_equal(out.issued_s, NOW);
    assert_int_equal(out.expires_s, NOW + 900);
}

static void the_largest_caller_fits(void **state UNUSED)
{
    struct caller in = example(), out;
    for (size_t i = 0; i < CALLER_MAX_STATIONS; i++)
        memcpy(in.stations[i], STATION, sizeof STATION);
    in.n_stations = CALLER_MAX_STATIONS;
    memset(in.role, 'r', CALLER_ROLE_SIZE - 1);
    assert_int_equal(verify(sign(&in), NOW, &out), ERR_OK);
    assert_int_equal(out.n_stations, CALLER_MAX_STATIONS);
    assert_string_equal(out.stations[CALLER_MAX_STATIONS - 1], STATION);
    in.session_id[0] = '\0';
    in.n_stations = 0;
    assert_int_equal(verify(sign(&in), NOW, &out), ERR_OK);
    assert_string_equal(out.session_id, "");
    assert_int_equal(out.n_stations, 0);
}

/* Made with another library (Python's cryptography). */
static void the_form_does_not_change(void **state UNUSED)
{
    static const char token[] =
        "eyJ0eXAiOiAiYXQrand0IiwgImFsZyI6ICJFZERTQSIsICJraWQiOiAiazEifQ.eyJpc3MiOiAiaHR0c"
        "HM6Ly9pZC50ZXN0IiwgImF1ZCI6ICJhcGkiLCAic3ViIjogIjAxOGUyYzVlLTAwMDAtNzAwMC04MDAwL"
        "TAwMDAwMDAwMDAwMSIsICJzaWQiOiAiMDE4ZTJjNWUtMDAwMC03MDAwLTgwMDAtMDAwMDAwMDAwMDAyI"
        "iwgImlhdCI6IDE3MDAwMDAwMDAsICJuYmYiOiAxNzAwMDAwMDAwLCAiZXhwIjogMTcwMDAwMDkwMCwgI"
        "nJvbGUiOiAic3RhdGlvbl9tYW5hZ2VyIiwgInN0IjogWyIwMThlMmM1ZS0wMDAwLTcwMDAtODAwMC0wM"
        "DAwMDAwMDAwMDMiXSwgInBlcm0iOiAiNUFFIn0.NMA_9lskJUOzBo50qMPE9Ah7UHheVaNBr9n6Xi-vr"
        "uxlLljC1uO-cSUkhFi5NR-jaEVPO-1yOtrw0_jd_FztCQ";
    struct caller c;
    assert_int_equal(
        token_verify(keys, NULL, EXPECT("https://id.test", "api", NOW), str_of(token), &c), ERR_OK);
    assert_string_equal(c.user_id, USER);
    assert_string_equal(c.session_id, SESSION);
    assert_string_equal(c.role, "station_manager");
    assert_int_equal(c.generation, 0);
    assert_string_equal(c.stations[0], STATION);
    static const uint8_t scopes[] = {SCOPE_NONE, SCOPE_OWN, SCOPE_STATION, SCOPE_ALL, SCOPE_OWN};
    assert_memory_equal(c.scopes, scopes, sizeof scopes);
    for (size_t p = sizeof scopes; p < PERM_MAX; p++) /* the token has fewer than we know */
        assert_int_equal(c.scopes[p], SCOPE_NONE);
}

#define HEAD "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}"
/* Claims in which a part can be replaced: cases below say only what is different. */
#define CLAIMS(who, when, what) "{\"iss\":\"iss\",\"aud\":\"aud\"," who "," when "," what "}"
#define WHO "\"sub\":\"" USER "\",\"sid\":\"" SESSION "\""
#define WHEN "\"iat\":1700000000,\"nbf\":1700000000,\"exp\":1700000900"
#define WHAT "\"role\":\"chef\",\"st\":[],\"perm\":\"AA\""

static void a_forged_head_is_refused(void **state UNUSED)
{
    static const char *const bad[] = {
        "{\"alg\":\"none\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}",
        "{\"alg\":\"HS256\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}",
        "{\"alg\":\"eddsa\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}",
        "{\"alg\":[\"EdDSA\"],\"typ\":\"at+jwt\",\"kid\":\"k1\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"k1\"}",
        "{\"alg\":\"EdDSA\",\"kid\":\"k1\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"k2\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"k1\",\"crit\":[\"exp\"]}",
        "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"k1\",\"jku\":\"https://evil.test\"}",
        "{\"alg\":\"none\",\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}",
        "[\"EdDSA\",\"at+jwt\",\"k1\"]",
        "EdDSA",
    };
    struct caller c = {.known = false};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        const char *token = forge(bad[i], CLAIMS(WHO, WHEN, WHAT));
        assert_int_equal(verify(token, NOW, &c), ERR_UNAUTHORIZED);
        assert_false(c.known);
    }
    assert_int_equal(verify(forge(HEAD, CLAIMS(WHO, WHEN, WHAT)), NOW, &c), ERR_OK);
}

static void claims_are_checked_one_by_one(void **state UNUSED)
{
#define NINE "\"" STATION "\",\"" STATION "\",\"" STATION "\""
    static const char *const bad[] = {
        "[]",
        "{}",
        "{\"iss\":\"other\",\"aud\":\"aud\"," WHO "," WHEN "," WHAT "}",
        "{\"iss\":\"iss\",\"aud\":\"other\"," WHO "," WHEN "," WHAT "}",
        "{\"iss\":\"iss\",\"aud\":[\"aud\",\"other\"]," WHO "," WHEN "," WHAT "}",
        "{\"aud\":\"aud\"," WHO "," WHEN "," WHAT "}",
        "{\"iss\":\"iss\"," WHO "," WHEN "," WHAT "}",
        CLAIMS("\"sub\":\"root\"", WHEN, WHAT),
        CLAIMS("\"sid\":\"" SESSION "\"", WHEN, WHAT),
        CLAIMS("\"sub\":\"" USER "\",\"sid\":\"x\"", WHEN, WHAT),
        CLAIMS(WHO ",\"sub\":\"" USER "\"", WHEN, WHAT), /* a name twice */
        CLAIMS(WHO, "\"iat\":1700000000,\"nbf\":1700000000", WHAT),
        CLAIMS(WHO, "\"iat\":1700000000,\"exp\":1700000900", WHAT),
        CLAIMS(WHO, "\"nbf\":1700000000,\"exp\":1700000900", WHAT),
        CLAIMS(WHO, "\"iat\":\"1700000000\",\"nbf\":1700000000,\"exp\":1700000900", WHAT),
        CLAIMS(WHO, "\"iat\":1700000000,\"nbf\":1700000000,\"exp\":1700000900.5", WHAT),
        CLAIMS(WHO, "\"iat\":1700000061,\"nbf\":1700000000,\"exp\":1700000900", WHAT),
        CLAIMS(WHO, "\"iat\":1700000000,\"nbf\":1700000061,\"exp\":1700000900", WHAT),
        CLAIMS(WHO, "\"iat\":1700000000,\"nbf\":1700000000,\"exp\":1700086401", WHAT),
        CLAIMS(WHO, "\"iat\":-9007199254740991,\"nbf\":0,\"exp\":9007199254740991", WHAT),
        CLAIMS(WHO ",\"gen\":-1", WHEN, WHAT),
        CLAIMS(WHO ",\"gen\":0.5", WHEN, WHAT),
        CLAIMS(WHO ",\"gen\":null", WHEN, WHAT),
        CLAIMS(WHO ",\"gen\":\"1\"", WHEN, WHAT),
        CLAIMS(WHO, WHEN, "\"st\":[],\"perm\":\"AA\""),
        CLAIMS(WHO, WHEN, "\"role\":\"\",\"st\":[],\"perm\":\"AA\""),
        CLAIMS(WHO, WHEN, "\"role\":\"0123456789abcdef0123456789abcdef\",\"st\":[],\"perm\":\"\""),
        CLAIMS(WHO, WHEN, "\"role\":\"chef\",\"perm\":\"AA\""),
        CLAIMS(WHO, WHEN, "\"role\":\"chef\",\"st\":{},\"perm\":\"AA\""),
        CLAIMS(WHO, WHEN, "\"role\":\"chef\",\"st\":[\"x\"],\"perm\":\"AA\""),
        CLAIMS(WHO, WHEN, "\"role\":\"chef\",\"st\":[1],\"perm\":\"AA\""),
        CLAIMS(WHO, WHEN, "\"role\":\"chef\",\"st\":[" NINE "," NINE "," NINE "],\"perm\":\"AA\""),
        CLAIMS(WHO, WHEN, "\"role\":\"chef\",\"st\":[]"),
        CLAIMS(WHO, WHEN, "\"role\":\"chef\",\"st\":[],\"perm\":3"),
        CLAIMS(WHO, WHEN, "\"role\":\"chef\",\"st\":[],\"perm\":\"AB\""), /* spare bits */
        CLAIMS(WHO, WHEN, "\"role\":\"chef\",\"st\":[],\"perm\":\"AA==\""),
    };
    struct caller c = {.known = false};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        if (verify(forge(HEAD, bad[i]), NOW, &c) != ERR_UNAUTHORIZED)
            fail_msg("accepted: %s", bad[i]);
        assert_false(c.known);
    }
    assert_int_equal(verify(forge(HEAD, CLAIMS(WHO, WHEN, WHAT)), NOW - 60, &c), ERR_OK);
    assert_int_equal(verify(forge(HEAD, CLAIMS(WHO, WHEN, WHAT)), NOW - 61, &c), ERR_UNAUTHORIZED);
}

/* A newer identity knows permissions that this program does not. */
static void unknown_permissions_are_passed_over(void **state UNUSED)
{
    uint8_t packed[PERM_MAX / 4 + 8];
    char perm[BASE64_SIZE(sizeof packed)], claims[1024];
    struct caller c;
    memset(packed, 0xff, sizeof packed);
    base64url_encode(packed, sizeof packed, perm);
    snprintf(claims, sizeof claims, CLAIMS(WHO, WHEN, "\"role\":\"r\",\"st\":[],\"perm\":\"%s\""),
             perm);
    assert_int_equal(verify(forge(HEAD, claims), NOW, &c), ERR_OK);
    for (int p = 0; p < PERM_MAX; p++)
        assert_int_equal(c.scopes[p], SCOPE_ALL);
}

static void only_a_genuine_token_expires(void **state UNUSED)
{
    struct caller in = example(), c = {.known = false};
    char *token = sign(&in);
    assert_int_equal(verify(token, NOW + 899, &c), ERR_OK);
    c.known = false;
    assert_int_equal(verify(token, NOW + 900, &c), ERR_TOKEN_EXPIRED);
    assert_int_equal(token_verify(keys, NULL, EXPECT("iss", "other", NOW + 900), str_of(token), &c),
                     ERR_UNAUTHORIZED);
    char *signature = strrchr(token, '.') + 1;
    signature[0] = signature[0] == 'A' ? 'B' : 'A';
    assert_int_equal(verify(token, NOW + 900, &c), ERR_UNAUTHORIZED);
    assert_false(c.known);
}

static void every_changed_character_is_noticed(void **state UNUSED)
{
    struct caller in = example(), c = {.known = false};
    char *token = sign(&in);
    for (size_t i = 0; token[i]; i++) {
        char was = token[i];
        token[i] = was == 'A' ? 'Q' : 'A';
        assert_int_equal(verify(token, NOW, &c), ERR_UNAUTHORIZED);
        token[i] = was;
    }
    /* The last character of 64 bytes in base64url has four bits to spare. */
    char *last = token + strlen(token) - 1;
    (*last)++;
    assert_int_equal(verify(token, NOW, &c), ERR_UNAUTHORIZED);
    assert_false(c.known);
}

static void what_is_no_jws_is_refused(void **state UNUSED)
{
    static char big[4097];
    char extra[4200];
    struct caller in = example(), c = {.known = false};
    char *good = sign(&in);
    static const char *const bad[] = {"",    ".",    "..",       "...",
                                      "a.b", "a..b", "Bearer x", "e30.e30.AA"};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(verify(bad[i], NOW, &c), ERR_UNAUTHORIZED);
    static const char *const around[] = {"%s.", ".%s", "%s.AA", " %s", "%s ", "%s=", "%s\n"};
    for (size_t i = 0; i < ARRAY_LEN(around); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(extra, sizeof extra, around[i], good);
#pragma GCC diagnostic pop
        assert_int_equal(verify(extra, NOW, &c), ERR_UNAUTHORIZED);
    }
    memset(big, 'A', sizeof big);
    assert_int_equal(
        token_verify(keys, NULL, EXPECT("iss", "aud", NOW), (struct str){big, sizeof big}, &c),
        ERR_UNAUTHORIZED);
    assert_false(c.known);
}

static void a_caller_that_makes_no_sense_is_not_signed(void **state UNUSED)
{
    struct buf out = BUF_INIT(4096);
    struct caller c = example();
    c.user_id[0] = '\0';
    assert_int_equal(token_sign(keys, "iss", "aud", &c, &out), ERR_INVALID);
    c = example();
    c.session_id[3] = '"';
    assert_int_equal(token_sign(keys, "iss", "aud", &c, &out), ERR_INVALID);
    c = example();
    c.expires_s = c.issued_s;
    assert_int_equal(token_sign(keys, "iss", "aud", &c, &out), ERR_INVALID);
    c.expires_s = c.issued_s + 24 * 60 * 60 + 1;
    assert_int_equal(token_sign(keys, "iss", "aud", &c, &out), ERR_INVALID);
    c = example();
    c.n_stations = CALLER_MAX_STATIONS + 1;
    assert_int_equal(token_sign(keys, "iss", "aud", &c, &out), ERR_INVALID);
    c = example();
    c.generation = -1;
    assert_int_equal(token_sign(keys, "iss", "aud", &c, &out), ERR_INVALID);
    assert_int_equal(out.len, 0);
    buf_free(&out);
}

static void a_full_buffer_is_told(void **state UNUSED)
{
    struct caller c = example();
    struct buf out = BUF_INIT(100);
    static char issuer[4096];
    memset(issuer, 'i', sizeof issuer - 1);
    assert_int_equal(token_sign(keys, "iss", "aud", &c, &out), ERR_TOO_LARGE);
    buf_free(&out);
    out = BUF_INIT(65536);
    assert_int_equal(token_sign(keys, issuer, "aud", &c, &out), ERR_TOO_LARGE);
    assert_int_equal(out.len, 0);
    buf_free(&out);
}

static bool round_trip(void *arg UNUSED)
{
    struct caller in = example(), out;
    struct buf token = BUF_INIT(4096);
    struct token_cache *cache = token_cache_new(4);
    bool ok =
        cache && token_sign(keys, "iss", "aud", &in, &token) == ERR_OK &&
        token_verify(keys, cache, EXPECT("iss", "aud", NOW), buf_str(&token), &out) == ERR_OK &&
        token_verify(keys, cache, EXPECT("iss", "aud", NOW), buf_str(&token), &out) == ERR_OK;
    token_cache_free(cache);
    buf_free(&token);
    return ok;
}

static void it_survives_failing_allocations(void **state UNUSED)
{
    torture(round_trip, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_identity_writes_is_read_back),
        cmocka_unit_test(the_largest_caller_fits),
        cmocka_unit_test(the_form_does_not_change),
        cmocka_unit_test(a_forged_head_is_refused),
        cmocka_unit_test(claims_are_checked_one_by_one),
        cmocka_unit_test(unknown_permissions_are_passed_over),
        cmocka_unit_test(only_a_genuine_token_expires),
        cmocka_unit_test(every_changed_character_is_noticed),
        cmocka_unit_test(what_is_no_jws_is_refused),
        cmocka_unit_test(a_caller_that_makes_no_sense_is_not_signed),
        cmocka_unit_test(a_full_buffer_is_told),
        cmocka_unit_test(it_survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
