/* Access tokens. The first byte chooses: 't', the rest is a token as it comes in; anything else,
 * the rest is claims, which get a good head and signature, so that what comes after them is met
 * too. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>

#include "common/encode.h"
#include "common/token.h"

/* The key of RFC 8037, appendix A. */
static const char jwks[] = "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"kid\":\"k1\","
                           "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\","
                           "\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\"}]}";
#define HEAD "{\"alg\":\"EdDSA\",\"typ\":\"at+jwt\",\"kid\":\"k1\"}"
#define NOW 1700000000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void add_segment(struct buf *token, const void *data, size_t n)
{
    char text[8192];
    if (BASE64_SIZE(n) > sizeof text)
        return;
    base64url_encode(data, n, text);
    if (token->len > 0)
        buf_addc(token, '.');
    buf_adds(token, text);
}

static void sign_claims(const uint8_t *claims, size_t n_claims, struct buf *token)
{
    static EVP_PKEY *pkey;
    uint8_t d[32], signature[64];
    size_t n = 0;
    if (!pkey) {
        if (base64url_decode(STR("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"), d, 32, &n) !=
            ERR_OK)
            abort();
        pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL, d, sizeof d);
    }
    add_segment(token, HEAD, sizeof HEAD - 1);
    add_segment(token, claims, n_claims);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    n = sizeof signature;
    if (EVP_DigestSignInit(ctx, NULL, NULL, NULL, pkey) != 1 ||
        EVP_DigestSign(ctx, signature, &n, (uint8_t *)token->data, token->len) != 1)
        abort();
    EVP_MD_CTX_free(ctx);
    add_segment(token, signature, n);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct token_expect expect = {"iss", "aud", NOW};
    static struct token_keys *keys;
    static struct token_cache *cache;
    struct buf token = BUF_INIT(8192);
    struct caller one, two;
    const char *why;

    if (!keys && token_keys_parse(jwks, &keys, &why) != ERR_OK)
        abort();
    if (!cache)
        cache = token_cache_new(16);
    if (size == 0 || size > 4096)
        return 0;
    if (data[0] == 't')
        buf_add(&token, data + 1, size - 1);
    else
        sign_claims(data + 1, size - 1, &token);
    /* The cache must not change the answer. */
    enum err e = token_verify(keys, NULL, &expect, buf_str(&token), &one);
    for (int i = 0; i < 2; i++) {
        if (token_verify(keys, cache, &expect, buf_str(&token), &two) != e)
            abort();
    }
    if (e == ERR_OK &&
        (strcmp(one.user_id, two.user_id) != 0 || !str_is_uuid(str_of(one.user_id)) ||
         one.n_stations > CALLER_MAX_STATIONS || one.expires_s <= NOW ||
         memcmp(one.scopes, two.scopes, sizeof one.scopes) != 0))
        abort();
    buf_free(&token);
    return 0;
}
