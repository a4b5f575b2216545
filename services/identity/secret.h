/* Texts that open something: refresh tokens, links in mails, API keys, recovery codes. The client
 * gets the text, the database its SHA-256: they are random enough that a slow hash adds nothing. */
#ifndef IDENTITY_SECRET_H
#define IDENTITY_SECRET_H

#include "common/compiler.h"
#include "common/crypto.h"
#include "common/encode.h"
#include "common/err.h"
#include "common/str.h"

#define SECRET_BYTES 32
#define SECRET_PREFIX_SIZE 32
#define SECRET_TEXT_SIZE (SECRET_PREFIX_SIZE + BASE64_SIZE(SECRET_BYTES))
#define SECRET_HASH_SIZE HEX_SIZE(SHA256_SIZE)

struct secret {
    char text[SECRET_TEXT_SIZE];
    char hash[SECRET_HASH_SIZE]; /* hexadecimal */
};

/* prefix, then 256 random bits as base64url. The prefix tells what it is, to people and to
 * scanners. */
MUSTCHECK
enum err secret_make(const char *prefix, struct secret *ret_secret);
/* The hash of a text that a client sent. */
MUSTCHECK
enum err secret_hash(struct str text, char ret_hash[SECRET_HASH_SIZE]);

/* mhk_PREFIX_SECRET: the entry is found by PREFIX, which is no secret. */
#define API_KEY_MARK "mhk_"
#define API_KEY_PREFIX_SIZE 13
MUSTCHECK
enum err api_key_make(char ret_prefix[API_KEY_PREFIX_SIZE], struct secret *ret_secret);
/* ERR_INVALID unless it has the form of an API key. */
MUSTCHECK
enum err api_key_split(struct str text, char ret_prefix[API_KEY_PREFIX_SIZE],
                       char ret_hash[SECRET_HASH_SIZE]);

/* 80 random bits, to be typed: ABCD-EFGH-IJKL-MNOP. */
#define RECOVERY_CODES 10
MUSTCHECK
enum err recovery_code_make(struct secret *ret_secret);
/* Takes it in either case, with and without dashes or spaces. ERR_INVALID when it is not one. */
MUSTCHECK
enum err recovery_code_hash(struct str text, char ret_hash[SECRET_HASH_SIZE]);

#endif
