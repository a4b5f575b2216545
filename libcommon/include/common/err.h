/* Errors are values. One enum for the whole suite, generated from the rows of proto/errors.def;
 * ERR_OK is 0. A fallible function returns enum err and is MUSTCHECK; its outputs are named ret_*,
 * come last, and are untouched on failure. */
#ifndef COMMON_ERR_H
#define COMMON_ERR_H

#include <stdbool.h>

enum err {
    ERR_OK = 0,
#define ERR(symbol, http_status, code, title) ERR_##symbol,
#include "errors.def"
#undef ERR
    ERR_MAX
};

/* HTTP status, stable machine-readable code, and human title of an error (RFC 9457 `status`,
 * `code`, `title`). Any value outside the table reads as ERR_INTERNAL. */
int err_status(enum err e);
const char *err_code(enum err e);
const char *err_title(enum err e);

/* The error whose code is `code`, or ERR_INTERNAL when there is none. */
enum err err_from_code(const char *code);

#endif
