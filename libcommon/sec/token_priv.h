/* Between the token files of this folder: keys, text form and cache. */
#ifndef SEC_TOKEN_PRIV_H
#define SEC_TOKEN_PRIV_H

#include "common/crypto.h"
#include "common/token.h"

#define TOKEN_MAX_BYTES 4096
#define TOKEN_MAX_LIFE_S (24 * 60 * 60)
#define TOKEN_KEYS_MAX 16
#define KID_MAX 64
#define ED25519_KEY_SIZE 32
#define ED25519_SIGNATURE_SIZE 64

struct token_key {
    char kid[KID_MAX + 1];
    struct evp_pkey_st *pkey;
    uint8_t public[ED25519_KEY_SIZE];
    bool signs; /* pkey has the private part */
};

struct token_keys {
    uint64_t set_id; /* random: what was verified with another set is not taken for verified */
    size_t n;
    struct token_key keys[TOKEN_KEYS_MAX];
};

/* NULL when there is none. */
const struct token_key *token_keys_find(const struct token_keys *keys, struct str kid);

/* Names a token in the cache: a digest of the key set, issuer, audience and text. */
struct token_id {
    uint8_t digest[SHA256_SIZE];
};
MUSTCHECK enum err token_cache_id(struct token_cache *cache, const struct token_keys *keys,
                                  const struct token_expect *expect, struct str token,
                                  struct token_id *ret_id);
/* Borrowed until the next put; NULL on a miss. */
const struct caller *token_cache_get(struct token_cache *cache, const struct token_id *id);
void token_cache_put(struct token_cache *cache, const struct token_id *id, const struct caller *c);
bool token_cache_is_revoked(const struct token_cache *cache, const struct caller *c);

#endif
