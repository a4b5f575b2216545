/* Writing JSON: whatever the bytes, what comes out is JSON. */
#include "torture.h"

#include <string.h>

#include "common/arena.h"
#include "common/buf.h"
#include "common/json.h"

static void test_writer_places_commas(void **state UNUSED)
{
    struct buf b = BUF_INIT(1000);
    struct json_writer w = JSON_WRITER(&b);
    json_open(&w, NULL, '{');
    json_put_cstr(&w, "s", "x");
    json_put_cstr(&w, "none", NULL);
    json_open(&w, "list", '[');
    json_put_i64(&w, NULL, INT64_MIN);
    json_put_bool(&w, NULL, true);
    json_open(&w, NULL, '{');
    json_close(&w, '}');
    json_open(&w, NULL, '[');
    json_close(&w, ']');
    json_put_null(&w, NULL);
    json_close(&w, ']');
    json_put_raw(&w, "raw", STR("[1, 2]"));
    json_put_str(&w, "na\"me", (struct str){"abc", 2});
    json_close(&w, '}');
    assert_int_equal(buf_err(&b), ERR_OK);
    assert_string_equal(
        b.data, "{\"s\":\"x\",\"none\":null,\"list\":[-9223372036854775808,true,{},[],null],"
                "\"raw\":[1, 2],\"na\\\"me\":\"ab\"}");
    buf_free(&b);
}

static void test_escape(void **state UNUSED)
{
#define FFFD "\xEF\xBF\xBD"
    /* clang-format off */
    static const struct {
        struct str bytes;
        const char *json;
    } cases[] = {
        {{NULL, 0}, "\"\""},
        {STR(""), "\"\""},
        {STR("plain </b> text"), "\"plain </b> text\""},
        {STR("\"\\"), "\"\\\"\\\\\""},
        {STR("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\""},
        {STR("\x01\x1F\x7F"), "\"\\u0001\\u001f\x7F\""},
        {STR("a\0b"), "\"a\\u0000b\""},
        {STR("\xC3\xA9\xE2\x82\xAC\xF0\x9F\x8D\xA3"), "\"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x8D\xA3\""},
        {STR("a\x80z"), "\"a" FFFD "z\""},
        {STR("\xC0\xAF"), "\"" FFFD FFFD "\""},
        {STR("\xED\xA0\x80"), "\"" FFFD FFFD FFFD "\""},
        {STR("\xC3"), "\"" FFFD "\""},
        {STR("\xC3\""), "\"" FFFD "\\\"\""},
        {STR("\xE2\x82"), "\"" FFFD FFFD "\""},
        {STR("\xF5\x80\x80\x80"), "\"" FFFD FFFD FFFD FFFD "\""},
        {STR("\xFF"), "\"" FFFD "\""},
    };
    /* clang-format on */
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf b = BUF_INIT(1000);
        json_escape(&b, cases[i].bytes);
        assert_int_equal(buf_err(&b), ERR_OK);
        assert_string_equal(b.data, cases[i].json);
        buf_free(&b);
    }
}

/* Every two bytes, escaped, are JSON that says the same where they were UTF-8. */
static void test_any_bytes_become_json(void **state UNUSED)
{
    for (int pair = 0; pair < 65536; pair++) {
        char bytes[2] = {(char)(pair >> 8), (char)(pair & 0xFF)};
        struct str s = {bytes, 2};
        struct arena *a = arena_new(4096);
        struct buf b = BUF_INIT(100);
        json_escape(&b, s);
        const struct json *doc = NULL;
        enum err e = json_parse(a, buf_str(&b), &doc, NULL);
        if (bytes[0] == 0 || bytes[1] == 0)
            assert_int_equal(e, ERR_MALFORMED); /* \u0000 is written, but not read */
        else
            assert_int_equal(e, ERR_OK);
        if (str_is_utf8(s))
            assert_true(str_eq(str_of(json_string(doc)), s));
        buf_free(&b);
        arena_free(a);
    }
}

static void test_value_is_written_as_it_was_read(void **state UNUSED)
{
    /* clang-format off */
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"null", "null"},
        {" [ true , false , null ] ", "[true,false,null]"},
        {"{\"b\":1,\"a\":{\"c\":[]}}", "{\"b\":1,\"a\":{\"c\":[]}}"},
        {"\"\\u00e9\\u0001\\/\"", "\"\xC3\xA9\\u0001/\""},
        {"9007199254740992", "9007199254740992"},
        {"-9007199254740991", "-9007199254740991"},
        {"1e2", "100"},
        {"-0", "0"},
        {"1.0", "1"},
        {"0.1", "0.1"},
        {"-12.50", "-12.5"},
        {"0.30000000000000004", "0.30000000000000004"},
        {"1e-7", "1e-07"},
    };
    /* clang-format on */
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *a = arena_new(4096);
        const struct json *doc = NULL;
        assert_int_equal(json_parse(a, str_of(cases[i].in), &doc, NULL), ERR_OK);
        struct buf b = BUF_INIT(1000);
        struct json_writer w = JSON_WRITER(&b);
        json_put_value(&w, NULL, doc);
        assert_string_equal(b.data, cases[i].out);
        buf_free(&b);
        arena_free(a);
    }
}

static void test_pretty(void **state UNUSED)
{
    struct buf b = BUF_INIT(1000);
    json_pretty(&b, STR("{\"a\":[1,{\"b\":\"x,{\\\"[:\"}], \"c\" : {},\"d\":[]}"));
    assert_string_equal(b.data, "{\n"
                                "  \"a\": [\n"
                                "    1,\n"
                                "    {\n"
                                "      \"b\": \"x,{\\\"[:\"\n"
                                "    }\n"
                                "  ],\n"
                                "  \"c\": {},\n"
                                "  \"d\": []\n"
                                "}\n");
    buf_free(&b);
}

static void test_ceiling_of_the_buffer_holds(void **state UNUSED)
{
    struct buf b = BUF_INIT(5);
    struct json_writer w = JSON_WRITER(&b);
    json_put_cstr(&w, NULL, "longer than that");
    json_put_i64(&w, NULL, 1);
    assert_int_equal(buf_err(&b), ERR_TOO_LARGE);
    assert_true(b.len <= 5);
    buf_free(&b);
}

static bool scenario(void *arg UNUSED)
{
    struct buf b = BUF_INIT(10000);
    struct json_writer w = JSON_WRITER(&b);
    json_open(&w, NULL, '[');
    for (int i = 0; i < 200; i++)
        json_put_cstr(&w, NULL, "a\nb\xFF");
    json_close(&w, ']');
    struct buf pretty = BUF_INIT(20000);
    json_pretty(&pretty, buf_str(&b));
    bool ok = buf_err(&b) == ERR_OK && buf_err(&pretty) == ERR_OK;
    buf_free(&b);
    buf_free(&pretty);
    return ok;
}

static void test_each_allocation_may_fail(void **state UNUSED)
{
    torture(scenario, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_writer_places_commas),
        cmocka_unit_test(test_escape),
        cmocka_unit_test(test_any_bytes_become_json),
        cmocka_unit_test(test_value_is_written_as_it_was_read),
        cmocka_unit_test(test_pretty),
        cmocka_unit_test(test_ceiling_of_the_buffer_holds),
        cmocka_unit_test(test_each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
