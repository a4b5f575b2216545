/* A field table with every type, for the fuzzers of what is checked by field tables. */
#ifndef FUZZ_TABLE_H
#define FUZZ_TABLE_H

#include "common/field.h"

struct everything {
    const char *text, *email;
    int64_t whole;
    bool yes;
    const struct json *any;
};

/* clang-format 14 cannot lay out rows of unequal length. */
/* clang-format off */

#define AT(member, type) FIELD_AT(struct everything, member, type)
#define NOWHERE FIELD_NOWHERE

static const struct field sub_rows[] = {
    {.name = "n", .type = FIELD_INT, .flags = FIELD_REQUIRED, .min = 1, .max = 50,
     .offset = NOWHERE},
    {.name = "text", .flags = FIELD_NULLABLE, .max = 20, .offset = NOWHERE},
};
static const struct field_table sub = {"Sub", sub_rows, ARRAY_LEN(sub_rows), 0};

/* The first rows can be given as text too. */
#define N_SCALARS 16

static const struct field everything_rows[] = {
    {.name = "text", .max = 40, .offset = AT(text, const char *)},
    {.name = "reason", .min = 5, .max = 40, .offset = NOWHERE},
    {.name = "raw", .flags = FIELD_RAW, .max = 40, .offset = NOWHERE},
    {.name = "secret", .flags = FIELD_RAW | FIELD_SECRET, .max = 40, .offset = NOWHERE},
    {.name = "slug", .pattern = "slug", .max = 40, .offset = NOWHERE},
    {.name = "zip", .pattern = "zip", .offset = NOWHERE},
    {.name = "table", .pattern = "table_number", .offset = NOWHERE},
    {.name = "email", .type = FIELD_EMAIL, .offset = AT(email, const char *)},
    {.name = "phone", .type = FIELD_PHONE, .offset = NOWHERE},
    {.name = "id", .type = FIELD_UUID, .offset = NOWHERE},
    {.name = "date", .type = FIELD_DATE, .flags = FIELD_NULLABLE, .offset = NOWHERE},
    {.name = "time", .type = FIELD_TIME, .offset = NOWHERE},
    {.name = "at", .type = FIELD_TIMESTAMP, .offset = NOWHERE},
    {.name = "kind", .type = FIELD_ENUM, .choices = "a|bc", .offset = NOWHERE},
    {.name = "whole", .type = FIELD_INT, .min = -9, .max = 1000, .offset = AT(whole, int64_t)},
    {.name = "yes", .type = FIELD_BOOL, .offset = AT(yes, bool)},
    {.name = "out", .type = FIELD_NUMBER, .offset = NOWHERE},
    {.name = "object", .type = FIELD_OBJECT, .flags = FIELD_NULLABLE, .sub = &sub,
     .offset = NOWHERE},
    {.name = "list", .type = FIELD_LIST, .max = 5, .offset = NOWHERE},
    {.name = "objects", .type = FIELD_LIST, .sub = &sub, .offset = NOWHERE},
    {.name = "any", .type = FIELD_ANY, .offset = AT(any, const struct json *)},
};
static const struct field_table everything = {"Everything", everything_rows,
                                              ARRAY_LEN(everything_rows),
                                              sizeof(struct everything)};
/* clang-format on */

#endif
