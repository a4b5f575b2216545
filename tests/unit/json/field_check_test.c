/* Single values, type by type: how they are normalised, what is refused and with which words. */
#include "json/order.h"

static void expect_canonical(const char *member, const char *canonical)
{
    const char *text = NULL;
    if (bind(&order, with(member), &text) != ERR_OK)
        fail_msg("refused: %s: %s %s", member, issues.list[0].pointer, issues.list[0].reason);
    assert_string_equal(text, with(canonical));
    /* What was normalised once is left alone: what is stored may be sent again. */
    const char *again = NULL;
    assert_int_equal(bind(&order, text, &again), ERR_OK);
    assert_string_equal(again, text);
}

static void test_normalises(void **state UNUSED)
{
    /* clang-format 14 cannot lay out rows of unequal length. */
    /* clang-format off */
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"\"note\":\" \\r\\n a\\r\\n\\tb \\n\"", "\"note\":\"a\\n\\tb\""},
        {"\"note\":\"<b>bold</b> <script>x</script>\"", "\"note\":\"bold x\""},
        {"\"note\":\"<<b>b>\"", "\"note\":\"b>\""},
        {"\"note\":\"2 < 3 > 1\"", "\"note\":\"2  1\""},
        {"\"note\":\"we are < 20\"", "\"note\":\"we are < 20\""},
        {"\"note\":\"a <b> < c <d\"", "\"note\":\"a  < c <d\""},
        {"\"note\":\"a\\rb\"", "\"note\":\"ab\""},
        {"\"note\":\" <p> </p>\"", "\"note\":\"\""},
        {"\"note\":\"\"", "\"note\":\"\""},
        {"\"note\":\"\\u00a0\\u00e9\"", "\"note\":\"\xC2\xA0\xC3\xA9\""},
        {"\"reason\":\" <i>12345</i> \"", "\"reason\":\"12345\""},
        {"\"email\":\" Jo.Doe+x@Example.COM\\n\"", "\"email\":\"Jo.Doe+x@example.com\""},
        {"\"phone\":\"(408) 555-1234\"", "\"phone\":\"+14085551234\""},
        {"\"phone\":\"1.408.555.1234\"", "\"phone\":\"+14085551234\""},
        {"\"phone\":\" +1 408 555 1234 \"", "\"phone\":\"+14085551234\""},
        {"\"phone\":\"(+44) 20 7946 0958\"", "\"phone\":\"+442079460958\""},
        {"\"phone\":\"+49 1512 3456789 01\"", "\"phone\":\"+491512345678901\""},
        {"\"id\":\"0F8FAD5B-D9CB-469F-A165-70867728950E\"",
         "\"id\":\"0f8fad5b-d9cb-469f-a165-70867728950e\""},
        {"\"time\":\"23:59\"", "\"time\":\"23:59\""},
        {"\"at\":\"2027-01-31t18:30:00.5z\"", "\"at\":\"2027-01-31T18:30:00.5Z\""},
        {"\"at\":\"2027-01-31T18:30:59-08:00\"", "\"at\":\"2027-01-31T18:30:59-08:00\""},
        {"\"at\":\"2027-01-31T18:30:59.123456789+15:59\"",
         "\"at\":\"2027-01-31T18:30:59.123456789+15:59\""},
        {"\"kind\":\"birthday\"", "\"kind\":\"birthday\""},
        {"\"password\":\" <b>\\u0001pass \"", "\"password\":\" <b>\\u0001pass \""},
        {"\"password\":\"4111111111111111\"", "\"password\":\"4111111111111111\""},
        {"\"token\":\" a.b<c> \"", "\"token\":\" a.b<c> \""},
        {"\"slug\":\"a_1\"", "\"slug\":\"a_1\""},
        {"\"zip\":\"95112-1234\"", "\"zip\":\"95112-1234\""},
        {"\"table\":\"A-12\"", "\"table\":\"A-12\""},
        {"\"price_cents\":0", "\"price_cents\":0"},
        {"\"price_cents\":10.0", "\"price_cents\":10"},
        {"\"delta\":-5", "\"delta\":-5"},
        {"\"any_int\":-9007199254740992", "\"any_int\":-9007199254740992"},
        {"\"vip\":false", "\"vip\":false"},
        {"\"tags\":[\"a\",\"a\"]", "\"tags\":[\"a\",\"a\"]"},
        {"\"kinds\":[]", "\"kinds\":[]"},
        {"\"kinds\":[\"b\",\"a\"]", "\"kinds\":[\"b\",\"a\"]"},
        {"\"parties\":[{\"child/ren~\":2,\"adults\":1}]",
         "\"parties\":[{\"adults\":1,\"child/ren~\":2}]"},
        {"\"settings\":null", "\"settings\":null"},
        {"\"settings\":[1.5,\"<b>\",{}]", "\"settings\":[1.5,\"<b>\",{}]"},
        {"\"extra\":{\"x\":{}}", "\"extra\":{\"x\":{}}"},
    };
    /* clang-format on */
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        expect_canonical(cases[i].in, cases[i].out);
}

#define NOT_EMAIL "Must be an e-mail address"
#define NOT_PHONE "Must be a telephone number: ten digits, or + and the country code first"
#define NOT_DATE "Must be a date such as 2027-01-31"
#define NOT_TIME "Must be a time of day such as 18:30"
#define NOT_TIMESTAMP "Must be a time with offset such as 2027-01-31T18:30:00Z"
#define NOT_ZIP "Must be a ZIP code such as 95112 or 95112-1234"
#define NOT_SLUG "Must consist of lower-case letters, digits and underscores"
#define NOT_TABLE "Must consist of capital letters, digits and hyphens"
#define NOT_PRICE "Must be a whole number from 0 to 1000"
#define CONTROL "Must not contain control characters"

/* clang-format off */
static const struct {
    const char *member, *pointer, *reason;
} mistakes[] = {
    {"\"Note\":\"\"", "/Note", "Is not known here"},
    {"\"\":1", "/", "Is not known here"},
    {"\"a/b~c\":1", "/a~1b~0c", "Is not known here"},
    {"\"note\":1", "/note", "Must be a string"},
    {"\"note\":\"\\u0007\"", "/note", CONTROL},
    {"\"note\":\"\\u007f\"", "/note", CONTROL},
    {"\"note\":\"a\\u0085\"", "/note", CONTROL},
    {"\"note\":\"<\\u001b>\"", "/note", CONTROL},
    {"\"email\":null", "/email", "Must not be null"},
    {"\"reason\":\"1234\"", "/reason", "Must have 5 to 30 characters"},
    {"\"reason\":\" 1234 \"", "/reason", "Must have 5 to 30 characters"},
    {"\"reason\":\"12<b>34\"", "/reason", "Must have 5 to 30 characters"},
    {"\"reason\":\"\"", "/reason", "Must not be empty"},
    {"\"reason\":\"0123456789012345678901234567890\"", "/reason",
     "Must have 5 to 30 characters"},
    {"\"email\":\"a.b.c\"", "/email", NOT_EMAIL},
    {"\"email\":\"a@b\"", "/email", NOT_EMAIL},
    {"\"email\":\"a b@example.com\"", "/email", NOT_EMAIL},
    {"\"email\":\"\"", "/email", NOT_EMAIL},
    {"\"phone\":\"\"", "/phone", NOT_PHONE},
    {"\"phone\":\"+\"", "/phone", NOT_PHONE},
    {"\"phone\":\"555-1234\"", "/phone", NOT_PHONE},
    {"\"phone\":\"108-555-1234\"", "/phone", NOT_PHONE},
    {"\"phone\":\"408-155-1234\"", "/phone", NOT_PHONE},
    {"\"phone\":\"+1 408 555 123\"", "/phone", NOT_PHONE},
    {"\"phone\":\"+1 408 555 12345\"", "/phone", NOT_PHONE},
    {"\"phone\":\"+0 408 555 1234\"", "/phone", NOT_PHONE},
    {"\"phone\":\"+441234\"", "/phone", NOT_PHONE},
    {"\"phone\":\"+44123456789012345\"", "/phone", NOT_PHONE},
    {"\"phone\":\"++442079460958\"", "/phone", NOT_PHONE},
    {"\"phone\":\"44+2079460958\"", "/phone", NOT_PHONE},
    {"\"phone\":\"408-555-1234 x5\"", "/phone", NOT_PHONE},
    {"\"phone\":\"4085551234                               \"", "/phone", NOT_PHONE},
    {"\"id\":\"0f8fad5b\"", "/id", "Must be a UUID"},
    {"\"date\":\"2027-02-29\"", "/date", NOT_DATE},
    {"\"date\":\" 2027-02-28\"", "/date", NOT_DATE},
    {"\"time\":\"24:00\"", "/time", NOT_TIME},
    {"\"time\":\"9:00\"", "/time", NOT_TIME},
    {"\"at\":\"2027-01-31T18:30:00\"", "/at", NOT_TIMESTAMP},
    {"\"at\":\"2027-01-31 18:30:00Z\"", "/at", NOT_TIMESTAMP},
    {"\"at\":\"2027-01-31T18:30Z\"", "/at", NOT_TIMESTAMP},
    {"\"at\":\"2027-01-31T18:30:60Z\"", "/at", NOT_TIMESTAMP},
    {"\"at\":\"2027-01-31T18:30:00.Z\"", "/at", NOT_TIMESTAMP},
    {"\"at\":\"2027-01-31T18:30:00.1234567890Z\"", "/at", NOT_TIMESTAMP},
    {"\"at\":\"2027-01-31T18:30:00+16:00\"", "/at", NOT_TIMESTAMP},
    {"\"at\":\"2027-01-31T18:30:00+22:00\"", "/at", NOT_TIMESTAMP},
    {"\"at\":\"2027-01-31T18:30:00+0800\"", "/at", NOT_TIMESTAMP},
    {"\"at\":\"2027-01-31T18:30:00Zx\"", "/at", NOT_TIMESTAMP},
    {"\"at\":\"2027-02-29T18:30:00Z\"", "/at", NOT_TIMESTAMP},
    {"\"kind\":\"Wedding\"", "/kind", "Must be one of: wedding, birthday"},
    {"\"kind\":\"\"", "/kind", "Must be one of: wedding, birthday"},
    {"\"kind\":\"wedding|birthday\"", "/kind", "Must be one of: wedding, birthday"},
    {"\"password\":\"short\"", "/password", "Must have 8 to 1000 characters"},
    {"\"slug\":\"A\"", "/slug", NOT_SLUG},
    {"\"slug\":\" a\"", "/slug", NOT_SLUG},
    {"\"slug\":\"\"", "/slug", NOT_SLUG},
    {"\"slug\":\"aaaaaaaaaaa\"", "/slug", "Must have at most 10 characters"},
    {"\"zip\":\"9511\"", "/zip", NOT_ZIP},
    {"\"zip\":\"95112-\"", "/zip", NOT_ZIP},
    {"\"zip\":\"95112-12345\"", "/zip", NOT_ZIP},
    {"\"zip\":\"9511a\"", "/zip", NOT_ZIP},
    {"\"table\":\"a1\"", "/table", NOT_TABLE},
    {"\"table\":\"\xC3\x89\"", "/table", NOT_TABLE},
    {"\"price_cents\":\"5\"", "/price_cents", "Must be a number"},
    {"\"price_cents\":1.5", "/price_cents", NOT_PRICE},
    {"\"price_cents\":-1", "/price_cents", NOT_PRICE},
    {"\"price_cents\":1001", "/price_cents", NOT_PRICE},
    {"\"delta\":-6", "/delta", "Must be a whole number from -5 to 0"},
    {"\"any_int\":0.5", "/any_int",
     "Must be a whole number from -9007199254740992 to 9007199254740992"},
    {"\"vip\":1", "/vip", "Must be true or false"},
    {"\"guests\":[]", "/guests", "Must be an object"},
    {"\"guests\":{}", "/guests/adults", "Is required"},
    {"\"guests\":{\"adults\":0}", "/guests/adults", "Must be a whole number from 1 to 50"},
    {"\"guests\":{\"adults\":1,\"child/ren~\":-1}", "/guests/child~1ren~0",
     "Must be a whole number from 0 to 50"},
    {"\"guests\":{\"adults\":1,\"total\":1}", "/guests/total", "Is not known here"},
    {"\"tags\":{}", "/tags", "Must be an array"},
    {"\"tags\":[]", "/tags", "Must have 1 to 3 items"},
    {"\"tags\":[\"a\",\"b\",\"c\",\"d\"]", "/tags", "Must have 1 to 3 items"},
    {"\"tags\":[\"a\",\" \"]", "/tags/1", "Must not be empty"},
    {"\"tags\":[null]", "/tags/0", "Must not be null"},
    {"\"kinds\":[\"a\",\"c\"]", "/kinds/1", "Must be one of: a, b"},
    {"\"parties\":[{\"adults\":1},{\"adults\":1,\"x\":0}]", "/parties/1/x",
     "Is not known here"},
    {"\"extra\":[]", "/extra", "Must be an object"},
};
/* clang-format on */

static void test_refuses_one_member(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(mistakes); i++)
        expect_issue(with(mistakes[i].member), ERR_INVALID, mistakes[i].pointer,
                     mistakes[i].reason);
}

static void test_card_numbers_are_refused(void **state UNUSED)
{
    static const char *const cards[] = {
        "4111111111111111",         "4111 1111 1111 1111",
        "4111-1111-1111-1111",      "my card:378282246310005.",
        "3782 822463 10005",        "x6011111111111117y",
        "5555-5555 5555-4444",      "4222222222222",
        "30569309025904",           "6304000000000000000",
        "1234 4111 1111 1111 1111", "4111<b></b>111111111111",
    };
    for (size_t i = 0; i < ARRAY_LEN(cards); i++) {
        const char *note = arena_printf(arena, "\"note\":\"%s\"", cards[i]);
        expect_issue(with(note), ERR_CARD_NUMBER, "/note", "Must not contain a card number");
    }
    /* clang-format off */
    static const char *const others[] = {
        "4111111111111112", /* the sum is wrong */
        "41111111111111111111", /* too long */
        "411111111111", /* too short */
        "1111111111111117", /* no brand starts with 1 */
        "411 111 111 111 111 1", /* not grouped like a card */
        "408-555-1234 408-555-1235", /* two telephone numbers */
        "4111 1111, 1111 1111",
        "4111  1111 1111 1111",
        "4111.1111.1111.1111",
    };
    /* clang-format on */
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        const char *note = arena_printf(arena, "\"note\":\"%s\"", others[i]);
        expect_canonical(note, note);
    }
    static const char *const elsewhere[][2] = {
        {"\"token\":\"4111111111111111\"", "/token"},
        {"\"table\":\"4111-1111-1111-1111\"", "/table"},
        {"\"tags\":[\"4111111111111111\"]", "/tags/0"},
        {"\"settings\":{\"a\":[\"4111111111111111\"]}", "/settings"},
        {"\"extra\":{\"a\":\"4111111111111111\"}", "/extra"},
    };
    for (size_t i = 0; i < ARRAY_LEN(elsewhere); i++)
        expect_issue(with(elsewhere[i][0]), ERR_CARD_NUMBER, elsewhere[i][1],
                     "Must not contain a card number");
    /* Together with other mistakes the card decides the error. */
    assert_int_equal(bind(&order, "{\"title\":\"4111111111111111\",\"x\":1,\"vip\":0}", NULL),
                     ERR_CARD_NUMBER);
    assert_int_equal(issues.n, 3);
}

static const struct field *row(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(order_rows); i++)
        if (strcmp(order_rows[i].name, name) == 0)
            return &order_rows[i];
    fail_msg("no row %s", name);
    return NULL;
}

static void test_text_values(void **state UNUSED)
{
    /* clang-format off */
    static const struct {
        const char *row, *text, *value, *reason;
    } cases[] = {
        {"title", " a<b>c ", "ac", NULL},
        {"title", "", NULL, "Must not be empty"},
        {"title", "\xFF", NULL, "Is not well-formed UTF-8"},
        {"title", "\x01", NULL, CONTROL},
        {"note", "", "", NULL},
        {"price_cents", "0", "0", NULL},
        {"price_cents", "007", "7", NULL},
        {"price_cents", "1000", "1000", NULL},
        {"price_cents", "1001", NULL, NOT_PRICE},
        {"price_cents", "-1", NULL, NOT_PRICE},
        {"price_cents", "+1", NULL, NOT_PRICE},
        {"price_cents", "1.0", NULL, NOT_PRICE},
        {"price_cents", " 1", NULL, NOT_PRICE},
        {"price_cents", "", NULL, NOT_PRICE},
        {"price_cents", "99999999999999999999", NULL, NOT_PRICE},
        {"vip", "true", "true", NULL},
        {"vip", "false", "false", NULL},
        {"vip", "True", NULL, "Must be true or false"},
        {"vip", "1", NULL, "Must be true or false"},
        {"vip", "", NULL, "Must be true or false"},
        {"kind", "wedding", "wedding", NULL},
        {"kind", "funeral", NULL, "Must be one of: wedding, birthday"},
        {"id", "0F8FAD5B-D9CB-469F-A165-70867728950E", "0f8fad5b-d9cb-469f-a165-70867728950e",
         NULL},
        {"date", "2027-04-31", NULL, NOT_DATE},
        {"phone", "408 555 1234", "+14085551234", NULL},
        {"slug", "a-b", NULL, NOT_SLUG},
    };
    /* clang-format on */
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const char *value = "untouched";
        issues = (struct field_issues){0};
        enum err e = field_bind_text(arena, row(cases[i].row), cases[i].text, &value, &issues);
        if (cases[i].value) {
            assert_int_equal(e, ERR_OK);
            assert_string_equal(value, cases[i].value);
            assert_int_equal(issues.n, 0);
            continue;
        }
        if (e != ERR_INVALID)
            fail_msg("taken: %s=%s", cases[i].row, cases[i].text);
        assert_string_equal(value, "untouched");
        assert_string_equal(issues.list[0].pointer, cases[i].row);
        assert_string_equal(issues.list[0].reason, cases[i].reason);
    }
    const char *value;
    issues = (struct field_issues){0};
    assert_int_equal(field_bind_text(arena, row("title"), "4111 1111 1111 1111", &value, &issues),
                     ERR_CARD_NUMBER);
    assert_int_equal(issues.err, ERR_CARD_NUMBER);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_normalises),
        T(test_refuses_one_member),
        T(test_card_numbers_are_refused),
        T(test_text_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
