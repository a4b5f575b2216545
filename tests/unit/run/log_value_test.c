/* What may be in a value: escaping, masking, cutting. */
#include "log_file.h"

#define MAX_LINE 4096

#define CARD "4111111111111111"
#define JWT "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJ4In0.c2lnbmF0dXJl"

static const struct {
    const char *value, *logged;
} values[] = {
    /* no value starts a second line, ends its string, or hides in the terminal */
    {"", ""},
    {"plain text", "plain text"},
    {"a\nb\rc\td", "a\\u000ab\\u000dc\\u0009d"},
    {"\x1b[31m\x7f\x01", "\\u001b[31m\\u007f\\u0001"},
    {"\"}{\\", "\\\"}{\\\\"},
    {"caf\xc3\xa9 \xf0\x9f\x8d\xa3", "caf\xc3\xa9 \xf0\x9f\x8d\xa3"},
    {"\xc2\x85|\xc2\x9b|\xc2\xa0", "\\u0085|\\u009b|\xc2\xa0"},
    {"\xe2\x80\xa8|\xe2\x80\xa9|\xe2\x80\xaa", "\\u2028|\\u2029|\xe2\x80\xaa"},
    {"\xff|\xc3|\xed\xa0\x80|\xc0\x8a", "\\ufffd|\\ufffd|\\ufffd\\ufffd\\ufffd|\\ufffd\\ufffd"},
    {"cut \xe2\x82", "cut \\ufffd\\ufffd"},

    /* card numbers */
    {CARD, "[card]"},
    {"4111 1111 1111 1111", "[card]"},
    {"4111-1111-1111-1111", "[card]"},
    {"card " CARD ", thanks", "card [card], thanks"},
    {"is" CARD "!", "is[card]!"},
    {"12 " CARD, "12 [card]"},
    {"3782 822463 10005", "[card]"},                  /* 15 digits */
    {"4222222222222", "[card]"},                      /* 13 */
    {"6304000000000000000", "[card]"},                /* 19 */
    {"4111111111111112", "4111111111111112"},         /* the sum is wrong */
    {"411111111111", "411111111111"},                 /* 12 digits */
    {"41111111111111110000", "41111111111111110000"}, /* 20 */
    {"4111  1111 1111 1111", "4111  1111 1111 1111"},
    {CARD " " CARD, "[card] [card]"},
    {"+1 408 555 1234", "+1 408 555 1234"},

    /* identifiers are no cards */
    {"0af76519" CARD "211c8031", "0af76519" CARD "211c8031"},
    {"4111111111111111411111111111111a", "4111111111111111411111111111111a"},
    {"41111111-1111-1111-9999-999999999999", "41111111-1111-1111-9999-999999999999"},

    /* tokens */
    {"Bearer abc.def", "Bearer [token]"},
    {"authorization: bearer  " JWT "; x", "authorization: bearer  [token]; x"},
    {JWT, "[token]"},
    {"token=" JWT "&a=b", "token=[token]&a=b"},
    {"bearer", "bearer"},
    {"Bearer ", "Bearer "},
    {"forbearers unite", "forbearers unite"},
    {"keyJsonDocument", "keyJsonDocument"},
    {"eyJ", "eyJ"},

    /* addresses */
    {"mail joe.doe@example.com now", "mail j***@example.com now"},
    {"<joe@example.com>,ann@example.org", "<j***@example.com>,a***@example.org"},
    {"?email=joe%40example.com&x=1", "?email=j***%40example.com&x=1"},
    {"j@example.com", "j***@example.com"},
    {"\xc3\xbc.x@example.com", "***@example.com"},
    {"Key (email)=(joe@example.com) exists", "Key (email)=(j***@example.com) exists"},
    {"@home a@ b @c.de 100%", "@home a@ b @c.de 100%"},
    {"joe@host", "joe@host"},
    {CARD "@example.com", "[card]@example.com"},
};

static void values_are_escaped_and_masked(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        char expected[512];
        snprintf(expected, sizeof expected, ",\"v\":\"%s\"}", values[i].logged);
        forget();
        log_event(LOG_INFO, "value", LOG_S("v", values[i].value));
        assert_string_equal(only_line(), expected);
    }
}

static void people_are_masked(void **state UNUSED)
{
    static const struct {
        struct log_field field;
        const char *logged;
    } cases[] = {
        {{LOG_KIND_EMAIL, "v", "alice@example.com", 0}, "\"a***@example.com\""},
        {{LOG_KIND_EMAIL, "v", "a@example.com", 0}, "\"a***@example.com\""},
        {{LOG_KIND_EMAIL, "v", "\"odd one\"@example.com", 0}, "\"\\\"***@example.com\""},
        {{LOG_KIND_EMAIL, "v", "a@b@example.com", 0}, "\"a***@example.com\""},
        {{LOG_KIND_EMAIL, "v", "@example.com", 0}, "\"***\""},
        {{LOG_KIND_EMAIL, "v", "no address", 0}, "\"***\""},
        {{LOG_KIND_EMAIL, "v", NULL, 0}, "null"},
        {{LOG_KIND_PHONE, "v", "+14085551234", 0}, "\"+1*******1234\""},
        {{LOG_KIND_PHONE, "v", "(408) 555-1234", 0}, "\"*******1234\""},
        {{LOG_KIND_PHONE, "v", "+1234567", 0}, "\"*******\""},
        {{LOG_KIND_PHONE, "v", "", 0}, "\"*******\""},
        {{LOG_KIND_PHONE, "v", "+123456789012345678901234567890123456789", 0}, "\"+1*******9012\""},
        {{LOG_KIND_PHONE, "v", NULL, 0}, "null"},
        {{LOG_KIND_IP, "v", "203.0.113.77", 0}, "\"203.0.113.0\""},
        {{LOG_KIND_IP, "v", "2001:db8:1234:5678:9abc::1", 0}, "\"2001:db8:1234::\""},
        {{LOG_KIND_IP, "v", "::ffff:203.0.113.77", 0}, "\"203.0.113.0\""},
        {{LOG_KIND_IP, "v", "unix:", 0}, "\"[ip]\""},
        {{LOG_KIND_IP, "v", NULL, 0}, "null"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char expected[512];
        snprintf(expected, sizeof expected, ",\"v\":%s}", cases[i].logged);
        forget();
        log_event(LOG_INFO, "value", cases[i].field);
        assert_string_equal(only_line(), expected);
    }
}

static void a_long_value_is_cut_for_itself(void **state UNUSED)
{
    static char value[100000];
    for (size_t lead = 0; lead < 4; lead++) {
        memset(value, 'a', lead);
        for (size_t i = lead; i + 2 < sizeof value; i += 2)
            memcpy(value + i, "\xc3\xa9", 3); /* the cut must not split a character */
        forget();
        log_event(LOG_INFO, "long", LOG_S("v", value), LOG_I("after", 1));
        const char *tail = only_line();
        assert_in_range(strlen(tail), 1000, 1200);
        assert_non_null(strstr(tail, "\xc3\xa9...[cut]\",\"after\":1,\"cut\":true}"));
    }
}

static void a_long_value_is_masked_up_to_the_cut(void **state UNUSED)
{
    static char value[10000];
    for (size_t lead = 0; lead < 20; lead++) {
        memset(value, ' ', sizeof value - 1);
        for (size_t i = lead; i + 20 < sizeof value; i += 20)
            memcpy(value + i, "joe.doe@example.com", 19);
        forget();
        log_event(LOG_INFO, "long", LOG_S("v", value));
        const char *tail = only_line();
        assert_null(strstr(tail, "joe"));
        assert_null(strstr(tail, "doe"));
        assert_non_null(strstr(tail, "...[cut]\",\"cut\":true}"));
    }
}

static void a_long_line_is_cut_between_fields(void **state UNUSED)
{
    static char value[1000];
    for (size_t n = 0; n < sizeof value - 1; n += 3) {
        memset(value, '"', n); /* doubles in size */
        value[n] = '\0';
        forget();
        log_event(LOG_INFO, "long", LOG_S("a", value), LOG_S("b", value), LOG_S("c", value),
                  LOG_S("d", value), LOG_I("e", INT64_MIN), LOG_B("f", false), LOG_S("g", "end"),
                  LOG_EMAIL("h", "a@b.example"));
        const char *tail = only_line();
        assert_in_range(strlen(content) + 1, 1, MAX_LINE);
        const char *end = strstr(tail, ",\"cut\":true}");
        if (n < 400)
            assert_non_null(strstr(tail, ",\"e\":-9223372036854775808,\"f\":false,\"g\":\"end\","
                                         "\"h\":\"a***@b.example\"}"));
        else if (n > 520)
            assert_true(end && end[12] == '\0');
        assert_int_equal(tail[strlen(tail) - 1], '}');
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values_are_escaped_and_masked),     TEST(people_are_masked),
        TEST(a_long_value_is_cut_for_itself),    TEST(a_long_value_is_masked_up_to_the_cut),
        TEST(a_long_line_is_cut_between_fields),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
