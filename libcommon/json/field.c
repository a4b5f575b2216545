/* Binding: walks a document along its table, row by row, and writes the normalised text as it goes.
 *
 * Values, pointers and reasons live in the caller's arena; the struct is filled only when all of
 * the document is right. The cost is bounded by the parser: at most JSON_MAX_VALUES values, each
 * looked for among the rows of one table, and the walk ends when the list of issues is full. */
#include "common/field.h"

#include <assert.h>

#include "field_check.h"
#include "field_text.h"

#define MAX_CANONICAL_BYTES (16 << 20)
#define MAX_POINTER_NAME_BYTES 64 /* of one member's name: it may be hostile */

struct bind {
    struct arena *arena;
    struct field_issues *issues;
    struct json_writer w;
    enum err end; /* what ended the walk: the arena is exhausted */
    bool failed;  /* some value was refused */
};

/* Where we are: a member (name) or an item (index) below `up`; the document has no `up`. */
struct place {
    const struct place *up;
    const char *name;
    size_t index;
};

void field_issue_add(struct field_issues *issues, const char *pointer, const char *reason)
{
    if (issues->err == ERR_OK)
        issues->err = ERR_INVALID;
    if (issues->n < FIELD_MAX_ISSUES)
        issues->list[issues->n++] = (struct field_issue){pointer, reason};
}

static void refuse(struct field_issues *issues, const char *pointer, const char *reason, enum err e)
{
    field_issue_add(issues, pointer, reason);
    if (e == ERR_CARD_NUMBER)
        issues->err = e;
}

/* RFC 6901: ~ is ~0, / is ~1. A name that is too long is cut, between characters. */
static char *pointer_name(struct arena *a, const char *name)
{
    size_t n = strlen(name);
    for (n = MIN(n, MAX_POINTER_NAME_BYTES); (name[n] & 0xC0) == 0x80; n--)
        ;
    char *escaped = arena_alloc(a, 2 * n + 1);
    for (size_t i = 0, at = 0; escaped && i < n; i++) {
        bool special = name[i] == '~' || name[i] == '/';
        escaped[at++] = special ? '~' : name[i];
        if (special)
            escaped[at++] = name[i] == '~' ? '0' : '1';
    }
    return escaped;
}

/* NULL when the arena is exhausted. */
static const char *pointer_of(struct arena *a, const struct place *at)
{
    if (!at->up)
        return "";
    const char *up = pointer_of(a, at->up);
    if (!up)
        return NULL;
    if (!at->name)
        return arena_printf(a, "%s/%zu", up, at->index);
    const char *name = pointer_name(a, at->name);
    return name ? arena_printf(a, "%s/%s", up, name) : NULL;
}

static void issue(struct bind *b, const struct place *at, const char *reason, enum err e)
{
    const char *pointer = pointer_of(b->arena, at);
    b->failed = true;
    if (!pointer || !reason)
        b->end = ERR_TOO_LARGE;
    else
        refuse(b->issues, pointer, reason, e);
}

static bool is_over(const struct bind *b)
{
    return b->end != ERR_OK || b->issues->n == FIELD_MAX_ISSUES;
}

static bool has_card(const struct json *j)
{
    if (json_type(j) == JSON_STRING)
        return text_has_card(json_string(j));
    for (const struct json *child = json_first(j); child; child = json_next(child))
        if (has_card(child))
            return true;
    return false;
}

static void bind_object(struct bind *b, const struct field_table *t, const struct place *at,
                        const struct json *j, void *target);
static void bind_value(struct bind *b, const struct field *f, const struct place *at,
                       const struct json *j, void *slot);

static void bind_text(struct bind *b, const struct field *f, const struct place *at,
                      const struct json *j, const char **slot)
{
    const char *value, *reason;
    enum err e = field_take_text(b->arena, f, json_string(j), &value, &reason);
    if (e == ERR_INVALID || e == ERR_CARD_NUMBER) {
        issue(b, at, reason, e);
        return;
    }
    if (e != ERR_OK) {
        b->end = e;
        return;
    }
    json_put_cstr(&b->w, at->name, value);
    if (slot)
        *slot = value;
}

static void bind_int(struct bind *b, const struct field *f, const struct place *at,
                     const struct json *j, int64_t *slot)
{
    struct bounds bounds = field_bounds(f);
    int64_t value;
    if (json_i64(j, &value) != ERR_OK || value < bounds.min || value > bounds.max) {
        issue(b, at, field_range_reason(b->arena, f), ERR_INVALID);
        return;
    }
    json_put_i64(&b->w, at->name, value);
    if (slot)
        *slot = value;
}

static void bind_list(struct bind *b, const struct field *f, const struct place *at,
                      const struct json *j)
{
    struct bounds bounds = field_bounds(f);
    int64_t count = (int64_t)json_count(j);
    if (count < bounds.min || count > bounds.max) {
        issue(b, at, field_range_reason(b->arena, f), ERR_INVALID);
        return;
    }
    struct field row = field_item(f);
    struct place item = {.up = at};
    json_open(&b->w, at->name, '[');
    for (j = json_first(j); j && !is_over(b); j = json_next(j), item.index++)
        bind_value(b, &row, &item, j, NULL);
    json_close(&b->w, ']');
}

/* The JSON type that a row wants, and how that is said. */
static enum json_type wanted_type(const struct field *f, const char **ret_reason)
{
    switch (f->type) {
    case FIELD_INT:
    case FIELD_NUMBER:
        *ret_reason = "Must be a number";
        return JSON_NUMBER;
    case FIELD_BOOL:
        *ret_reason = "Must be true or false";
        return JSON_BOOL;
    case FIELD_OBJECT:
        *ret_reason = "Must be an object";
        return JSON_OBJECT;
    case FIELD_LIST:
        *ret_reason = "Must be an array";
        return JSON_ARRAY;
    case FIELD_STR:
    case FIELD_EMAIL:
    case FIELD_PHONE:
    case FIELD_UUID:
    case FIELD_DATE:
    case FIELD_TIME:
    case FIELD_TIMESTAMP:
    case FIELD_ENUM:
    case FIELD_ANY:
        break;
    }
    *ret_reason = "Must be a string";
    return JSON_STRING;
}

static void bind_container(struct bind *b, const struct field *f, const struct place *at,
                           const struct json *j, const struct json **slot)
{
    if (f->type == FIELD_LIST)
        bind_list(b, f, at, j);
    else if (f->type == FIELD_OBJECT && f->sub)
        bind_object(b, f->sub, at, j, NULL);
    else if (!(f->flags & FIELD_SECRET) && has_card(j))
        issue(b, at, "Must not contain a card number", ERR_CARD_NUMBER);
    else
        json_put_value(&b->w, at->name, j);
    if (slot)
        *slot = j;
}

/* slot is the member of the struct, of the C type that field.h names; NULL: nowhere. */
static void bind_value(struct bind *b, const struct field *f, const struct place *at,
                       const struct json *j, void *slot)
{
    const char *reason;
    if (json_type(j) == JSON_NULL && f->type != FIELD_ANY) {
        if (f->flags & FIELD_NULLABLE)
            json_put_null(&b->w, at->name);
        else
            issue(b, at, "Must not be null", ERR_INVALID);
        return;
    }
    if (f->type != FIELD_ANY && json_type(j) != wanted_type(f, &reason)) {
        issue(b, at, reason, ERR_INVALID);
        return;
    }
    switch (f->type) {
    case FIELD_INT:
        bind_int(b, f, at, j, slot);
        break;
    case FIELD_BOOL:
        json_put_bool(&b->w, at->name, json_bool(j));
        if (slot)
            *(bool *)slot = json_bool(j);
        break;
    case FIELD_OBJECT:
    case FIELD_LIST:
    case FIELD_ANY:
        bind_container(b, f, at, j, slot);
        break;
    case FIELD_NUMBER:
        assert(false && "output only");
        break;
    case FIELD_STR:
    case FIELD_EMAIL:
    case FIELD_PHONE:
    case FIELD_UUID:
    case FIELD_DATE:
    case FIELD_TIME:
    case FIELD_TIMESTAMP:
    case FIELD_ENUM:
        bind_text(b, f, at, j, slot);
        break;
    }
}

static bool is_known(const struct field_table *t, const char *name)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->rows[i].name, name) == 0)
            return t->rows[i].type != FIELD_NUMBER;
    return false;
}

static void *slot_of(const struct field *f, void *target)
{
    return target && f->offset != FIELD_NOWHERE ? (char *)target + f->offset : NULL;
}

static void bind_object(struct bind *b, const struct field_table *t, const struct place *at,
                        const struct json *j, void *target)
{
    json_open(&b->w, at->name, '{');
    for (const struct json *m = json_first(j); m && !is_over(b); m = json_next(m))
        if (!is_known(t, json_name(m)))
            issue(b, &(struct place){.up = at, .name = json_name(m)}, "Is not known here",
                  ERR_INVALID);
    for (size_t i = 0; i < t->n && !is_over(b); i++) {
        const struct field *f = &t->rows[i];
        struct place member = {.up = at, .name = f->name};
        const struct json *value = f->type == FIELD_NUMBER ? NULL : json_get(j, f->name);
        if (value)
            bind_value(b, f, &member, value, slot_of(f, target));
        else if (f->type != FIELD_NUMBER && (f->flags & FIELD_REQUIRED))
            issue(b, &member, "Is required", ERR_INVALID);
    }
    json_close(&b->w, '}');
}

enum err field_bind(struct arena *a, const struct field_table *t, const struct json *doc,
                    void *target, const char **ret_canonical, struct field_issues *issues)
{
    struct buf text = BUF_INIT(MAX_CANONICAL_BYTES);
    struct bind b = {.arena = a, .issues = issues, .w = JSON_WRITER(&text)};
    b.failed = is_over(&b); /* by mistakes found elsewhere */
    struct place root = {.up = NULL};
    void *filled = arena_alloc(a, MAX(t->bytes, 1));
    if (!filled)
        b.end = ERR_TOO_LARGE;
    else if (json_type(doc) != JSON_OBJECT)
        issue(&b, &root, "Must be an object", ERR_INVALID);
    else
        bind_object(&b, t, &root, doc, t->bytes ? filled : NULL);

    enum err e = b.end != ERR_OK ? b.end : b.failed ? issues->err : buf_err(&text);
    char *canonical = NULL;
    if (e == ERR_OK && ret_canonical) {
        canonical = arena_strndup(a, text.data, text.len);
        e = canonical ? ERR_OK : ERR_TOO_LARGE;
    }
    buf_free(&text);
    if (e != ERR_OK)
        return e;
    if (t->bytes)
        memcpy(target, filled, t->bytes);
    if (ret_canonical)
        *ret_canonical = canonical;
    return ERR_OK;
}

static enum err int_text(struct arena *a, const struct field *f, const char *text,
                         const char **ret_value, const char **ret_reason)
{
    struct bounds bounds = field_bounds(f);
    int64_t value;
    const char *reason = NULL;
    if (str_to_i64(str_of(text), bounds.min, bounds.max, &value) != ERR_OK) {
        reason = field_range_reason(a, f);
        if (reason)
            *ret_reason = reason;
        return reason ? ERR_INVALID : ERR_TOO_LARGE;
    }
    *ret_value = arena_printf(a, "%lld", (long long)value);
    return *ret_value ? ERR_OK : ERR_TOO_LARGE;
}

static enum err bool_text(const char *text, const char **ret_value, const char **ret_reason)
{
    if (strcmp(text, "true") != 0 && strcmp(text, "false") != 0) {
        *ret_reason = "Must be true or false";
        return ERR_INVALID;
    }
    *ret_value = text[0] == 't' ? "true" : "false";
    return ERR_OK;
}

enum err field_bind_text(struct arena *a, const struct field *f, const char *text,
                         const char **ret_value, struct field_issues *issues)
{
    const char *value = NULL, *reason = NULL;
    enum json_type type = wanted_type(f, &reason);
    enum err e;
    assert(f->type != FIELD_ANY && f->type != FIELD_NUMBER && type != JSON_OBJECT &&
           type != JSON_ARRAY);
    if (type == JSON_NUMBER) {
        e = int_text(a, f, text, &value, &reason);
    } else if (type == JSON_BOOL) {
        e = bool_text(text, &value, &reason);
    } else if (!str_is_utf8(str_of(text))) {
        reason = "Is not well-formed UTF-8";
        e = ERR_INVALID;
    } else {
        e = field_take_text(a, f, text, &value, &reason);
    }
    if (e == ERR_OK)
        *ret_value = value;
    else if (e == ERR_INVALID || e == ERR_CARD_NUMBER)
        refuse(issues, f->name, reason, e);
    return e;
}
