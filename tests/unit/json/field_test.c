/* Binding a document: what is filled in and passed on, and what clients are told of mistakes. */
#include "json/order.h"

static void test_fills_the_struct(void **state UNUSED)
{
    const char *canonical = NULL;
    assert_int_equal(
        bind(&order,
             "{\"settings\":{\"a\":[1,null]},\"vip\":true,\"price_cents\":1e2,\"tags\":[\" x \"],"
             "\"guests\":{\"adults\":2},\"note\":null,\"date\":\"2028-02-29\",\"title\":\" T \"}",
             &canonical),
        ERR_OK);
    assert_string_equal(bound.title, "T");
    assert_null(bound.note);
    assert_null(bound.email);
    assert_string_equal(bound.date, "2028-02-29");
    assert_int_equal(bound.price_cents, 100);
    assert_true(bound.vip);
    assert_int_equal(json_count(bound.tags), 1);
    assert_true(json_number(json_get(bound.guests, "adults")) == 2);
    assert_int_equal(json_type(bound.settings), JSON_OBJECT);
    /* In the order of the rows; null where null was sent, nothing where nothing was. */
    assert_string_equal(
        canonical, "{\"title\":\"T\",\"note\":null,\"date\":\"2028-02-29\",\"price_cents\":100,"
                   "\"vip\":true,\"guests\":{\"adults\":2},\"tags\":[\"x\"],"
                   "\"settings\":{\"a\":[1,null]}}");
}

static void test_refuses_the_document(void **state UNUSED)
{
    expect_issue("[]", ERR_INVALID, "", "Must be an object");
    expect_issue("null", ERR_INVALID, "", "Must be an object");
    expect_issue("{}", ERR_INVALID, "/title", "Is required");
    expect_issue("{\"title\":null}", ERR_INVALID, "/title", "Must not be null");
    expect_issue("{\"title\":\" <b></b>\\r\\n\"}", ERR_INVALID, "/title", "Must not be empty");
    expect_issue("{\"title\":\"012345678901234567890\"}", ERR_INVALID, "/title",
                 "Must have at most 20 characters");
    /* Characters are counted, not bytes; and as they were sent. */
    const char *text;
    assert_int_equal(bind(&order,
                          "{\"title\":\"\\ud83c\\udf63\\ud83c\\udf63\\ud83c\\udf63\\ud83c\\udf63"
                          "\\ud83c\\udf63\\ud83c\\udf63\\ud83c\\udf63\\ud83c\\udf63\"}",
                          &text),
                     ERR_OK);
    expect_issue("{\"title\":\"x                    \"}", ERR_INVALID, "/title",
                 "Must have at most 20 characters");
}

static void test_all_mistakes_are_told_together(void **state UNUSED)
{
    assert_int_equal(
        bind(&order, "{\"vip\":1,\"date\":\"x\",\"guests\":{\"adults\":0,\"y\":1}}", NULL),
        ERR_INVALID);
    static const char *const pointers[] = {"/title", "/date", "/vip", "/guests/y",
                                           "/guests/adults"};
    assert_int_equal(issues.n, ARRAY_LEN(pointers));
    for (size_t i = 0; i < ARRAY_LEN(pointers); i++)
        assert_string_equal(issues.list[i].pointer, pointers[i]);
}

static void test_issues_are_bounded(void **state UNUSED)
{
    struct buf b = BUF_INIT(100000);
    for (int i = 0; i < 900; i++)
        buf_addf(&b, "%c\"unknown%d\":0", i ? ',' : '{', i);
    buf_addc(&b, '}');
    assert_int_equal(bind(&order, b.data, NULL), ERR_INVALID);
    assert_int_equal(issues.n, FIELD_MAX_ISSUES);
    buf_free(&b);

    /* A list that is full already does not make a document good. */
    const struct json *doc;
    const char *canonical = "untouched";
    assert_int_equal(json_parse(arena, STR("{\"title\":\"t\"}"), &doc, NULL), ERR_OK);
    assert_int_equal(field_bind(arena, &order, doc, &bound, &canonical, &issues), ERR_INVALID);
    assert_string_equal(canonical, "untouched");
}

static void test_hostile_names_are_cut(void **state UNUSED)
{
    char name[400];
    memset(name, 'n', sizeof(name));
    name[sizeof(name) - 1] = '\0';
    memcpy(name + 62, "\xF0\x9F\x8D\xA3", 4); /* across the 64th byte */
    assert_int_equal(bind(&order, arena_printf(arena, "{\"title\":\"t\",\"%s\":1}", name), NULL),
                     ERR_INVALID);
    assert_int_equal(strlen(issues.list[0].pointer), 1 + 62);
    assert_true(str_is_utf8(str_of(issues.list[0].pointer)));
}

static void test_null_belongs_to_nullable_rows(void **state UNUSED)
{
    const char *canonical = NULL;
    assert_int_equal(bind(&order, with("\"date\":null,\"note\":null"), &canonical), ERR_OK);
    assert_string_equal(canonical, "{\"title\":\"t\",\"note\":null,\"date\":null}");
    assert_null(bound.date);
}

static void test_table_without_struct(void **state UNUSED)
{
    const char *canonical = NULL;
    assert_int_equal(bind(&guests, "{\"adults\":3}", &canonical), ERR_OK);
    assert_string_equal(canonical, "{\"adults\":3}");
    assert_int_equal(bind(&guests, "{\"adults\":3}", NULL), ERR_OK);
}

static void test_small_arena_is_an_error(void **state UNUSED)
{
    const struct json *doc;
    assert_int_equal(
        json_parse(arena, STR("{\"title\":\"a title\",\"tags\":[\"x\"],\"vip\":true}"), &doc, NULL),
        ERR_OK);
    enum err e = ERR_TOO_LARGE;
    for (size_t budget = 0; e != ERR_OK; budget += 16) {
        assert_true(budget < 4096);
        struct arena *small = arena_new(budget);
        const char *canonical = "untouched";
        issues = (struct field_issues){0};
        e = field_bind(small, &order, doc, &bound, &canonical, &issues);
        if (e != ERR_OK) {
            assert_int_equal(e, ERR_TOO_LARGE);
            assert_string_equal(canonical, "untouched");
        }
        arena_free(small);
    }
}

/* arg: the document. True when it was judged: bound, or refused with every reason. */
static bool scenario(void *arg)
{
    struct arena *a = arena_new(1 << 16);
    const struct json *doc = NULL;
    const char *canonical = NULL;
    struct field_issues found = {0};
    struct order into;
    enum err e = ERR_NO_MEMORY;
    if (a)
        e = json_parse(a, str_of(arg), &doc, NULL);
    if (e == ERR_OK)
        e = field_bind(a, &order, doc, &into, &canonical, &found);
    const char *value;
    if (e == ERR_OK)
        e = field_bind_text(a, &order_rows[0], "x", &value, &found);
    arena_free(a);
    if (e != ERR_OK && e != ERR_INVALID)
        assert_true(e == ERR_NO_MEMORY || e == ERR_TOO_LARGE);
    return e == ERR_OK || e == ERR_INVALID;
}

static void test_each_allocation_may_fail(void **state UNUSED)
{
    char good[] = "{\"title\":\"t\",\"note\":\"n\",\"email\":\"a@b.cd\",\"phone\":\"4085551234\","
                  "\"guests\":{\"adults\":1},\"tags\":[\"x\"],\"settings\":{\"a\":1}}";
    char bad[] = "{\"title\":\"\",\"x\":1,\"kind\":\"x\",\"guests\":{\"adults\":0},\"tags\":[]}";
    torture(scenario, good);
    torture(scenario, bad);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_fills_the_struct),
        T(test_refuses_the_document),
        T(test_all_mistakes_are_told_together),
        T(test_issues_are_bounded),
        T(test_hostile_names_are_cut),
        T(test_null_belongs_to_nullable_rows),
        T(test_table_without_struct),
        T(test_small_arena_is_an_error),
        cmocka_unit_test(test_each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
