/* Borrowed strings (pointer and length) and strict conversions of outside bytes. */
#ifndef COMMON_STR_H
#define COMMON_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "common/compiler.h"
#include "common/err.h"

/* n bytes at p, not NUL-terminated, owned by somebody else. */
struct str {
    const char *p;
    size_t n;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})

static inline struct str str_of(const char *s)
{
    return (struct str){s, s ? strlen(s) : 0};
}

bool str_eq(struct str a, struct str b);
bool str_eq_nocase(struct str a, struct str b); /* ASCII only */
bool str_starts(struct str s, struct str prefix);
struct str str_trim(struct str s); /* strips ASCII spaces and tabs from both ends */
/* Cuts *s at the first `sep`: returns what came before, leaves in *s what came after.
 * Without a separator returns all and leaves *s empty. */
struct str str_cut(struct str *s, char sep);

/* Whole-string decimal integer within [min, max]; no sign but '-', no spaces, no leading '+'. */
MUSTCHECK enum err str_to_i64(struct str s, int64_t min, int64_t max, int64_t *ret_value);

/* Well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates) without NUL. */
bool str_is_utf8(struct str s);
/* Number of code points of a well-formed string. */
size_t str_utf8_len(struct str s);

/* 36 characters, 8-4-4-4-12, hexadecimal in either case (RFC 9562). */
bool str_is_uuid(struct str s);
/* YYYY-MM-DD that exists in the Gregorian calendar, years 1900-2199. */
bool str_is_date(struct str s);
/* HH:MM, 00:00-23:59. */
bool str_is_time(struct str s);
/* A mailbox of RFC 5321 with a dot-atom local part and a host name with at least one dot. */
bool str_is_email(struct str s);

/* Compares in time that depends on n only. */
bool str_eq_consttime(const void *a, const void *b, size_t n);

/* Always NUL-terminates; ERR_TOO_LARGE when src does not fit. */
MUSTCHECK enum err str_copy(char *dst, size_t dst_size, struct str src);

#endif
