/* Boxes that many can fill and one can open. A box has a key of its own: what X25519 makes of a
 * fresh key pair and the recipient's, hashed with both public keys, so that a box for one does not
 * pass for a box for another. Owns nothing. */
#include "common/crypto.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "aead.h"
#include "common/encode.h"
#include "common/rng.h"

#define KEY_SIZE 32
#define TEXT_MAX (1 << 20)
#define MARK "b1."

_Static_assert(BOX_KEY_SIZE == BASE64_SIZE(KEY_SIZE), "room for a key's text");

typedef int key_part_fn(const EVP_PKEY *key, unsigned char *bytes, size_t *n);

static enum err part_get(const EVP_PKEY *key, key_part_fn *part, uint8_t ret_bytes[KEY_SIZE])
{
    size_t n = KEY_SIZE;
    return part(key, ret_bytes, &n) == 1 && n == KEY_SIZE ? ERR_OK : ERR_INTERNAL;
}

static enum err part_text(const EVP_PKEY *key, key_part_fn *part, char ret_text[BOX_KEY_SIZE])
{
    uint8_t bytes[KEY_SIZE];
    enum err e = part_get(key, part, bytes);
    if (e == ERR_OK)
        base64url_encode(bytes, KEY_SIZE, ret_text);
    OPENSSL_cleanse(bytes, sizeof(bytes));
    return e;
}

static enum err key_decode(struct str text, uint8_t ret_bytes[KEY_SIZE])
{
    size_t n = 0;
    if (text.n >= BOX_KEY_SIZE || base64url_decode(text, ret_bytes, KEY_SIZE, &n) != ERR_OK)
        return ERR_INVALID;
    return n == KEY_SIZE ? ERR_OK : ERR_INVALID;
}

enum err box_keys_make(char ret_public[BOX_KEY_SIZE], char ret_private[BOX_KEY_SIZE])
{
    EVP_PKEY *key = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    if (!key)
        return ERR_INTERNAL;
    enum err e = part_text(key, EVP_PKEY_get_raw_public_key, ret_public);
    if (e == ERR_OK)
        e = part_text(key, EVP_PKEY_get_raw_private_key, ret_private);
    EVP_PKEY_free(key);
    return e;
}

/* The secret that the owners of both keys know. ERR_INVALID: the other key is none. */
static enum err agree(EVP_PKEY *mine, EVP_PKEY *theirs, uint8_t ret_secret[KEY_SIZE])
{
    EVP_PKEY_CTX *ctx = mine ? EVP_PKEY_CTX_new(mine, NULL) : NULL;
    size_t n = KEY_SIZE;
    bool ok = ctx && theirs && EVP_PKEY_derive_init(ctx) == 1 &&
              EVP_PKEY_derive_set_peer(ctx, theirs) == 1 &&
              EVP_PKEY_derive(ctx, ret_secret, &n) == 1 && n == KEY_SIZE;
    EVP_PKEY_CTX_free(ctx);
    return ok ? ERR_OK : ERR_INVALID;
}

/* The box's key: of the secret, the key that came with it, and the recipient's. */
static enum err key_make(EVP_PKEY *mine, EVP_PKEY *theirs, const uint8_t fresh[KEY_SIZE],
                         const uint8_t recipient[KEY_SIZE], uint8_t ret_key[KEY_SIZE])
{
    uint8_t all[3 * KEY_SIZE];
    enum err e = agree(mine, theirs, all);
    memcpy(all + KEY_SIZE, fresh, KEY_SIZE);
    memcpy(all + 2 * KEY_SIZE, recipient, KEY_SIZE);
    if (e == ERR_OK)
        e = hmac_sha256(STR("box v1"), (struct str){(const char *)all, sizeof(all)}, ret_key);
    OPENSSL_cleanse(all, sizeof(all));
    return e;
}

static EVP_PKEY *public_read(const uint8_t bytes[KEY_SIZE])
{
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, NULL, bytes, KEY_SIZE);
}

/* --- filling ---------------------------------------------------------------------------------- */

static enum err sealed_text(const uint8_t key[KEY_SIZE], const uint8_t fresh[KEY_SIZE],
                            const char *purpose, struct arena *a, struct str plain,
                            const char **ret_text)
{
    size_t n_box = AEAD_NONCE_SIZE + plain.n + AEAD_TAG_SIZE, n_mark = strlen(MARK);
    uint8_t *box = arena_alloc(a, n_box);
    char *text = arena_alloc(a, n_mark + BOX_KEY_SIZE + 1 + BASE64_SIZE(n_box));
    if (!box || !text)
        return ERR_NO_MEMORY;
    rng_bytes(box, AEAD_NONCE_SIZE);
    if (plain.n > 0)
        memcpy(box + AEAD_NONCE_SIZE, plain.p, plain.n);
    enum err e = aead_run(/* seal= */ true, key, purpose, box, plain.n);
    if (e != ERR_OK)
        return e;
    (void)snprintf(text, n_mark + 1, "%s", MARK);
    base64url_encode(fresh, KEY_SIZE, text + n_mark);
    char *end = text + strlen(text);
    *end = '.';
    base64url_encode(box, n_box, end + 1);
    *ret_text = text;
    return ERR_OK;
}

enum err box_seal(const char *public_key, const char *purpose, struct arena *a, struct str plain,
                  const char **ret_text)
{
    uint8_t recipient[KEY_SIZE], fresh[KEY_SIZE], key[KEY_SIZE];
    if (plain.n > TEXT_MAX / 2)
        return ERR_TOO_LARGE;
    enum err e = key_decode(str_of(public_key), recipient);
    if (e != ERR_OK)
        return e;
    EVP_PKEY *theirs = public_read(recipient), *mine = EVP_PKEY_Q_keygen(NULL, NULL, "X25519");
    e = theirs && mine ? part_get(mine, EVP_PKEY_get_raw_public_key, fresh) : ERR_INTERNAL;
    if (e == ERR_OK)
        e = key_make(mine, theirs, fresh, recipient, key);
    EVP_PKEY_free(theirs);
    EVP_PKEY_free(mine);
    if (e == ERR_OK)
        e = sealed_text(key, fresh, purpose, a, plain, ret_text);
    OPENSSL_cleanse(key, sizeof(key));
    return e;
}

/* --- opening ---------------------------------------------------------------------------------- */

/* The key of a box that came with a fresh public key. */
static enum err key_find(const char *private_key, const uint8_t fresh[KEY_SIZE],
                         uint8_t ret_key[KEY_SIZE])
{
    uint8_t secret[KEY_SIZE], recipient[KEY_SIZE];
    enum err e = key_decode(str_of(private_key), secret);
    if (e != ERR_OK)
        return e;
    EVP_PKEY *mine = EVP_PKEY_new_raw_private_key(EVP_PKEY_X25519, NULL, secret, KEY_SIZE);
    EVP_PKEY *theirs = public_read(fresh);
    e = mine && theirs ? part_get(mine, EVP_PKEY_get_raw_public_key, recipient) : ERR_INTERNAL;
    if (e == ERR_OK)
        e = key_make(mine, theirs, fresh, recipient, ret_key);
    EVP_PKEY_free(mine);
    EVP_PKEY_free(theirs);
    OPENSSL_cleanse(secret, sizeof(secret));
    return e;
}

enum err box_open(const char *private_key, const char *purpose, struct arena *a, struct str text,
                  struct str *ret_plain)
{
    uint8_t fresh[KEY_SIZE], key[KEY_SIZE];
    size_t n = 0;
    struct str rest = text;
    if (text.n > TEXT_MAX || !str_eq(str_cut(&rest, '.'), STR("b1")) ||
        key_decode(str_cut(&rest, '.'), fresh) != ERR_OK)
        return ERR_INVALID;
    uint8_t *box = arena_alloc(a, rest.n + 1);
    if (!box)
        return ERR_NO_MEMORY;
    if (base64url_decode(rest, box, rest.n, &n) != ERR_OK || n < AEAD_NONCE_SIZE + AEAD_TAG_SIZE)
        return ERR_INVALID;
    n -= AEAD_NONCE_SIZE + AEAD_TAG_SIZE;
    enum err e = key_find(private_key, fresh, key);
    if (e == ERR_OK)
        e = aead_run(/* seal= */ false, key, purpose, box, n);
    OPENSSL_cleanse(key, sizeof(key));
    if (e != ERR_OK) {
        OPENSSL_cleanse(box, n); /* what came out is nobody's text */
        return e;
    }
    *ret_plain = (struct str){(const char *)box + AEAD_NONCE_SIZE, n};
    return ERR_OK;
}
