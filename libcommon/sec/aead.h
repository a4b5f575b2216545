/* AES-256-GCM over bytes that are worked on in place. Private to sec/. */
#ifndef SEC_AEAD_H
#define SEC_AEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"

#define AEAD_KEY_SIZE 32
#define AEAD_NONCE_SIZE 12
#define AEAD_TAG_SIZE 16

/* box is a nonce, n bytes and a tag; purpose is authenticated. Sealing fills in the tag, not the
 * nonce. ERR_INVALID: the tag is not that of the bytes. */
MUSTCHECK enum err aead_run(bool seal, const uint8_t key[AEAD_KEY_SIZE], const char *purpose,
                            uint8_t *box, size_t n);

#endif
