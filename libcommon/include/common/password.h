/* Passwords: argon2id (RFC 9106) in its PHC string form. Slow on purpose: call on the work pool. */
#ifndef COMMON_PASSWORD_H
#define COMMON_PASSWORD_H

#include <stdbool.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/str.h"

#define PASSWORD_HASH_SIZE 128
#define PASSWORD_MIN 12 /* code points; the ceiling keeps hashing bounded */
#define PASSWORD_MAX 128

/* t=2, m=19456 KiB, p=1: the first of OWASP's equivalent choices. */
MUSTCHECK enum err password_hash(struct str password, char ret_phc[PASSWORD_HASH_SIZE]);
/* ERR_UNAUTHORIZED when it does not match. phc NULL: does the same work for nothing and fails, so
 * that an unknown account answers as slowly as a known one. */
MUSTCHECK enum err password_verify(struct str password, const char *phc);
/* True when the hash was made with weaker parameters than today's. */
bool password_needs_rehash(const char *phc);

#endif
