/* Access tokens: writing and verifying JWS compact texts (RFC 7515). Owns nothing; what a token
 * says is copied into the caller.
 *
 * Only our own identity service writes these tokens, so the reader is strict: a header with exactly
 * the three members that we write, and no second spelling of anything. */
#include "token_priv.h"

#include <string.h>

#include <openssl/evp.h>

#include "common/encode.h"
#include "common/json.h"

#define PARSE_BUDGET_BYTES (64 * 1024)
#define LEEWAY_S 60 /* between the clocks of two machines */
#define JTI_SIZE 12
#define PERM_BYTES_MAX 256 /* in a token of a later version */

struct jws {
    struct str head, claims, signature; /* base64url */
    struct str input;                   /* what is signed */
};

/* --- writing -----------------------------------------------------------------------------------*/

/* Two bits a permission, the first in the lowest bits of the first byte. */
static void put_scopes(struct json_writer *w, const struct caller *c)
{
    uint8_t packed[(PERM_MAX + 3) / 4] = {0};
    char text[BASE64_SIZE(sizeof packed)];

    for (size_t i = 0; i < PERM_MAX; i++)
        packed[i / 4] |= (uint8_t)((c->scopes[i] & 3) << (2 * (i % 4)));
    base64url_encode(packed, sizeof packed, text);
    json_put_cstr(w, "perm", text);
}

static void put_claims(struct buf *out, const char *issuer, const char *audience,
                       const struct caller *c)
{
    struct json_writer w = JSON_WRITER(out);
    uint8_t random[JTI_SIZE];
    char jti[BASE64_SIZE(sizeof random)];

    rng_bytes(random, sizeof random);
    base64url_encode(random, sizeof random, jti);
    json_open(&w, NULL, '{');
    json_put_cstr(&w, "iss", issuer);
    json_put_cstr(&w, "sub", c->user_id);
    json_put_cstr(&w, "aud", audience);
    json_put_i64(&w, "exp", c->expires_s);
    json_put_i64(&w, "iat", c->issued_s);
    json_put_i64(&w, "nbf", c->issued_s);
    json_put_cstr(&w, "jti", jti);
    json_put_cstr(&w, "sid", c->session_id);
    json_put_i64(&w, "gen", c->generation);
    json_put_cstr(&w, "role", c->role);
    json_open(&w, "st", '[');
    for (size_t i = 0; i < c->n_stations; i++)
        json_put_cstr(&w, NULL, c->stations[i]);
    json_close(&w, ']');
    put_scopes(&w, c);
    json_close(&w, '}');
}

/* Appends base64url of data; TOKEN_MAX_BYTES bounds it. */
static void put_segment(struct buf *out, struct str data)
{
    char text[TOKEN_MAX_BYTES + 1];
    if (BASE64_SIZE(data.n) > sizeof text) {
        out->err = ERR_TOO_LARGE;
        return;
    }
    base64url_encode(data.p, data.n, text);
    buf_adds(out, text);
}

static enum err put_signature(const struct token_key *k, struct buf *token)
{
    uint8_t signature[ED25519_SIGNATURE_SIZE];
    size_t n = sizeof signature;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();

    bool ok = ctx && EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->pkey) == 1 &&
              EVP_DigestSign(ctx, signature, &n, (const uint8_t *)token->data, token->len) == 1;
    EVP_MD_CTX_free(ctx);
    if (!ok)
        return ERR_INTERNAL;
    buf_addc(token, '.');
    put_segment(token, (struct str){(const char *)signature, n});
    return buf_err(token);
}

static bool caller_signable(const struct caller *c)
{
    return str_is_uuid(str_of(c->user_id)) &&
           (c->session_id[0] == '\0' || str_is_uuid(str_of(c->session_id))) &&
           c->n_stations <= CALLER_MAX_STATIONS && c->generation >= 0 &&
           c->expires_s > c->issued_s && c->expires_s - c->issued_s <= TOKEN_MAX_LIFE_S;
}

static const struct token_key *signing_key(const struct token_keys *keys)
{
    for (size_t i = 0; i < keys->n; i++) {
        if (keys->keys[i].signs)
            return &keys->keys[i];
    }
    return NULL;
}

enum err token_sign(const struct token_keys *keys, const char *issuer, const char *audience,
                    const struct caller *c, struct buf *out)
{
    const struct token_key *k = signing_key(keys);
    struct buf json = BUF_INIT(TOKEN_MAX_BYTES), token = BUF_INIT(TOKEN_MAX_BYTES);

    if (!k)
        return ERR_INTERNAL;
    if (!caller_signable(c))
        return ERR_INVALID;
    buf_addf(&json, "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"%s\"}", k->kid);
    put_segment(&token, buf_str(&json));
    buf_addc(&token, '.');
    enum err e = buf_err(&json);
    buf_clear(&json);
    put_claims(&json, issuer, audience, c);
    put_segment(&token, buf_str(&json));
    if (e == ERR_OK)
        e = buf_err(&json);
    if (e == ERR_OK)
        e = buf_err(&token);
    if (e == ERR_OK)
        e = put_signature(k, &token);
    if (e == ERR_OK) {
        buf_addstr(out, buf_str(&token));
        e = buf_err(out);
    }
    buf_free(&json);
    buf_free(&token);
    return e;
}

/* --- reading -----------------------------------------------------------------------------------*/

static bool jws_cut(struct str token, struct jws *ret)
{
    struct str rest = token;

    if (token.n > TOKEN_MAX_BYTES)
        return false;
    ret->head = str_cut(&rest, '.');
    ret->claims = str_cut(&rest, '.');
    ret->signature = rest; /* a further dot is not base64url */
    if (ret->head.n == 0 || ret->claims.n == 0 || rest.n == 0)
        return false;
    ret->input = (struct str){token.p, ret->head.n + 1 + ret->claims.n};
    return true;
}

/* ERR_UNAUTHORIZED when the segment is not a JSON object. */
static enum err segment_parse(struct arena *a, struct str segment, const struct json **ret_object)
{
    const struct json *doc;
    size_t n = 0;
    char *text = arena_alloc(a, segment.n);

    if (!text)
        return ERR_NO_MEMORY;
    if (base64url_decode(segment, text, segment.n, &n) != ERR_OK)
        return ERR_UNAUTHORIZED;
    enum err e = json_parse(a, (struct str){text, n}, &doc, NULL);
    if (e != ERR_OK)
        return e == ERR_NO_MEMORY ? e : ERR_UNAUTHORIZED;
    if (json_type(doc) != JSON_OBJECT)
        return ERR_UNAUTHORIZED;
    *ret_object = doc;
    return ERR_OK;
}

/* The text of a member; n is 0 when it is absent or no string. */
static struct str claim(const struct json *claims, const char *name)
{
    const struct json *j = json_get(claims, name);
    return j && json_type(j) == JSON_STRING ? str_of(json_string(j)) : (struct str){"", 0};
}

static bool claim_number(const struct json *claims, const char *name, int64_t *ret)
{
    const struct json *j = json_get(claims, name);
    return j && json_type(j) == JSON_NUMBER && json_i64(j, ret) == ERR_OK;
}

static enum err signature_check(const struct token_keys *keys, const struct json *head,
                                const struct jws *jws)
{
    uint8_t signature[ED25519_SIGNATURE_SIZE];
    size_t n = 0;

    if (json_count(head) != 3 || !str_eq(claim(head, "alg"), STR("EdDSA")) ||
        !str_eq(claim(head, "typ"), STR("at+jwt")))
        return ERR_UNAUTHORIZED;
    const struct token_key *k = token_keys_find(keys, claim(head, "kid"));
    if (!k)
        return ERR_UNAUTHORIZED;
    if (base64url_decode(jws->signature, signature, sizeof signature, &n) != ERR_OK ||
        n != sizeof signature)
        return ERR_UNAUTHORIZED;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    if (!ctx || EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, k->pkey) != 1) {
        EVP_MD_CTX_free(ctx);
        return ERR_NO_MEMORY;
    }
    int rc = EVP_DigestVerify(ctx, signature, n, (const uint8_t *)jws->input.p, jws->input.n);
    EVP_MD_CTX_free(ctx);
    return rc == 1 ? ERR_OK : ERR_UNAUTHORIZED;
}

static bool stations_load(const struct json *claims, struct caller *c)
{
    const struct json *list = json_get(claims, "st");

    if (!list || json_type(list) != JSON_ARRAY || json_count(list) > CALLER_MAX_STATIONS)
        return false;
    for (const struct json *j = json_first(list); j; j = json_next(j)) {
        if (json_type(j) != JSON_STRING || !str_is_uuid(str_of(json_string(j))))
            return false;
        memcpy(c->stations[c->n_stations++], json_string(j), UUID_SIZE);
    }
    return true;
}

/* A token of an older or a newer identity has fewer or more permissions than we know. */
static bool scopes_load(const struct json *claims, struct caller *c)
{
    const struct json *perm = json_get(claims, "perm");
    uint8_t packed[PERM_BYTES_MAX];
    size_t n = 0;

    if (!perm || json_type(perm) != JSON_STRING ||
        base64url_decode(str_of(json_string(perm)), packed, sizeof packed, &n) != ERR_OK)
        return false;
    for (size_t i = 0; i < PERM_MAX && i / 4 < n; i++)
        c->scopes[i] = (packed[i / 4] >> (2 * (i % 4))) & 3;
    return true;
}

/* A token of before there were generations is of the first one. */
static bool generation_load(const struct json *claims, struct caller *c)
{
    return !json_get(claims, "gen") ||
           (claim_number(claims, "gen", &c->generation) && c->generation >= 0);
}

static bool caller_load(const struct json *claims, struct caller *c)
{
    struct str user = claim(claims, "sub"), session = claim(claims, "sid");
    struct str role = claim(claims, "role");

    if (!str_is_uuid(user) || !(session.n == 0 || str_is_uuid(session)))
        return false;
    return generation_load(claims, c) && str_copy(c->user_id, sizeof c->user_id, user) == ERR_OK &&
           str_copy(c->session_id, sizeof c->session_id, session) == ERR_OK && role.n > 0 &&
           str_copy(c->role, sizeof c->role, role) == ERR_OK && stations_load(claims, c) &&
           scopes_load(claims, c);
}

/* All claims but the expiry. */
static bool claims_check(const struct json *claims, const struct token_expect *expect,
                         struct caller *c)
{
    int64_t latest_s = expect->now_s + LEEWAY_S, not_before_s = 0;

    return str_eq(claim(claims, "iss"), str_of(expect->issuer)) &&
           str_eq(claim(claims, "aud"), str_of(expect->audience)) &&
           claim_number(claims, "exp", &c->expires_s) &&
           claim_number(claims, "iat", &c->issued_s) &&
           claim_number(claims, "nbf", &not_before_s) && not_before_s <= latest_s &&
           c->issued_s <= latest_s && c->expires_s - c->issued_s <= TOKEN_MAX_LIFE_S &&
           caller_load(claims, c);
}

static enum err token_parse(struct arena *a, const struct token_keys *keys, const struct jws *jws,
                            const struct json **ret_claims)
{
    const struct json *head;

    enum err e = segment_parse(a, jws->head, &head);
    if (e == ERR_OK)
        e = signature_check(keys, head, jws);
    if (e == ERR_OK)
        e = segment_parse(a, jws->claims, ret_claims);
    return e;
}

/* What does not change while the token is in the cache. */
static enum err token_read(const struct token_keys *keys, const struct token_expect *expect,
                           struct str token, struct caller *ret_caller)
{
    struct caller c = {.known = true};
    const struct json *claims;
    struct jws jws;

    if (!jws_cut(token, &jws))
        return ERR_UNAUTHORIZED;
    struct arena *a = arena_new(PARSE_BUDGET_BYTES);
    if (!a)
        return ERR_NO_MEMORY;
    enum err e = token_parse(a, keys, &jws, &claims);
    if (e == ERR_OK && !claims_check(claims, expect, &c))
        e = ERR_UNAUTHORIZED;
    arena_free(a);
    if (e == ERR_OK)
        *ret_caller = c;
    return e;
}

/* What does. */
static enum err caller_check(const struct token_cache *cache, const struct caller *c, int64_t now_s)
{
    if (now_s >= c->expires_s)
        return ERR_TOKEN_EXPIRED;
    return cache && token_cache_is_revoked(cache, c) ? ERR_UNAUTHORIZED : ERR_OK;
}

enum err token_verify(const struct token_keys *keys, struct token_cache *cache,
                      const struct token_expect *expect, struct str token,
                      struct caller *ret_caller)
{
    const struct caller *found = NULL;
    struct token_id id;
    struct caller c;
    enum err e = ERR_OK;

    if (token.n > TOKEN_MAX_BYTES)
        return ERR_UNAUTHORIZED;
    if (cache) {
        e = token_cache_id(cache, keys, expect, token, &id);
        if (e != ERR_OK)
            return e;
        found = token_cache_get(cache, &id);
    }
    if (!found) {
        e = token_read(keys, expect, token, &c);
        if (e != ERR_OK)
            return e;
    }
    e = caller_check(cache, found ? found : &c, expect->now_s);
    if (e != ERR_OK)
        return e;
    *ret_caller = found ? *found : c;
    if (cache && !found)
        token_cache_put(cache, &id, &c);
    return ERR_OK;
}
