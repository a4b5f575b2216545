/* A table of every type, and how the tests of field tables bind a document to it. */
#ifndef TESTS_UNIT_JSON_ORDER_H
#define TESTS_UNIT_JSON_ORDER_H

#include "torture.h"

#include <string.h>

#include "common/arena.h"
#include "common/field.h"

struct guests {
    int64_t adults;
};

/* clang-format 14 cannot lay out rows of unequal length. */
/* clang-format off */
static const struct field guests_rows[] = {
    {.name = "adults", .type = FIELD_INT, .flags = FIELD_REQUIRED, .min = 1, .max = 50},
    {.name = "child/ren~", .type = FIELD_INT, .max = 50},
    {.name = "total", .type = FIELD_NUMBER},
};
/* clang-format on */
static const struct field_table guests = {"Guests", guests_rows, ARRAY_LEN(guests_rows), 0};

struct order {
    const char *title, *note, *email, *phone, *id, *date, *time, *at, *kind, *password;
    int64_t price_cents;
    bool vip;
    const struct json *guests, *tags, *settings;
};

#define AT(member, type) FIELD_AT(struct order, member, type)
#define STRING(member) AT(member, const char *)
#define TREE(member) AT(member, const struct json *)

/* clang-format off */
static const struct field order_rows[] = {
    {.name = "title", .flags = FIELD_REQUIRED, .max = 20, .offset = STRING(title)},
    {.name = "note", .flags = FIELD_NULLABLE, .max = 100, .offset = STRING(note)},
    {.name = "reason", .min = 5, .max = 30, .offset = FIELD_NOWHERE},
    {.name = "email", .type = FIELD_EMAIL, .offset = STRING(email)},
    {.name = "phone", .type = FIELD_PHONE, .offset = STRING(phone)},
    {.name = "id", .type = FIELD_UUID, .offset = STRING(id)},
    {.name = "date", .type = FIELD_DATE, .flags = FIELD_NULLABLE, .offset = STRING(date)},
    {.name = "time", .type = FIELD_TIME, .offset = STRING(time)},
    {.name = "at", .type = FIELD_TIMESTAMP, .offset = STRING(at)},
    {.name = "kind", .type = FIELD_ENUM, .choices = "wedding|birthday", .offset = STRING(kind)},
    {.name = "password", .flags = FIELD_RAW | FIELD_SECRET, .min = 8, .offset = STRING(password)},
    {.name = "token", .flags = FIELD_RAW, .offset = FIELD_NOWHERE},
    {.name = "slug", .pattern = "slug", .max = 10, .offset = FIELD_NOWHERE},
    {.name = "zip", .pattern = "zip", .offset = FIELD_NOWHERE},
    {.name = "table", .pattern = "table_number", .offset = FIELD_NOWHERE},
    {.name = "price_cents", .type = FIELD_INT, .max = 1000, .offset = AT(price_cents, int64_t)},
    {.name = "delta", .type = FIELD_INT, .min = -5, .offset = FIELD_NOWHERE},
    {.name = "any_int", .type = FIELD_INT, .offset = FIELD_NOWHERE},
    {.name = "vip", .type = FIELD_BOOL, .offset = AT(vip, bool)},
    {.name = "guests", .type = FIELD_OBJECT, .sub = &guests, .offset = TREE(guests)},
    {.name = "tags", .type = FIELD_LIST, .min = 1, .max = 3, .offset = TREE(tags)},
    {.name = "kinds", .type = FIELD_LIST, .item = FIELD_ENUM, .choices = "a|b",
     .offset = FIELD_NOWHERE},
    {.name = "parties", .type = FIELD_LIST, .sub = &guests, .offset = FIELD_NOWHERE},
    {.name = "settings", .type = FIELD_ANY, .offset = TREE(settings)},
    {.name = "extra", .type = FIELD_OBJECT, .offset = FIELD_NOWHERE},
};
/* clang-format on */
static const struct field_table order = {"Order", order_rows, ARRAY_LEN(order_rows),
                                         sizeof(struct order)};

static struct arena *arena;
static struct field_issues issues;
static struct order bound;

static int setup(void **state UNUSED)
{
    arena = arena_new(8 << 20);
    return arena ? 0 : -1;
}

static int teardown(void **state UNUSED)
{
    arena_free(arena);
    return 0;
}

static enum err bind(const struct field_table *t, const char *text, const char **ret_canonical)
{
    const struct json *doc;
    issues = (struct field_issues){0};
    bound = (struct order){.title = "untouched"};
    assert_int_equal(json_parse(arena, str_of(text), &doc, NULL), ERR_OK);
    return field_bind(arena, t, doc, t->bytes ? &bound : NULL, ret_canonical, &issues);
}

/* A document of a title and the given member. */
static const char *with(const char *member)
{
    return arena_printf(arena, "{\"title\":\"t\",%s}", member);
}

static void expect_issue(const char *document, enum err e, const char *pointer, const char *reason)
{
    const char *canonical = "untouched";
    if (bind(&order, document, &canonical) != e)
        fail_msg("not refused as it should be: %s", document);
    assert_int_equal(issues.err, e);
    assert_int_equal(issues.n, 1);
    assert_string_equal(issues.list[0].pointer, pointer);
    assert_string_equal(issues.list[0].reason, reason);
    assert_string_equal(canonical, "untouched");
    assert_string_equal(bound.title, "untouched");
}

#endif
