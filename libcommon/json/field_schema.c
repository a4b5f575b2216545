/* Prints field tables as OpenAPI 3.1 schemas (JSON Schema 2020-12). Nothing is owned here.
 *
 * An input schema accepts exactly what binding accepts: it quotes the patterns of field_check.c. An
 * output schema says types only, and allows members that are added later. */
#include "common/field.h"

#include <stdio.h>

#include "field_check.h"

/* --- patterns of free text ------------------------------------------------------------------- *
 * They say in regular expressions what text_clean() does: TAG is skipped, a '<' without a '>' after
 * it is text, carriage returns do not count, the ends are trimmed. */

#define CONTROL "\\x00-\\x08\\x0B\\x0C\\x0E-\\x1F\\x7F-\\x9F"
#define TAG "<[^>" CONTROL "]*>"
#define STRAY "<(?![^>]*>)"
#define BLANK "(?:[ \\t\\n\\r]|" TAG ")*"
#define VISIBLE "(?:[^< \\t\\n\\r" CONTROL "]|" STRAY ")"
#define IGNORED "(?:\\r|" TAG ")*"
#define COUNTED "(?:[^<\\r" CONTROL "]|" STRAY ")"
#define REST "[^" CONTROL "]*$"

static const char text_pattern[] = "^" BLANK VISIBLE REST;
static const char empty_text_pattern[] = "^" REST;
/* At least %lld + 2 characters that count, the first and the last of them visible. */
#define LONG_TEXT_PATTERN "^" BLANK VISIBLE "(?:" IGNORED COUNTED "){%lld,}" IGNORED VISIBLE REST
static const char raw_pattern[] = "^[^\\x00]*$";

/* --- shared schemas -------------------------------------------------------------------------- */

static const struct {
    const char *name, *pattern, *prose;
} text_schemas[] = {
    {"Text", text_pattern,
     "Text with at least one visible character. It is trimmed and stripped of markup."},
    {"TextOrEmpty", empty_text_pattern, "Text. It is trimmed and stripped of markup."},
};

static const enum field_type form_types[] = {FIELD_EMAIL, FIELD_PHONE, FIELD_UUID,
                                             FIELD_DATE,  FIELD_TIME,  FIELD_TIMESTAMP};

static const char any_json[] =
    "{\"description\":\"Any JSON, nested at most 32 levels deep.\","
    "\"minimum\":-9007199254740992,\"maximum\":9007199254740992,\"pattern\":\"^[^\\\\x00]*$\","
    "\"maxItems\":1000,\"items\":{\"$ref\":\"#/components/schemas/Json\"},\"maxProperties\":1000,"
    "\"propertyNames\":{\"pattern\":\"^[^\\\\x00]*$\"},"
    "\"additionalProperties\":{\"$ref\":\"#/components/schemas/Json\"}}";

static void put_form(struct json_writer *w, const struct form *form)
{
    json_open(w, NULL, '{');
    json_put_cstr(w, "description", form->reason);
    json_put_cstr(w, "type", "string");
    if (form->format && !form->trimmed)
        json_put_cstr(w, "format", form->format);
    json_put_cstr(w, "pattern", form->pattern);
    if (form->max)
        json_put_i64(w, "maxLength", form->max);
    json_close(w, '}');
}

const char *field_shared_schema(size_t i, struct buf *out)
{
    struct json_writer w = JSON_WRITER(out);
    if (i < ARRAY_LEN(text_schemas)) {
        json_open(&w, NULL, '{');
        json_put_cstr(&w, "description", text_schemas[i].prose);
        json_put_cstr(&w, "type", "string");
        json_put_cstr(&w, "pattern", text_schemas[i].pattern);
        json_close(&w, '}');
        return text_schemas[i].name;
    }
    i -= ARRAY_LEN(text_schemas);
    if (i < ARRAY_LEN(form_types)) {
        const struct form *form = form_of_type(form_types[i]);
        put_form(&w, form);
        return form->name;
    }
    if (i > ARRAY_LEN(form_types))
        return NULL;
    buf_adds(out, any_json);
    return "Json";
}

/* --- rows ------------------------------------------------------------------------------------ */

/* A reference to a shared schema or to that of a sub-table; names need no escaping. */
static void put_ref(struct json_writer *w, const char *name)
{
    json_put_raw(w, "$ref", STR("\"#/components/schemas/"));
    buf_adds(w->out, name);
    buf_addc(w->out, '"');
}

static void put_type(struct json_writer *w, const struct field *f, const char *type)
{
    if (!(f->flags & FIELD_NULLABLE)) {
        json_put_cstr(w, "type", type);
        return;
    }
    json_open(w, "type", '[');
    json_put_cstr(w, NULL, type);
    json_put_cstr(w, NULL, "null");
    json_close(w, ']');
}

static void put_type_of(struct json_writer *w, const struct field *f, const char *name)
{
    if (!(f->flags & FIELD_NULLABLE)) {
        put_ref(w, name);
        return;
    }
    json_open(w, "anyOf", '[');
    json_open(w, NULL, '{');
    put_ref(w, name);
    json_close(w, '}');
    json_open(w, NULL, '{');
    json_put_cstr(w, "type", "null");
    json_close(w, '}');
    json_close(w, ']');
}

/* Text that people type: its lower bound can only be told by a pattern. */
static void put_free_text(struct json_writer *w, const struct field *f, struct bounds b)
{
    if (b.min <= 1) {
        put_type_of(w, f, b.min == 0 ? "TextOrEmpty" : "Text");
    } else {
        char pattern[1024];
        (void)snprintf(pattern, sizeof(pattern), LONG_TEXT_PATTERN, (long long)b.min - 2);
        put_type(w, f, "string");
        json_put_cstr(w, "pattern", pattern);
    }
    json_put_i64(w, "maxLength", b.max);
}

static void put_str(struct json_writer *w, const struct field *f)
{
    struct bounds b = field_bounds(f);
    const struct form *form = form_of_row(f);
    if (f->flags & FIELD_SECRET) {
        json_put_cstr(w, "format", "password");
        json_put_bool(w, "writeOnly", true);
    }
    if (!form && !(f->flags & FIELD_RAW)) {
        put_free_text(w, f, b);
        return;
    }
    put_type(w, f, "string");
    json_put_cstr(w, "pattern", form ? form->pattern : raw_pattern);
    json_put_i64(w, "minLength", b.min);
    json_put_i64(w, "maxLength", b.max);
}

static void put_form_row(struct json_writer *w, const struct field *f, bool input)
{
    const struct form *form = form_of_type(f->type);
    if (input) {
        put_type_of(w, f, form->name);
        return;
    }
    put_type(w, f, "string");
    if (form->format)
        json_put_cstr(w, "format", form->format);
}

static void put_enum(struct json_writer *w, const struct field *f)
{
    put_type(w, f, "string");
    json_open(w, "enum", '[');
    struct str rest = str_of(f->choices);
    while (rest.n)
        json_put_str(w, NULL, str_cut(&rest, '|'));
    if (f->flags & FIELD_NULLABLE)
        json_put_null(w, NULL);
    json_close(w, ']');
}

static void put_bounds(struct json_writer *w, const struct field *f, const char *min,
                       const char *max)
{
    struct bounds b = field_bounds(f);
    json_put_i64(w, min, b.min);
    json_put_i64(w, max, b.max);
}

static void put_list(struct json_writer *w, const struct field *f, bool input)
{
    struct field item = field_item(f);
    put_type(w, f, "array");
    if (input)
        put_bounds(w, f, "minItems", "maxItems");
    json_put_raw(w, "items", STR(""));
    field_row_schema(&item, input, w->out);
}

static void put_row(struct json_writer *w, const struct field *f, bool input)
{
    switch (f->type) {
    case FIELD_STR:
        if (input)
            put_str(w, f);
        else
            put_type(w, f, "string");
        break;
    case FIELD_EMAIL:
    case FIELD_PHONE:
    case FIELD_UUID:
    case FIELD_DATE:
    case FIELD_TIME:
    case FIELD_TIMESTAMP:
        put_form_row(w, f, input);
        break;
    case FIELD_ENUM:
        put_enum(w, f);
        break;
    case FIELD_INT:
        put_type(w, f, "integer");
        if (input)
            put_bounds(w, f, "minimum", "maximum");
        break;
    case FIELD_NUMBER:
        put_type(w, f, "number");
        break;
    case FIELD_BOOL:
        put_type(w, f, "boolean");
        break;
    case FIELD_OBJECT:
        if (f->sub) {
            put_type_of(w, f, f->sub->name);
            break;
        }
        put_type(w, f, "object");
        if (input)
            put_ref(w, "Json");
        break;
    case FIELD_LIST:
        put_list(w, f, input);
        break;
    case FIELD_ANY:
        if (input)
            put_ref(w, "Json");
        break;
    }
}

void field_row_schema(const struct field *f, bool input, struct buf *out)
{
    struct json_writer w = JSON_WRITER(out);
    json_open(&w, NULL, '{');
    if (f->prose)
        json_put_cstr(&w, "description", f->prose);
    put_row(&w, f, input);
    if (f->example) {
        json_open(&w, "examples", '[');
        json_put_raw(&w, NULL, str_of(f->example));
        json_close(&w, ']');
    }
    json_close(&w, '}');
}

void field_schema(const struct field_table *t, bool input, struct buf *out)
{
    struct json_writer w = JSON_WRITER(out);
    json_open(&w, NULL, '{');
    json_put_cstr(&w, "type", "object");
    if (input)
        json_put_bool(&w, "additionalProperties", false);
    json_open(&w, "required", '[');
    for (size_t i = 0; i < t->n; i++)
        if ((t->rows[i].flags & FIELD_REQUIRED) && !(input && t->rows[i].type == FIELD_NUMBER))
            json_put_cstr(&w, NULL, t->rows[i].name);
    json_close(&w, ']');
    json_open(&w, "properties", '{');
    for (size_t i = 0; i < t->n; i++) {
        if (input && t->rows[i].type == FIELD_NUMBER)
            continue;
        json_put_raw(&w, t->rows[i].name, STR(""));
        field_row_schema(&t->rows[i], input, out);
    }
    json_close(&w, '}');
    json_close(&w, '}');
}
