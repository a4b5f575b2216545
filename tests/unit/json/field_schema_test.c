/* The printed schema says what binding does: its text, and its patterns run against the checks. */
#include "torture.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "common/field.h"

static struct arena *arena;

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

static const char *in_arena(struct buf *b)
{
    assert_int_equal(buf_err(b), ERR_OK);
    const char *text = arena_strndup(arena, b->data, b->len);
    buf_free(b);
    const struct json *doc;
    assert_int_equal(json_parse(arena, str_of(text), &doc, NULL), ERR_OK);
    return text;
}

static const char *row_schema(const struct field *f, bool input)
{
    struct buf b = BUF_INIT(10000);
    field_row_schema(f, input, &b);
    return in_arena(&b);
}

static const char *table_schema(const struct field_table *t, bool input)
{
    struct buf b = BUF_INIT(10000);
    field_schema(t, input, &b);
    return in_arena(&b);
}

static const struct field sub_rows[] = {{.name = "x", .type = FIELD_BOOL}};
static const struct field_table sub = {"Sub", sub_rows, ARRAY_LEN(sub_rows), 0};

#define REF(name) "{\"$ref\":\"#/components/schemas/" name "\"}"

/* clang-format 14 cannot lay out rows of unequal length. */
/* clang-format off */

static void test_rows(void **state UNUSED)
{
    static const struct {
        struct field row;
        const char *input, *output;
    } cases[] = {
        {{.name = "s", .max = 9},
         "{\"$ref\":\"#/components/schemas/TextOrEmpty\",\"maxLength\":9}",
         "{\"type\":\"string\"}"},
        {{.name = "s", .flags = FIELD_REQUIRED | FIELD_NULLABLE},
         "{\"anyOf\":[" REF("Text") ",{\"type\":\"null\"}],\"maxLength\":1000}",
         "{\"type\":[\"string\",\"null\"]}"},
        {{.name = "p", .flags = FIELD_RAW | FIELD_SECRET, .min = 8, .max = 128},
         "{\"format\":\"password\",\"writeOnly\":true,\"type\":\"string\","
         "\"pattern\":\"^[^\\\\x00]*$\",\"minLength\":8,\"maxLength\":128}",
         "{\"type\":\"string\"}"},
        {{.name = "z", .pattern = "zip", .prose = "of the venue", .example = "\"95112\""},
         "{\"description\":\"of the venue\",\"type\":\"string\","
         "\"pattern\":\"^[0-9]{5}(?:-[0-9]{4})?$\",\"minLength\":0,\"maxLength\":1000,"
         "\"examples\":[\"95112\"]}",
         "{\"description\":\"of the venue\",\"type\":\"string\",\"examples\":[\"95112\"]}"},
        {{.name = "m", .type = FIELD_EMAIL},
         REF("Email"),
         "{\"type\":\"string\",\"format\":\"email\"}"},
        {{.name = "d", .type = FIELD_DATE, .flags = FIELD_NULLABLE},
         "{\"anyOf\":[" REF("Date") ",{\"type\":\"null\"}]}",
         "{\"type\":[\"string\",\"null\"],\"format\":\"date\"}"},
        {{.name = "t", .type = FIELD_TIME}, REF("Time"), "{\"type\":\"string\"}"},
        {{.name = "e", .type = FIELD_ENUM, .flags = FIELD_NULLABLE, .choices = "a|b"},
         "{\"type\":[\"string\",\"null\"],\"enum\":[\"a\",\"b\",null]}",
         "{\"type\":[\"string\",\"null\"],\"enum\":[\"a\",\"b\",null]}"},
        {{.name = "i", .type = FIELD_INT, .min = 1, .max = 50},
         "{\"type\":\"integer\",\"minimum\":1,\"maximum\":50}",
         "{\"type\":\"integer\"}"},
        {{.name = "n", .type = FIELD_NUMBER}, "{\"type\":\"number\"}", "{\"type\":\"number\"}"},
        {{.name = "b", .type = FIELD_BOOL}, "{\"type\":\"boolean\"}", "{\"type\":\"boolean\"}"},
        {{.name = "o", .type = FIELD_OBJECT, .sub = &sub}, REF("Sub"), REF("Sub")},
        {{.name = "o", .type = FIELD_OBJECT},
         "{\"type\":\"object\",\"$ref\":\"#/components/schemas/Json\"}",
         "{\"type\":\"object\"}"},
        {{.name = "l", .type = FIELD_LIST, .sub = &sub, .max = 5},
         "{\"type\":\"array\",\"minItems\":0,\"maxItems\":5,\"items\":" REF("Sub") "}",
         "{\"type\":\"array\",\"items\":" REF("Sub") "}"},
        {{.name = "l", .type = FIELD_LIST, .item = FIELD_INT},
         "{\"type\":\"array\",\"minItems\":0,\"maxItems\":1000,\"items\":{\"type\":\"integer\","
         "\"minimum\":-9007199254740992,\"maximum\":9007199254740992}}",
         "{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}"},
        {{.name = "a", .type = FIELD_ANY}, REF("Json"), "{}"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        assert_string_equal(row_schema(&cases[i].row, true), cases[i].input);
        assert_string_equal(row_schema(&cases[i].row, false), cases[i].output);
    }
}

static void test_table(void **state UNUSED)
{
    static const struct field rows[] = {
        {.name = "id", .type = FIELD_UUID, .flags = FIELD_REQUIRED},
        {.name = "total", .type = FIELD_NUMBER, .flags = FIELD_REQUIRED},
        {.name = "on", .type = FIELD_BOOL},
    };
    static const struct field_table table = {"T", rows, ARRAY_LEN(rows), 0};
    /* What is for output only is not known on input, as in binding. */
    assert_string_equal(table_schema(&table, true),
                        "{\"type\":\"object\",\"additionalProperties\":false,\"required\":[\"id\"],"
                        "\"properties\":{\"id\":" REF("Uuid") ",\"on\":{\"type\":\"boolean\"}}}");
    assert_string_equal(
        table_schema(&table, false),
        "{\"type\":\"object\",\"required\":[\"id\",\"total\"],\"properties\":{"
        "\"id\":{\"type\":\"string\",\"format\":\"uuid\"},\"total\":{\"type\":\"number\"},"
        "\"on\":{\"type\":\"boolean\"}}}");
}

/* clang-format on */

/* The shared schema of that name. */
static const struct json *shared(const char *name)
{
    for (size_t i = 0;; i++) {
        struct buf b = BUF_INIT(10000);
        const char *found = field_shared_schema(i, &b);
        if (!found)
            fail_msg("no shared schema %s", name);
        const char *text = in_arena(&b);
        const struct json *doc = NULL;
        assert_int_equal(json_parse(arena, str_of(text), &doc, NULL), ERR_OK);
        if (strcmp(found, name) == 0)
            return doc;
    }
}

static void test_shared_schemas(void **state UNUSED)
{
    static const char *const names[] = {"Text", "TextOrEmpty", "Email",     "Phone", "Uuid",
                                        "Date", "Time",        "Timestamp", "Json"};
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        assert_non_null(json_get(shared(names[i]), "pattern"));
        assert_non_null(json_get(shared(names[i]), "description"));
    }
    /* Spaces around an address are taken, which `format` would forbid: the pattern alone decides.
     */
    assert_null(json_get(shared("Email"), "format"));
    assert_non_null(json_get(shared("Date"), "format"));
    struct buf b = BUF_INIT(1000);
    assert_null(field_shared_schema(ARRAY_LEN(names), &b));
    assert_null(field_shared_schema(SIZE_MAX, &b));
    assert_int_equal(b.len, 0);
    buf_free(&b);
}

/* The C library's expressions know neither (?: nor \t, and cannot look ahead at all. */
static void compile(const char *pattern, regex_t *ret_regex)
{
    static const char *const plain[][2] = {
        {"(?:", "("}, {"\\t", "\t"}, {"\\n", "\n"}, {"\\r", "\r"}};
    struct buf b = BUF_INIT(10000);
    assert_null(strstr(pattern, "(?!"));
    for (const char *p = pattern; *p;) {
        size_t i = 0;
        while (i < ARRAY_LEN(plain) && !str_starts(str_of(p), str_of(plain[i][0])))
            i++;
        if (i < ARRAY_LEN(plain))
            buf_adds(&b, plain[i][1]);
        else
            buf_addc(&b, *p);
        p += i < ARRAY_LEN(plain) ? strlen(plain[i][0]) : 1;
    }
    assert_int_equal(buf_err(&b), ERR_OK);
    assert_int_equal(regcomp(ret_regex, b.data, REG_EXTENDED | REG_NOSUB), 0);
    buf_free(&b);
}

static void expect_agreement(const struct field *f, const regex_t *regex, const char *text)
{
    const char *value;
    struct field_issues issues = {0};
    bool matches = regexec(regex, text, 0, NULL, 0) == 0;
    bool taken = field_bind_text(arena, f, text, &value, &issues) == ERR_OK;
    arena_reset(arena);
    if (matches != taken)
        fail_msg("%s: the schema says %s, binding %s", text, matches ? "yes" : "no",
                 taken ? "yes" : "no");
}

/* Everything that is one character away from the text. */
static void expect_agreement_around(const struct field *f, const regex_t *regex, const char *text)
{
    static const char replacements[] = "0123456789aAfFgTtzZ+-.:_( )\t\n/";
    size_t n = strlen(text);
    char changed[100];
    assert_true(n + 2 < sizeof(changed));
    expect_agreement(f, regex, text);
    for (size_t at = 0; at <= n; at++) {
        for (const char *c = replacements; *c; c++) {
            (void)snprintf(changed, sizeof(changed), "%.*s%c%s", (int)at, text, *c, text + at);
            expect_agreement(f, regex, changed);
            if (at < n) {
                memmove(changed + at + 1, text + at + 1, n - at);
                expect_agreement(f, regex, changed);
            }
        }
        if (at < n) {
            (void)snprintf(changed, sizeof(changed), "%.*s%s", (int)at, text, text + at + 1);
            expect_agreement(f, regex, changed);
        }
    }
}

static void test_patterns_agree_with_the_checks(void **state UNUSED)
{
    static const struct {
        struct field row;
        const char *schema; /* shared; NULL: in the row */
        const char *seeds[5];
    } cases[] = {
        /* clang-format off */
        {{.name = "u", .type = FIELD_UUID}, "Uuid", {"0f8fad5b-D9CB-469f-a165-70867728950e"}},
        {{.name = "t", .type = FIELD_TIME}, "Time", {"00:00", "19:59", "23:30"}},
        {{.name = "at", .type = FIELD_TIMESTAMP}, "Timestamp",
         {"2027-01-31T18:30:00Z", "2000-02-29t23:59:59.123456789+15:59",
          "1900-12-01T00:00:00-09:30"}},
        {{.name = "p", .type = FIELD_PHONE}, "Phone",
         {"4085551234", "1 (408) 555-1234", "+1.408.555.1234", "+442079460958",
          "+491512345678901"}},
        {{.name = "s", .pattern = "slug", .max = 90}, NULL, {"a_0z"}},
        {{.name = "z", .pattern = "zip"}, NULL, {"95112", "95112-1234"}},
        {{.name = "n", .pattern = "table_number"}, NULL, {"A-0Z"}},
        {{.name = "c", .pattern = "cursor"}, NULL,
         {"v1.k1.WyIyMDI2Il0.AAAAAAAAAAAAAAAAAAAAA-AAAAAAAAAAAAAAA_AAAAA",
          "v1.0123456789abcdef.A.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}},
        /* clang-format on */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct field *f = &cases[i].row;
        const struct json *schema = NULL;
        if (cases[i].schema)
            schema = shared(cases[i].schema);
        else
            assert_int_equal(json_parse(arena, str_of(row_schema(f, true)), &schema, NULL), ERR_OK);
        regex_t regex;
        compile(json_string(json_get(schema, "pattern")), &regex);
        for (size_t j = 0; j < ARRAY_LEN(cases[i].seeds) && cases[i].seeds[j]; j++)
            expect_agreement_around(f, &regex, cases[i].seeds[j]);
        regfree(&regex);
    }
}

static void test_date_pattern_knows_the_calendar(void **state UNUSED)
{
    static const struct field f = {.name = "d", .type = FIELD_DATE};
    static const int days[] = {0, 1, 10, 28, 29, 30, 31, 32};
    regex_t regex;
    compile(json_string(json_get(shared("Date"), "pattern")), &regex);
    for (int year = 1890; year <= 2210; year++) {
        for (int month = 0; month <= 13; month++) {
            for (size_t i = 0; i < ARRAY_LEN(days); i++) {
                char date[40];
                (void)snprintf(date, sizeof(date), "%04d-%02d-%02d", year, month, days[i]);
                expect_agreement(&f, &regex, date);
            }
        }
    }
    regfree(&regex);
}

static bool scenario(void *arg UNUSED)
{
    static const struct field rows[] = {
        /* clang-format off */
        {.name = "a", .min = 10, .prose = "prose"},
        {.name = "b", .type = FIELD_ENUM, .choices = "x|y", .example = "\"x\""},
        {.name = "c", .type = FIELD_LIST, .sub = &sub},
        /* clang-format on */
    };
    static const struct field_table table = {"T", rows, ARRAY_LEN(rows), 0};
    struct buf b = BUF_INIT(10000);
    field_schema(&table, true, &b);
    for (size_t i = 0; field_shared_schema(i, &b); i++)
        ;
    bool ok = buf_err(&b) == ERR_OK;
    buf_free(&b);
    return ok;
}

static void test_each_allocation_may_fail(void **state UNUSED)
{
    torture(scenario, NULL);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_rows),
        T(test_table),
        T(test_shared_schemas),
        T(test_patterns_agree_with_the_checks),
        T(test_date_pattern_knows_the_calendar),
        cmocka_unit_test(test_each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
