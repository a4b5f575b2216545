/* Access tokens: JWS compact, EdDSA with Ed25519 (RFC 8037), 15 minutes, `typ` at+jwt (RFC 9068).
 *
 * Verification follows RFC 8725: the algorithm is fixed by the key, `kid` only selects among the
 * keys of the key file, `iss`, `aud`, `typ`, `exp` and `nbf` are checked, and nothing in a token is
 * fetched. Verified tokens are kept in a bounded cache, so that a busy client costs one signature
 * check. */
#ifndef COMMON_TOKEN_H
#define COMMON_TOKEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/compiler.h"
#include "common/err.h"
#include "common/rng.h"
#include "common/str.h"

enum perm {
    PERM_NONE = -1, /* any signed-in caller */
#define PERM(symbol, name, prose) PERM_##symbol,
#include "permissions.def"
#undef PERM
    PERM_MAX
};

enum scope { SCOPE_NONE, SCOPE_OWN, SCOPE_STATION, SCOPE_ALL };

const char *perm_name(enum perm p);
const char *perm_prose(enum perm p);
enum perm perm_from_name(const char *name); /* PERM_MAX when unknown */
const char *scope_name(enum scope s);       /* "none", "own", "station", "all" */
enum scope scope_from_name(const char *name);

#define CALLER_MAX_STATIONS 8
#define CALLER_ROLE_SIZE 32

/* Who calls. Filled from a token or an API key. */
struct caller {
    bool known;
    char user_id[UUID_SIZE];
    char session_id[UUID_SIZE];  /* the refresh family, or the API key */
    char role[CALLER_ROLE_SIZE]; /* the highest one, or API_KEY, for the rate tier and the log */
    char stations[CALLER_MAX_STATIONS][UUID_SIZE];
    size_t n_stations;
    uint8_t scopes[PERM_MAX]; /* enum scope */
    int64_t generation;       /* of the user's tokens: grows when those before must end */
    int64_t issued_s, expires_s;
};

struct token_keys; /* of one process: verification keys, and in identity the signing key */

/* A JWK set (RFC 7517) as JSON text with one or more OKP/Ed25519 keys; `d` only where this process
 * signs. The first key with `d` signs. ERR_INVALID with a sentence for the operator in *ret_why. */
MUSTCHECK enum err token_keys_parse(const char *jwks, struct token_keys **ret_keys,
                                    const char **ret_why);
void token_keys_free(struct token_keys *keys);
/* Without the private parts: what /.well-known/jwks.json serves. */
void token_keys_public(const struct token_keys *keys, struct buf *out);
/* A new key as a private JWK set of one. For the bootstrap command. */
MUSTCHECK enum err token_key_generate(struct buf *out);

/* ERR_INTERNAL without a key that signs; ERR_INVALID for a caller without a user, or whose token
 * would live for more than a day. */
MUSTCHECK enum err token_sign(const struct token_keys *keys, const char *issuer,
                              const char *audience, const struct caller *c, struct buf *out);

struct token_cache;
MUSTCHECK struct token_cache *token_cache_new(size_t max_entries);
void token_cache_free(struct token_cache *cache);

/* What ends tokens before they expire. Time has no part in it: tokens know the second only, and a
 * slow request may issue one after its session has ended. */
struct token_revocation {
    const char *user_id;
    int64_t generation;     /* ends the user's tokens of lower ones; -1: those of the session */
    const char *session_id; /* that one, for ever; with a generation: spared are its tokens of the
                             * generation just before; NULL: none */
    int64_t at_s;           /* when; says how long it has to be remembered */
};

/* ERR_INVALID: ids that are too long, or neither session nor generation. */
MUSTCHECK enum err token_cache_revoke(struct token_cache *cache, const struct token_revocation *r);

/* What a token must be good for. */
struct token_expect {
    const char *issuer;
    const char *audience;
    int64_t now_s;
};

/* ERR_UNAUTHORIZED (whatever is wrong with it) or ERR_TOKEN_EXPIRED. cache may be NULL. */
MUSTCHECK enum err token_verify(const struct token_keys *keys, struct token_cache *cache,
                                const struct token_expect *expect, struct str token,
                                struct caller *ret_caller);

#endif
