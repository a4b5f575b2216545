/* Field tables: one description of a JSON object that validates what comes in, normalises it,
 * binds it to a C struct where C code needs the values, and prints its OpenAPI 3.1 schema.
 *
 * Input rules, for every table: unknown members are refused; strings are well-formed UTF-8 without
 * NUL. What people type is cleaned: FIELD_STR without FIELD_RAW and without a pattern is trimmed
 * and stripped of markup, its line ends become \n, other control characters are refused; e-mail
 * addresses and telephone numbers are trimmed. Anything in a FIELD_STR or FIELD_ANY that passes for
 * a card number (13-19 digits with a valid Luhn sum) is refused with ERR_CARD_NUMBER, unless
 * FIELD_SECRET. All mistakes of one input are reported together, at most FIELD_MAX_ISSUES.
 *
 * What the printed schema accepts and what is accepted here is the same; only card numbers, the
 * depth of FIELD_ANY and what the server alone can know are beyond it. */
#ifndef COMMON_FIELD_H
#define COMMON_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/compiler.h"
#include "common/err.h"
#include "common/json.h"

enum field_type {
    FIELD_STR,       /* const char *: min (after cleaning), max (as sent) in code points; min 0 is
                        1 where required; max 0 is FIELD_STR_MAX */
    FIELD_EMAIL,     /* const char *: lower-cased domain */
    FIELD_PHONE,     /* const char *: E.164; a US number without +1 is completed */
    FIELD_UUID,      /* const char *: lower-cased */
    FIELD_DATE,      /* const char *: YYYY-MM-DD */
    FIELD_TIME,      /* const char *: HH:MM */
    FIELD_TIMESTAMP, /* const char *: RFC 3339 with offset */
    FIELD_ENUM,      /* const char *: one of `choices`, separated by '|' */
    FIELD_INT,       /* int64_t: min, max are bounds of the value; 1.0 and 1e2 are whole; max 0 with
                        min >= 0 is 2^53, both 0 are +-2^53 */
    FIELD_NUMBER,    /* output only: an exact decimal; unknown on input */
    FIELD_BOOL,      /* bool */
    FIELD_OBJECT,    /* const struct json *: described by `sub`; bound as it came */
    FIELD_LIST,      /* const struct json *: items described by `sub` or, without, by `item`;
                        min, max in items, max 0 is JSON_MAX_MEMBERS; bound as it came */
    FIELD_ANY,       /* const struct json *: any JSON (a settings document) */
};

enum field_flag {
    FIELD_REQUIRED = 1 << 0,
    FIELD_NULLABLE = 1 << 1, /* null is a value; bound as NULL */
    FIELD_RAW = 1 << 2,      /* keep the string as it came: passwords, tokens */
    FIELD_SECRET = 1 << 3,   /* writeOnly in OpenAPI, format password, never logged */
    FIELD_SEALED = 1 << 4,   /* FIELD_STR: SQL sees it sealed, see app/sealed.c; not bound */
};

#define FIELD_NOWHERE SIZE_MAX /* validated and passed on as JSON, not bound to a struct */
#define FIELD_MAX_ISSUES 20
#define FIELD_STR_MAX 1000 /* code points where a row says nothing */

struct field {
    const char *name;
    enum field_type type;
    enum field_type item; /* FIELD_LIST of scalars */
    unsigned flags;
    int64_t min, max;
    const char *choices; /* FIELD_ENUM, or FIELD_LIST with item FIELD_ENUM */
    const char *pattern; /* FIELD_STR: a form of field_form.c: "slug", "zip", "table_number",
                            "cursor" */
    const struct field_table *sub;
    size_t offset;
    const char *prose;
    const char *example; /* JSON text, or NULL */
};

struct field_table {
    const char *name; /* of the schema in OpenAPI: BookingCreate */
    const struct field *rows;
    size_t n;
    size_t bytes; /* of the struct that bound rows fill; 0: none */
};

/* The offset of a member, refusing at compile time a member of another type than C_TYPE. */
#define FIELD_AT(S, member, C_TYPE) \
    (offsetof(S, member) + 0 * sizeof(&((S *)0)->member == (C_TYPE *)0))

struct field_issue {
    const char *pointer; /* RFC 6901: /guests/adults; a query parameter is its bare name */
    const char *reason;  /* a sentence for the client */
};

struct field_issues {
    struct field_issue list[FIELD_MAX_ISSUES];
    size_t n;
    enum err err; /* ERR_INVALID, or ERR_CARD_NUMBER where one was seen */
};

/* Checks doc against t. On success fills *target (t->bytes, zeroed; may be NULL when t->bytes is
 * 0) and, when ret_canonical is not NULL, sets it to the normalised object as JSON text: what is
 * passed to SQL as jsonb. Members that were absent are absent there, null is null. Everything lives
 * in the arena. Mistakes are added to issues, which the caller has zeroed. Returns ERR_OK,
 * issues->err, or ERR_TOO_LARGE/ERR_NO_MEMORY when the arena is exhausted. */
MUSTCHECK enum err field_bind(struct arena *a, const struct field_table *t, const struct json *doc,
                              void *target, const char **ret_canonical,
                              struct field_issues *issues);

/* One value given as text (a query parameter): checks and normalises it by its row. */
MUSTCHECK enum err field_bind_text(struct arena *a, const struct field *f, const char *text,
                                   const char **ret_value, struct field_issues *issues);

/* Adds an issue; silently full at FIELD_MAX_ISSUES. pointer and reason must outlive it. */
void field_issue_add(struct field_issues *issues, const char *pointer, const char *reason);

/* Appends the OpenAPI 3.1 (JSON Schema 2020-12) schema of the table. input: additional properties
 * are refused. Sub-tables become references to #/components/schemas/NAME. */
void field_schema(const struct field_table *t, bool input, struct buf *out);
/* The schema of one row, for parameters. */
void field_row_schema(const struct field *f, bool input, struct buf *out);
/* Input schemas refer to shared ones as well: "Text", "Email" and so on. Appends the schema of the
 * i-th to out and returns its name, or NULL beyond the last. */
const char *field_shared_schema(size_t i, struct buf *out);

#endif
