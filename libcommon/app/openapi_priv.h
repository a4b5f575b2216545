/* Shared by the two halves of the API reference: operations (openapi.c) and what they refer to. */
#ifndef OPENAPI_PRIV_H
#define OPENAPI_PRIV_H

#include <stdbool.h>

#include "common/json.h"
#include "common/openapi.h"

#define OPENAPI_MAX_TABLES 512
#define OPENAPI_MAX_BYTES (16u << 20)

/* The field tables that were met, each once. */
struct openapi_schemas {
    struct openapi_schema {
        const struct field_table *table;
        bool input;
    } list[OPENAPI_MAX_TABLES];
    size_t n;
};

/* Adds the table and its sub-tables. */
void openapi_schemas_add(struct openapi_schemas *s, const struct field_table *t, bool input);

/* The member "components"; goes last, because it has only what was referred to before. */
void openapi_put_components(struct json_writer *w, struct openapi_schemas *s);

/* {"$ref":"#/components/KIND/NAME"}; names need no escaping. */
void openapi_put_ref(struct json_writer *w, const char *member, const char *kind, const char *name);
/* JSON text in which apostrophes stand for quotation marks, to be read in C. */
void openapi_put_json(struct json_writer *w, const char *member, const char *text);

#endif
