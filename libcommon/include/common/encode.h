/* Text encodings of bytes: hexadecimal, base64 and base64url without padding (RFC 4648 section 5),
 * base32 (section 6), and random identifiers. */
#ifndef COMMON_ENCODE_H
#define COMMON_ENCODE_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/str.h"

/* Room for the encoding of n bytes and a NUL. */
#define HEX_SIZE(n) (2 * (n) + 1)
#define BASE64_SIZE(n) (4 * (((n) + 2) / 3) + 1)
#define BASE32_SIZE(n) (8 * (((n) + 4) / 5) + 1)

void hex_encode(const void *data, size_t n, char *ret_text);
/* Fails with ERR_INVALID on any character outside the alphabet or a wrong length;
 * ERR_TOO_LARGE when the bytes do not fit into size. */
MUSTCHECK enum err hex_decode(struct str text, void *ret_data, size_t size, size_t *ret_n);

void base64url_encode(const void *data, size_t n, char *ret_text);
MUSTCHECK enum err base64url_decode(struct str text, void *ret_data, size_t size, size_t *ret_n);
void base64_encode(const void *data, size_t n, char *ret_text);
MUSTCHECK enum err base64_decode(struct str text, void *ret_data, size_t size, size_t *ret_n);

void base32_encode(const void *data, size_t n, char *ret_text);
MUSTCHECK enum err base32_decode(struct str text, void *ret_data, size_t size, size_t *ret_n);

/* Appends the percent-encoding of s (RFC 3986: unreserved characters stay) to out, NUL-terminated.
 * Decodes %XX and, in a query, '+'; ERR_INVALID on a broken escape. In place is fine. */
struct buf;
void percent_encode(struct buf *out, struct str s);
MUSTCHECK enum err percent_decode(struct str s, int plus_is_space, char *ret_text, size_t *ret_n);

#endif
