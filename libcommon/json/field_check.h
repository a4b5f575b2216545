/* What a value of each field type looks like, in one place: binding asks the functions, the printed
 * schema quotes the patterns beside them. Each pattern accepts exactly what its function does. */
#ifndef FIELD_CHECK_H
#define FIELD_CHECK_H

#include "common/field.h"

typedef bool form_fn(struct str s);

/* A string of a fixed form. */
struct form {
    const char *name;    /* of the schema in OpenAPI, or of a FIELD_STR's check */
    const char *format;  /* of JSON Schema, or NULL; of a trimmed one, for what goes out only */
    const char *pattern; /* ECMA-262, JavaScript's regular expressions */
    const char *reason;  /* what the client is told when it does not fit */
    form_fn *fn;
    int max;      /* characters as sent; 0: what the pattern says */
    bool trimmed; /* spaces may be around it on the way in */
};

/* The form of that type, or NULL: types that are not strings, FIELD_STR, FIELD_ENUM. */
const struct form *form_of_type(enum field_type type);
/* The form that a FIELD_STR row names in `pattern`, or NULL without one. */
const struct form *form_of_row(const struct field *f);
/* The one way to write a value that has the form of its type: E.164, lower-case UUIDs and so on.
 * NULL when the arena is exhausted. */
char *form_normalised(struct arena *a, enum field_type type, struct str s);

/* The bounds that hold for a row: its own, or the defaults of field.h. */
struct bounds {
    int64_t min, max;
};
struct bounds field_bounds(const struct field *f);

/* The items of a FIELD_LIST, as a row. */
struct field field_item(const struct field *list);

/* Checks and normalises a string by its row (any string type). ret_value is in the arena.
 * ERR_INVALID, ERR_CARD_NUMBER: *ret_reason says why, in the arena or static; ERR_TOO_LARGE: the
 * arena is exhausted. */
MUSTCHECK
enum err field_take_text(struct arena *a, const struct field *f, const char *text,
                         const char **ret_value, const char **ret_reason);
/* The reason for a number out of bounds; NULL when the arena is exhausted. */
const char *field_range_reason(struct arena *a, const struct field *f);

#endif
