/* Reading JSON: what is taken, what is refused and why, and what a document gives back. */
#include "torture.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/json.h"

static struct arena *arena;

static int setup(void **state UNUSED)
{
    arena = arena_new(1 << 20);
    return arena ? 0 : -1;
}

static int teardown(void **state UNUSED)
{
    arena_free(arena);
    return 0;
}

static enum err parse(const char *text, const struct json **ret_doc, const char **ret_why)
{
    return json_parse(arena, str_of(text), ret_doc, ret_why);
}

static const struct json *parse_ok(const char *text)
{
    const struct json *doc = NULL;
    const char *why = "";
    if (parse(text, &doc, &why) != ERR_OK)
        fail_msg("refused: %.80s: %s", text, why);
    return doc;
}

static void test_accepts_what_rfc_8259_allows(void **state UNUSED)
{
    static const char *const texts[] = {
        "null",
        "true",
        "false",
        "0",
        "-0",
        "1",
        "-1",
        "1.5",
        "0.1e-7",
        "1E+2",
        "1e-400",
        "[]",
        "{}",
        "\"\"",
        " \t\r\n[ 1 , 2 ]\n",
        "{ \"a\" : { } }",
        "[[],[[]]]",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"",
        "\"\\u0041\\u00e9\\u20AC\"",
        "\"\\uD83C\\udf63\"",
        "\"\xC3\xA9\xF0\x9F\x8D\xA3\x7F\"",
        "9007199254740992",
        "-9007199254740992",
        "9007199254740991.0",
        "{\"a\":1,\"A\":2}",
        "{\"\":0}",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++)
        parse_ok(texts[i]);
}

static void test_refuses_what_is_not_json(void **state UNUSED)
{
    /* clang-format off */
    static const struct {
        const char *text, *why;
    } cases[] = {
        {"", "The text is empty"},
        {" ", "The text ends where a value should be"},
        {"[1] 2", "Something follows the JSON value"},
        {"{}}", "Something follows the JSON value"},
        {"\xEF\xBB\xBF{}", "A value is not JSON"},
        {"nul", "A value is not JSON"},
        {"True", "A value is not JSON"},
        {"NaN", "A value is not JSON"},
        {"'a'", "A value is not JSON"},
        {"[1,]", "A value is not JSON"},
        {"[,1]", "A value is not JSON"},
        {"// c\n1", "A value is not JSON"},
        {"+1", "A value is not JSON"},
        {".5", "A value is not JSON"},
        {"[", "The text ends where a value should be"},
        {"[1", "An object or array has no end"},
        {"[1}", "An object or array has no end"},
        {"{\"a\":1]", "An object or array has no end"},
        {"[1 2]", "An object or array has no end"},
        {"{\"a\":1,}", "A member of an object has no name"},
        {"{a:1}", "A member of an object has no name"},
        {"{1:1}", "A member of an object has no name"},
        {"{", "A member of an object has no name"},
        {"{\"a\" 1}", "A member of an object has no value"},
        {"{\"a\"}", "A member of an object has no value"},
        {"{\"a\":}", "A value is not JSON"},
        {"01", "Something follows the JSON value"},
        {"1.", "A number is not written as JSON wants it"},
        {"-", "A number is not written as JSON wants it"},
        {"1e", "A number is not written as JSON wants it"},
        {"1e+", "A number is not written as JSON wants it"},
        {"1e+-2", "A number is not written as JSON wants it"},
        {"0x10", "Something follows the JSON value"},
        {"9007199254740993", "A number is too large or too long"},
        {"-9007199254740993", "A number is too large or too long"},
        {"9007199254740993.0", "A number is too large or too long"},
        {"99999999999999999999999", "A number is too large or too long"},
        {"1e400", "A number is too large or too long"},
        {"-1e400", "A number is too large or too long"},
        {"1e16", "A number is too large or too long"},
        {"0.0000000000000000000000000000000000000000000000000000000000000001",
         "A number is too large or too long"},
        {"\"abc", "A string has no end"},
        {"\"abc\\\"", "A string has no end"},
        {"\"a\nb\"", "A control character in a string must be escaped"},
        {"\"\x01\"", "A control character in a string must be escaped"},
        {"\"\\x41\"", "A string has an unknown escape"},
        {"\"\\", "A string has an unknown escape"},
        {"\"\\u12\"", "A \\u escape needs four hexadecimal digits"},
        {"\"\\u12G4\"", "A \\u escape needs four hexadecimal digits"},
        {"\"\\u0000\"", "The character NUL is not allowed"},
        {"{\"a\\u0000\":1}", "The character NUL is not allowed"},
        {"\"\\uD800\"", "A surrogate stands alone"},
        {"\"\\uD800x\"", "A surrogate stands alone"},
        {"\"\\uDC00\"", "A surrogate stands alone"},
        {"\"\\uD800\\u0041\"", "A surrogate stands alone"},
        {"\"\\uD800\\uD800\"", "A surrogate stands alone"},
        {"\"\xC0\xAF\"", "The text is not well-formed UTF-8"},
        {"\"\xED\xA0\x80\"", "The text is not well-formed UTF-8"},
        {"\"\xFF\"", "The text is not well-formed UTF-8"},
        {"\"\xE2\x82\"", "The text is not well-formed UTF-8"},
        {"{\"a\":1,\"a\":1}", "An object has two members of the same name"},
        {"{\"a\":1,\"\\u0061\":2}", "An object has two members of the same name"},
        {"[{\"b\":[{\"x\":0,\"y\":0,\"x\":0}]}]", "An object has two members of the same name"},
    };
    /* clang-format on */
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct json *doc = NULL;
        const char *why = "";
        if (parse(cases[i].text, &doc, &why) != ERR_MALFORMED || doc)
            fail_msg("taken: %s", cases[i].text);
        assert_string_equal(why, cases[i].why);
        assert_int_equal(parse(cases[i].text, &doc, NULL), ERR_MALFORMED);
    }
}

static void test_reads_bytes_not_c_strings(void **state UNUSED)
{
    const struct json *doc = NULL;
    const char *why = "";
    assert_int_equal(json_parse(arena, STR("\"a\0b\""), &doc, &why), ERR_MALFORMED);
    assert_string_equal(why, "The text is not well-formed UTF-8");
    /* Ends where the length says, not at a NUL that nobody promised. */
    assert_int_equal(json_parse(arena, (struct str){"[12345", 2}, &doc, &why), ERR_MALFORMED);
    assert_int_equal(json_parse(arena, (struct str){"12345", 2}, &doc, &why), ERR_OK);
    assert_true(json_number(doc) == 12);
    assert_int_equal(json_parse(arena, (struct str){NULL, 0}, &doc, &why), ERR_MALFORMED);
}

/* before x n, value, after x n */
static char *repeat(const char *before, const char *value, const char *after, int n)
{
    struct buf b = BUF_INIT(1 << 22);
    for (int i = 0; i < n; i++)
        buf_adds(&b, before);
    buf_adds(&b, value);
    for (int i = 0; i < n; i++)
        buf_adds(&b, after);
    assert_int_equal(buf_err(&b), ERR_OK);
    return b.data;
}

static void test_depth_is_bounded(void **state UNUSED)
{
    static const struct {
        int depth;
        enum err err;
    } cases[] = {
        {JSON_MAX_DEPTH, ERR_OK}, {JSON_MAX_DEPTH + 1, ERR_MALFORMED}, {100000, ERR_MALFORMED}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *arrays = repeat("[", "", "]", cases[i].depth);
        char *objects = repeat("{\"a\":", "1", "}", cases[i].depth);
        const struct json *doc;
        assert_int_equal(parse(arrays, &doc, NULL), cases[i].err);
        assert_int_equal(parse(objects, &doc, NULL), cases[i].err);
        mem_free(arrays);
        mem_free(objects);
    }
}

static void test_members_are_bounded(void **state UNUSED)
{
    for (int extra = 0; extra < 2; extra++) {
        char *items = repeat("0,", "0", "", JSON_MAX_MEMBERS - 1 + extra);
        char *array = arena_printf(arena, "[%s]", items);
        mem_free(items);
        const struct json *doc = NULL;
        assert_int_equal(parse(array, &doc, NULL), extra ? ERR_MALFORMED : ERR_OK);
        if (!extra)
            assert_int_equal(json_count(doc), JSON_MAX_MEMBERS);
    }
    /* Fewer than that in each, too many together. */
    const struct json *doc;
    const char *why = "";
    struct buf b = BUF_INIT(1 << 20);
    buf_addc(&b, '[');
    for (int i = 0; i < JSON_MAX_VALUES / 100; i++) {
        char *hundred = repeat("0,", "0", "", 99);
        buf_addf(&b, "%s[%s]", i ? "," : "", hundred);
        mem_free(hundred);
    }
    buf_addc(&b, ']');
    assert_int_equal(json_parse(arena, buf_str(&b), &doc, &why), ERR_MALFORMED);
    assert_string_equal(why, "The text has too many values");
    buf_free(&b);
}

/* Objects with as many members as are allowed: a duplicate is found wherever it is, and finding
 * none costs no more than sorting. */
static void test_duplicates_among_many_members(void **state UNUSED)
{
    for (int dup = -1; dup < JSON_MAX_MEMBERS - 1; dup += 111) {
        struct buf b = BUF_INIT(1 << 20);
        for (int i = 0; i < JSON_MAX_MEMBERS; i++)
            buf_addf(&b, "%c\"n%d\":0", i ? ',' : '{',
                     i == JSON_MAX_MEMBERS - 1 && dup >= 0 ? dup : i);
        buf_addc(&b, '}');
        const struct json *doc = NULL;
        enum err want = dup >= 0 ? ERR_MALFORMED : ERR_OK;
        assert_int_equal(json_parse(arena, buf_str(&b), &doc, NULL), want);
        buf_free(&b);
    }
}

static void test_document_gives_back_its_values(void **state UNUSED)
{
    const struct json *doc =
        parse_ok("{\"Name\":\"a\\u00e9\\n\",\"name\":\"b\",\"n\":-12,\"big\":9007199254740992,"
                 "\"half\":0.5,\"e\":1e2,\"t\":true,\"f\":false,\"z\":null,\"l\":[1,\"x\"]}");
    assert_int_equal(json_type(doc), JSON_OBJECT);
    assert_int_equal(json_count(doc), 10);
    assert_string_equal(json_string(json_get(doc, "Name")), "a\xC3\xA9\n");
    assert_string_equal(json_string(json_get(doc, "name")), "b");
    assert_null(json_get(doc, "NAME"));
    int64_t value = 7;
    assert_int_equal(json_i64(json_get(doc, "n"), &value), ERR_OK);
    assert_int_equal(value, -12);
    assert_int_equal(json_i64(json_get(doc, "big"), &value), ERR_OK);
    assert_int_equal(value, 9007199254740992);
    assert_int_equal(json_i64(json_get(doc, "e"), &value), ERR_OK);
    assert_int_equal(value, 100);
    assert_int_equal(json_i64(json_get(doc, "half"), &value), ERR_INVALID);
    assert_int_equal(json_i64(json_get(doc, "name"), &value), ERR_INVALID);
    assert_int_equal(value, 100);
    assert_true(json_bool(json_get(doc, "t")));
    assert_false(json_bool(json_get(doc, "f")));
    assert_int_equal(json_type(json_get(doc, "f")), JSON_BOOL);
    assert_int_equal(json_type(json_get(doc, "z")), JSON_NULL);
    assert_int_equal(json_type(json_get(doc, "n")), JSON_NUMBER);

    const struct json *list = json_get(doc, "l");
    assert_int_equal(json_type(list), JSON_ARRAY);
    const struct json *item = json_first(list);
    assert_true(json_number(item) == 1);
    item = json_next(item);
    assert_int_equal(json_type(item), JSON_STRING);
    assert_null(json_next(item));
    assert_string_equal(json_name(json_first(doc)), "Name");
    assert_null(json_first(parse_ok("{}")));
}

/* The costly shapes of a body of 1 MB stay within what the loop can bear. The bound is wide: it is
 * there to see a quadratic pass, which would take seconds. */
static void test_hostile_megabyte_is_cheap(void **state UNUSED)
{
    struct buf b = BUF_INIT(1 << 21);
    buf_addc(&b, '[');
    for (int object = 0; object < 29; object++) {
        for (int i = 0; i < 1000; i++)
            buf_addf(&b, "%s\"aaaaaaaaaaaaaaaaaaaaaa%03d\":0",
                     i        ? ","
                     : object ? ",{"
                              : "{",
                     (i * 7) % 1000);
        buf_addc(&b, '}');
    }
    buf_addc(&b, ']');
    clock_t start = clock();
    const struct json *doc;
    assert_int_equal(json_parse(arena, buf_str(&b), &doc, NULL), ERR_OK);
    double ms = 1000.0 * (double)(clock() - start) / CLOCKS_PER_SEC;
    print_message("%zu bytes in %.1f ms\n", b.len, ms);
    assert_true(ms < 1000);
    buf_free(&b);
}

static bool scenario(void *arg UNUSED)
{
    struct arena *a = arena_new(1 << 16);
    const struct json *doc = NULL;
    enum err e = ERR_NO_MEMORY;
    if (a)
        e = json_parse(a, STR("{\"a\":[1,\"two\",{\"b\":null}],\"c\":\"d\"}"), &doc, NULL);
    bool ok = e == ERR_OK && json_count(doc) == 2;
    assert_true(ok || e == ERR_NO_MEMORY || e == ERR_TOO_LARGE);
    arena_free(a);
    return ok;
}

static void test_each_allocation_may_fail(void **state UNUSED)
{
    torture(scenario, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_accepts_what_rfc_8259_allows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refuses_what_is_not_json, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reads_bytes_not_c_strings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_depth_is_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_members_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_duplicates_among_many_members, setup, teardown),
        cmocka_unit_test_setup_teardown(test_document_gives_back_its_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hostile_megabyte_is_cheap, setup, teardown),
        cmocka_unit_test(test_each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
