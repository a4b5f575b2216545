/* JSON (RFC 8259), read strictly and written safely. cJSON is behind it and named nowhere else.
 *
 * Reading refuses what RFC 8259 leaves open and peers disagree on: duplicate names, text after the
 * value, ill-formed UTF-8, unpaired surrogates, \u0000, nesting over JSON_MAX_DEPTH, numbers
 * beyond +-2^53 (a double would change them) or of more than 63 characters. Names are compared with
 * case. */
#ifndef COMMON_JSON_H
#define COMMON_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/compiler.h"
#include "common/err.h"
#include "common/str.h"

#define JSON_MAX_DEPTH 32
#define JSON_MAX_MEMBERS 1000 /* of one object or array */
#define JSON_MAX_VALUES 30000 /* of one document: bounds the tree, which no arena's budget sees */

struct json; /* a value inside a document */

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* Parses the whole text. The document belongs to the arena. ERR_MALFORMED: *ret_why (when not
 * NULL) points at a sentence without the offending bytes, in static memory. */
MUSTCHECK enum err json_parse(struct arena *a, struct str text, const struct json **ret_doc,
                              const char **ret_why);

enum json_type json_type(const struct json *j);
/* The member, or NULL. */
const struct json *json_get(const struct json *object, const char *name);
/* Walks the members or items: json_first(), then json_next() until NULL. */
const struct json *json_first(const struct json *container);
const struct json *json_next(const struct json *item);
const char *json_name(const struct json *member);
size_t json_count(const struct json *container);

bool json_bool(const struct json *j);
const char *json_string(const struct json *j); /* NUL-terminated, borrowed */
double json_number(const struct json *j);
/* ERR_INVALID unless the number has no fraction. */
MUSTCHECK enum err json_i64(const struct json *j, int64_t *ret_value);

/* Writing: append tokens to a buffer; commas are placed by the writer. */
struct json_writer {
    struct buf *out;
    bool comma;
};

#define JSON_WRITER(buf) ((struct json_writer){.out = (buf)})

void json_open(struct json_writer *w, const char *name,
               char bracket);                         /* '{' or '['; name or NULL */
void json_close(struct json_writer *w, char bracket); /* '}' or ']' */
void json_put_str(struct json_writer *w, const char *name, struct str value);
void json_put_cstr(struct json_writer *w, const char *name, const char *value); /* NULL: null */
void json_put_i64(struct json_writer *w, const char *name, int64_t value);
void json_put_bool(struct json_writer *w, const char *name, bool value);
void json_put_null(struct json_writer *w, const char *name);
/* text must be JSON already: what PostgreSQL built. */
void json_put_raw(struct json_writer *w, const char *name, struct str text);
/* Writes a parsed value with everything in it. */
void json_put_value(struct json_writer *w, const char *name, const struct json *value);
/* Appends s as a JSON string, quotes included; ill-formed UTF-8 becomes U+FFFD. */
void json_escape(struct buf *out, struct str s);
/* Appends JSON text indented by two spaces a level: for files whose differences people read. */
void json_pretty(struct buf *out, struct str json);

#endif
