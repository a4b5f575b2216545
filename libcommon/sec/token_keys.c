/* The keys of access tokens: a JWK set (RFC 7517) of Ed25519 keys (RFC 8037). Owns the EVP_PKEYs.
 *
 * The public part that a private key comes with is checked against it: signing with a mismatched
 * pair gives the private key away. */
#include "token_priv.h"

#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "common/encode.h"
#include "common/json.h"
#include "common/mem.h"

#define PARSE_BUDGET_BYTES (256 * 1024)

const struct token_key *token_keys_find(const struct token_keys *keys, struct str kid)
{
    for (size_t i = 0; i < keys->n; i++) {
        if (str_eq(str_of(keys->keys[i].kid), kid))
            return &keys->keys[i];
    }
    return NULL;
}

/* The text of a member; n is 0 when it is absent or no string. */
static struct str member(const struct json *object, const char *name)
{
    const struct json *j = json_get(object, name);
    return j && json_type(j) == JSON_STRING ? str_of(json_string(j)) : (struct str){"", 0};
}

/* A member that must not be there, or be this. */
static bool member_is(const struct json *object, const char *name, struct str value)
{
    return !json_get(object, name) || str_eq(member(object, name), value);
}

static bool kid_ok(struct str kid)
{
    if (kid.n < 1 || kid.n > KID_MAX)
        return false;
    for (size_t i = 0; i < kid.n; i++) {
        char c = kid.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-'))
            return false;
    }
    return true;
}

static bool member_key(const struct json *jwk, const char *name, uint8_t ret[ED25519_KEY_SIZE])
{
    size_t n = 0;
    return base64url_decode(member(jwk, name), ret, ED25519_KEY_SIZE, &n) == ERR_OK &&
           n == ED25519_KEY_SIZE;
}

/* Fills k->pkey from `d`; says in *ret_why what is wrong. */
static enum err private_key_load(const struct json *jwk, struct token_key *k, const char **ret_why)
{
    uint8_t d[ED25519_KEY_SIZE], derived[ED25519_KEY_SIZE];
    size_t n = sizeof derived;

    if (!member_key(jwk, "d", d)) {
        *ret_why = "d is not base64url of 32 bytes";
        return ERR_INVALID;
    }
    k->pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, d, sizeof d);
    OPENSSL_cleanse(d, sizeof d);
    if (!k->pkey || EVP_PKEY_get_raw_public_key(k->pkey, derived, &n) != 1)
        return ERR_NO_MEMORY;
    if (memcmp(derived, k->public, sizeof derived) != 0) {
        *ret_why = "x is not the public key of d";
        return ERR_INVALID;
    }
    k->signs = true;
    return ERR_OK;
}

static enum err key_load(const struct json *jwk, struct token_key *k, const char **ret_why)
{
    struct str kid;

    *ret_why = "a key is not a JSON object";
    if (json_type(jwk) != JSON_OBJECT)
        return ERR_INVALID;
    *ret_why = "a key is not for Ed25519 signatures (kty OKP, crv Ed25519, use sig, alg EdDSA)";
    if (!str_eq(member(jwk, "kty"), STR("OKP")) || !str_eq(member(jwk, "crv"), STR("Ed25519")) ||
        !member_is(jwk, "use", STR("sig")) || !member_is(jwk, "alg", STR("EdDSA")))
        return ERR_INVALID;
    *ret_why = "a kid is missing or not 1 to 64 letters, digits, - and _";
    kid = member(jwk, "kid");
    if (!kid_ok(kid))
        return ERR_INVALID;
    memcpy(k->kid, kid.p, kid.n);
    *ret_why = "x is not base64url of 32 bytes";
    if (!member_key(jwk, "x", k->public))
        return ERR_INVALID;
    if (json_get(jwk, "d"))
        return private_key_load(jwk, k, ret_why);
    *ret_why = "x is not a point of Ed25519";
    k->pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, k->public, sizeof k->public);
    return k->pkey ? ERR_OK : ERR_INVALID;
}

static enum err set_load(const struct json *doc, struct token_keys *keys, const char **ret_why)
{
    const struct json *list = json_type(doc) == JSON_OBJECT ? json_get(doc, "keys") : NULL;

    *ret_why = "it is not an object with an array `keys` of 1 to 16 keys";
    if (!list || json_type(list) != JSON_ARRAY || json_count(list) < 1 ||
        json_count(list) > TOKEN_KEYS_MAX)
        return ERR_INVALID;
    for (const struct json *jwk = json_first(list); jwk; jwk = json_next(jwk)) {
        struct token_key *k = &keys->keys[keys->n];
        enum err e = key_load(jwk, k, ret_why);
        bool twice = e == ERR_OK && token_keys_find(keys, str_of(k->kid));
        keys->n++; /* also a bad one, so that what it holds is freed */
        if (e != ERR_OK)
            return e;
        *ret_why = "two keys have the same kid";
        if (twice)
            return ERR_INVALID;
    }
    return ERR_OK;
}

void token_keys_free(struct token_keys *keys)
{
    if (!keys)
        return;
    for (size_t i = 0; i < keys->n; i++)
        EVP_PKEY_free(keys->keys[i].pkey);
    mem_free(keys);
}

enum err token_keys_parse(const char *jwks, struct token_keys **ret_keys, const char **ret_why)
{
    struct token_keys *keys = mem_alloc(sizeof *keys);
    struct arena *a = arena_new(PARSE_BUDGET_BYTES);
    const struct json *doc;
    const char *why = "out of memory";
    enum err e = keys && a ? ERR_OK : ERR_NO_MEMORY;

    if (e == ERR_OK)
        e = json_parse(a, str_of(jwks), &doc, &why);
    if (e == ERR_OK)
        e = set_load(doc, keys, &why);
    arena_free(a);
    if (e != ERR_OK) {
        token_keys_free(keys);
        *ret_why = e == ERR_NO_MEMORY ? "out of memory" : why;
        return e == ERR_NO_MEMORY ? e : ERR_INVALID;
    }
    rng_bytes(&keys->set_id, sizeof keys->set_id);
    *ret_keys = keys;
    return ERR_OK;
}

/* Appends the JWK; d may be NULL. */
static void key_write(struct json_writer *w, const char *kid, const uint8_t *x, const char *d)
{
    char text[BASE64_SIZE(ED25519_KEY_SIZE)];

    base64url_encode(x, ED25519_KEY_SIZE, text);
    json_open(w, NULL, '{');
    json_put_cstr(w, "kty", "OKP");
    json_put_cstr(w, "crv", "Ed25519");
    json_put_cstr(w, "use", "sig");
    json_put_cstr(w, "alg", "EdDSA");
    json_put_cstr(w, "kid", kid);
    json_put_cstr(w, "x", text);
    if (d)
        json_put_cstr(w, "d", d);
    json_close(w, '}');
}

void token_keys_public(const struct token_keys *keys, struct buf *out)
{
    struct json_writer w = JSON_WRITER(out);

    json_open(&w, NULL, '{');
    json_open(&w, "keys", '[');
    for (size_t i = 0; i < keys->n; i++)
        key_write(&w, keys->keys[i].kid, keys->keys[i].public, /* d= */ NULL);
    json_close(&w, ']');
    json_close(&w, '}');
}

enum err token_key_generate(struct buf *out)
{
    struct json_writer w = JSON_WRITER(out);
    uint8_t d[ED25519_KEY_SIZE], x[ED25519_KEY_SIZE], id[8];
    char d_text[BASE64_SIZE(sizeof d)], kid[HEX_SIZE(sizeof id)];
    size_t n = sizeof x;

    rng_bytes(id, sizeof id);
    hex_encode(id, sizeof id, kid);
    rng_bytes(d, sizeof d); /* RFC 8032, 5.1.5: any 32 random bytes are a private key */
    EVP_PKEY *pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, d, sizeof d);
    bool ok = pkey && EVP_PKEY_get_raw_public_key(pkey, x, &n) == 1;
    EVP_PKEY_free(pkey);
    if (ok) {
        base64url_encode(d, sizeof d, d_text);
        json_open(&w, NULL, '{');
        json_open(&w, "keys", '[');
        key_write(&w, kid, x, d_text);
        json_close(&w, ']');
        json_close(&w, '}');
        OPENSSL_cleanse(d_text, sizeof d_text);
    }
    OPENSSL_cleanse(d, sizeof d);
    return ok ? buf_err(out) : ERR_INTERNAL;
}
