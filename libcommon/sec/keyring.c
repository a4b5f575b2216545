/* A ring of keys for texts that leave the house and come back: signed ones (cursors, quotes) and
 * sealed ones (secrets at rest). Owns the keys; the texts belong to the caller's arena.
 *
 * A configured key is used for nothing itself: one key for MACs and one for encryption are derived
 * from it, so that neither use weakens the other. */
#include "common/crypto.h"

#include <stdio.h>
#include <string.h>

#include <openssl/crypto.h>

#include "aead.h"
#include "common/encode.h"
#include "common/mem.h"
#include "common/rng.h"

#define KEY_SIZE 32
#define KEY_ID_MAX 16
#define KEYS_MAX 8
#define NONCE_SIZE AEAD_NONCE_SIZE
#define TAG_SIZE AEAD_TAG_SIZE
#define TEXT_MAX (1 << 20)

struct key {
    struct str id; /* points into id_text */
    char id_text[KEY_ID_MAX + 1];
    uint8_t mac[KEY_SIZE];
    uint8_t seal[KEY_SIZE];
};

struct keyring {
    size_t n;
    struct key keys[KEYS_MAX];
};

/* A text cut at its dots: "version.key id.payload.proof". */
struct parts {
    const struct key *key;
    struct str head; /* all before the last dot: what a MAC covers */
    struct str payload;
    struct str proof; /* MAC or tag */
};

static const struct key *key_find(const struct keyring *ring, struct str id)
{
    for (size_t i = 0; i < ring->n; i++) {
        if (str_eq(ring->keys[i].id, id))
            return &ring->keys[i];
    }
    return NULL;
}

static bool key_id_ok(struct str id)
{
    if (id.n < 1 || id.n > KEY_ID_MAX)
        return false;
    for (size_t i = 0; i < id.n; i++) {
        char c = id.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')))
            return false;
    }
    return true;
}

static enum err key_derive(struct str secret, struct key *k)
{
    enum err e = hmac_sha256(secret, STR("keyring mac v1"), k->mac);
    return e == ERR_OK ? hmac_sha256(secret, STR("keyring seal v1"), k->seal) : e;
}

/* One "id:base64url" of the configured text. */
static enum err keyring_add(struct keyring *ring, struct str text)
{
    char secret[KEY_SIZE];
    size_t n = 0;
    struct str id = str_cut(&text, ':');

    if (ring->n == KEYS_MAX || !key_id_ok(id) || key_find(ring, id))
        return ERR_INVALID;
    if (base64url_decode(text, secret, sizeof secret, &n) != ERR_OK || n != KEY_SIZE)
        return ERR_INVALID;
    struct key *k = &ring->keys[ring->n++];
    memcpy(k->id_text, id.p, id.n);
    k->id = (struct str){k->id_text, id.n};
    enum err e = key_derive((struct str){secret, n}, k);
    OPENSSL_cleanse(secret, sizeof secret);
    return e;
}

void keyring_free(struct keyring *ring)
{
    if (!ring)
        return;
    OPENSSL_cleanse(ring, sizeof *ring);
    mem_free(ring);
}

enum err keyring_parse(const char *text, struct keyring **ret_ring)
{
    struct str rest = str_of(text);
    struct keyring *ring = mem_alloc(sizeof *ring);
    enum err e = ERR_OK;

    if (!ring)
        return ERR_NO_MEMORY;
    if (rest.n == 0 || rest.p[rest.n - 1] == ',')
        e = ERR_INVALID;
    while (e == ERR_OK && rest.n > 0)
        e = keyring_add(ring, str_cut(&rest, ','));
    if (e != ERR_OK) {
        keyring_free(ring);
        return e;
    }
    *ret_ring = ring;
    return ERR_OK;
}

/* --- the common form of the texts --------------------------------------------------------------
 */

static enum err text_cut(const struct keyring *ring, struct str version, struct str text,
                         struct parts *ret_parts)
{
    struct str rest = text;
    struct parts p;

    if (text.n > TEXT_MAX || !str_eq(str_cut(&rest, '.'), version))
        return ERR_INVALID;
    p.key = key_find(ring, str_cut(&rest, '.'));
    p.payload = str_cut(&rest, '.');
    p.proof = rest; /* a further dot in here is not base64url */
    if (!p.key || p.proof.n == 0)
        return ERR_INVALID;
    p.head = (struct str){text.p, text.n - p.proof.n - 1};
    *ret_parts = p;
    return ERR_OK;
}

/* MAC over "purpose|head": no purpose and no head has a '|', so no two pairs read the same. */
static enum err text_mac(const struct key *k, const char *purpose, struct arena *a, struct str head,
                         uint8_t ret_mac[SHA256_SIZE])
{
    struct str front = str_of(purpose);
    size_t n = front.n + 1 + head.n;
    char *bound = arena_alloc(a, n);

    if (!bound)
        return ERR_NO_MEMORY;
    memcpy(bound, front.p, front.n);
    bound[front.n] = '|';
    memcpy(bound + front.n + 1, head.p, head.n);
    return hmac_sha256((struct str){(const char *)k->mac, KEY_SIZE}, (struct str){bound, n},
                       ret_mac);
}

/* "version.key id.payload", with room left for a dot and a proof of proof_size bytes. */
static enum err text_open(const struct key *k, const char *version, struct arena *a,
                          struct str payload, size_t proof_size, char **ret_text)
{
    size_t n_front = strlen(version) + k->id.n + 2;

    if (payload.n > TEXT_MAX / 2)
        return ERR_TOO_LARGE;
    char *text = arena_alloc(a, n_front + BASE64_SIZE(payload.n) + BASE64_SIZE(proof_size));
    if (!text)
        return ERR_NO_MEMORY;
    snprintf(text, n_front + 1, "%s.%s.", version, k->id_text);
    base64url_encode(payload.p, payload.n, text + n_front);
    *ret_text = text;
    return ERR_OK;
}

/* text came from text_open(). */
static void text_close(char *text, const uint8_t *proof, size_t proof_size)
{
    char *end = text + strlen(text);
    *end = '.';
    base64url_encode(proof, proof_size, end + 1);
}

/* --- signed texts
 * -------------------------------------------------------------------------------*/

enum err keyring_sign(const struct keyring *ring, const char *purpose, struct arena *a,
                      struct str payload, const char **ret_text)
{
    const struct key *k = &ring->keys[0];
    uint8_t mac[SHA256_SIZE];
    char *text;

    enum err e = text_open(k, "v1", a, payload, sizeof mac, &text);
    if (e == ERR_OK)
        e = text_mac(k, purpose, a, str_of(text), mac);
    if (e != ERR_OK)
        return e;
    text_close(text, mac, sizeof mac);
    *ret_text = text;
    return ERR_OK;
}

enum err keyring_verify(const struct keyring *ring, const char *purpose, struct arena *a,
                        struct str text, struct str *ret_payload)
{
    uint8_t expected[SHA256_SIZE], given[SHA256_SIZE];
    struct parts parts;
    size_t n = 0;

    enum err e = text_cut(ring, STR("v1"), text, &parts);
    if (e != ERR_OK)
        return e;
    if (base64url_decode(parts.proof, given, sizeof given, &n) != ERR_OK || n != sizeof given)
        return ERR_INVALID;
    e = text_mac(parts.key, purpose, a, parts.head, expected);
    if (e != ERR_OK)
        return e;
    if (!str_eq_consttime(expected, given, sizeof given))
        return ERR_INVALID;
    char *payload = arena_alloc(a, parts.payload.n + 1);
    if (!payload)
        return ERR_NO_MEMORY;
    if (base64url_decode(parts.payload, payload, parts.payload.n, &n) != ERR_OK)
        return ERR_INVALID;
    *ret_payload = (struct str){payload, n};
    return ERR_OK;
}

/* --- sealed texts ----------------------------------------------------------------------------- */

enum err keyring_seal(const struct keyring *ring, const char *purpose, struct arena *a,
                      struct str plain, const char **ret_text)
{
    const struct key *k = &ring->keys[0];
    char *text;

    if (plain.n > TEXT_MAX / 2 - NONCE_SIZE)
        return ERR_TOO_LARGE;
    uint8_t *box = arena_alloc(a, NONCE_SIZE + plain.n + TAG_SIZE);
    if (!box)
        return ERR_NO_MEMORY;
    rng_bytes(box, NONCE_SIZE);
    if (plain.n > 0)
        memcpy(box + NONCE_SIZE, plain.p, plain.n);
    enum err e = aead_run(/* seal= */ true, k->seal, purpose, box, plain.n);
    if (e == ERR_OK)
        e = text_open(k, "e1", a, (struct str){(const char *)box, NONCE_SIZE + plain.n}, TAG_SIZE,
                      &text);
    if (e != ERR_OK)
        return e;
    text_close(text, box + NONCE_SIZE + plain.n, TAG_SIZE);
    *ret_text = text;
    return ERR_OK;
}

static enum err unseal_one(const struct keyring *ring, const char *purpose, struct arena *a,
                           struct str text, struct str *ret_plain)
{
    struct parts parts;
    size_t n = 0, n_tag = 0;

    enum err e = text_cut(ring, STR("e1"), text, &parts);
    if (e != ERR_OK)
        return e;
    uint8_t *box = arena_alloc(a, parts.payload.n + TAG_SIZE + 1);
    if (!box)
        return ERR_NO_MEMORY;
    if (base64url_decode(parts.payload, box, parts.payload.n, &n) != ERR_OK || n < NONCE_SIZE)
        return ERR_INVALID;
    if (base64url_decode(parts.proof, box + n, TAG_SIZE, &n_tag) != ERR_OK || n_tag != TAG_SIZE)
        return ERR_INVALID;
    e = aead_run(/* seal= */ false, parts.key->seal, purpose, box, n - NONCE_SIZE);
    if (e != ERR_OK) {
        OPENSSL_cleanse(box, n); /* what came out is nobody's text */
        return e;
    }
    *ret_plain = (struct str){(const char *)box + NONCE_SIZE, n - NONCE_SIZE};
    return ERR_OK;
}

enum err keyring_unseal(const struct keyring *ring, const char *purpose, struct arena *a,
                        struct str text, struct str *ret_plain)
{
    struct str rest = text, plain = {0};
    do {
        struct str one;
        enum err e = unseal_one(ring, purpose, a, str_cut(&rest, '\n'), &one);
        if (e != ERR_OK)
            return e;
        if (plain.p)
            one.p = arena_printf(a, "%.*s\n%.*s", (int)plain.n, plain.p, (int)one.n, one.p);
        if (!one.p)
            return ERR_NO_MEMORY;
        plain = plain.p ? str_of(one.p) : one;
    } while (rest.n > 0);
    *ret_plain = plain;
    return ERR_OK;
}

enum err keyring_reseal(const struct keyring *ring, const char *purpose, struct arena *a,
                        struct str text, const char **ret_text)
{
    struct str plain;

    enum err e = keyring_unseal(ring, purpose, a, text, &plain);
    return e == ERR_OK ? keyring_seal(ring, purpose, a, plain, ret_text) : e;
}

const char *keyring_newest(const struct keyring *ring)
{
    return ring->keys[0].id_text;
}
