/* Digests, MACs and authenticated encryption, over OpenSSL, which is named only in sec/. */
#ifndef COMMON_CRYPTO_H
#define COMMON_CRYPTO_H

#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/compiler.h"
#include "common/err.h"
#include "common/str.h"

#define SHA256_SIZE 32

MUSTCHECK enum err sha256(struct str data, uint8_t ret_digest[SHA256_SIZE]);
MUSTCHECK enum err sha1_hex(struct str data, char ret_hex[41]); /* for Redis scripts only */
MUSTCHECK enum err hmac_sha256(struct str key, struct str data, uint8_t ret_mac[SHA256_SIZE]);

/* A key ring for data at rest and for signed texts. Keys are given as "id:base64url,id:base64url";
 * the first one is used for new texts, all of them are tried by id for old ones, so that a key is
 * changed without downtime. Keys are 32 bytes. */
struct keyring;
MUSTCHECK enum err keyring_parse(const char *text, struct keyring **ret_ring);
void keyring_free(struct keyring *ring);

/* "v1.<key id>.<base64url payload>.<base64url mac>": opaque to the client, and ours. purpose keeps
 * a cursor from passing for a quote. */
MUSTCHECK enum err keyring_sign(const struct keyring *ring, const char *purpose, struct arena *a,
                                struct str payload, const char **ret_text);
/* ERR_INVALID when it is not one of ours. */
MUSTCHECK enum err keyring_verify(const struct keyring *ring, const char *purpose, struct arena *a,
                                  struct str text, struct str *ret_payload);

/* AES-256-GCM with a random nonce; purpose is authenticated. Text form as above ("e1."): the key id
 * is the second part, so that whoever keeps such texts finds those of an older key. Several of
 * them, joined by line ends, are their plain texts joined so: SQL can put two together unread. */
MUSTCHECK enum err keyring_seal(const struct keyring *ring, const char *purpose, struct arena *a,
                                struct str plain, const char **ret_text);
MUSTCHECK enum err keyring_unseal(const struct keyring *ring, const char *purpose, struct arena *a,
                                  struct str text, struct str *ret_plain);
/* Opens it and seals it again, with the newest key. */
MUSTCHECK enum err keyring_reseal(const struct keyring *ring, const char *purpose, struct arena *a,
                                  struct str text, const char **ret_text);
/* The id of the key that signs and seals. */
const char *keyring_newest(const struct keyring *ring);

/* A box for one recipient: who has the public key can put a text in, and only the private key opens
 * it (X25519, then as above). Keys and boxes are texts; a box begins with "b1.". ERR_INVALID: not a
 * key, or not a box for that key and purpose. */
#define BOX_KEY_SIZE 45
MUSTCHECK enum err box_keys_make(char ret_public[BOX_KEY_SIZE], char ret_private[BOX_KEY_SIZE]);
MUSTCHECK enum err box_seal(const char *public_key, const char *purpose, struct arena *a,
                            struct str plain, const char **ret_text);
MUSTCHECK enum err box_open(const char *private_key, const char *purpose, struct arena *a,
                            struct str text, struct str *ret_plain);

#endif
