/* What a cluster says: slots of keys, redirections, rows of the map. Examples are those of the
 * cluster specification. */
#include "torture.h"

#include "../../../libcommon/data/redis_priv.h"

static void keys_have_their_slots(void **state UNUSED)
{
    static const struct {
        const char *key;
        unsigned slot;
    } rows[] = {
        {"", 0},        {"123456789", 12739}, {"foo", 12182},     {"bar", 5061},
        {"hello", 866}, {"{foo}", 12182},     {"x{foo}y", 12182},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(redis_slot(str_of(rows[i].key)), rows[i].slot);
    assert_int_equal(redis_slot((struct str){"foo\0", 3}), 12182);
    assert_int_not_equal(redis_slot((struct str){"foo\0", 4}), 12182);
}

static void what_stands_in_braces_decides(void **state UNUSED)
{
    static const char *const same[][2] = {
        {"{user1000}.following", "{user1000}.followers"},
        {"foo{bar}{zap}", "bar"},
        {"foo{{bar}}zap", "{bar"},
        {"mh:test:cache:{menu}", "mh:test:cache:{menu}:0123:a}b"},
    };
    for (size_t i = 0; i < ARRAY_LEN(same); i++)
        assert_int_equal(redis_slot(str_of(same[i][0])), redis_slot(str_of(same[i][1])));
    static const char *const whole[] = {"foo{}{bar}", "{}", "{", "}{", "foo{bar"};
    for (size_t i = 0; i < ARRAY_LEN(whole); i++)
        assert_int_not_equal(redis_slot(str_of(whole[i])), redis_slot(STR("bar")));
}

static void redirections_are_read(void **state UNUSED)
{
    static const struct {
        const char *text;
        bool ask;
        unsigned slot;
        const char *name;
        int port;
    } rows[] = {
        {"MOVED 3999 127.0.0.1:6381", false, 3999, "127.0.0.1", 6381},
        {"ASK 0 node.test:1", true, 0, "node.test", 1},
        {"MOVED 16383 2001:db8::1:65535", false, 16383, "2001:db8::1", 65535},
        {"MOVED 1 :6380", false, 1, "", 6380},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct redis_redirect r;
        assert_int_equal(redis_redirect_parse(str_of(rows[i].text), &r), ERR_OK);
        assert_int_equal(r.ask, rows[i].ask);
        assert_int_equal(r.slot, rows[i].slot);
        assert_string_equal(r.to.name, rows[i].name);
        assert_int_equal(r.to.port, rows[i].port);
    }
}

static void what_is_no_redirection_is_refused(void **state UNUSED)
{
    static const char *const bad[] = {
        "",
        "MOVED",
        "MOVED ",
        "MOVED 1",
        "MOVED 1 ",
        "MOVED 1 host",
        "MOVED 1 host:",
        "MOVED 1 host:0",
        "MOVED 1 host:65536",
        "MOVED 1 host:1 2",
        "MOVED 1 host:x",
        "MOVED 1 /tmp/socket:1",
        "MOVED -1 host:1",
        "MOVED 16384 host:1",
        "MOVED x host:1",
        "MOVED  1 host:1",
        "moved 1 host:1",
        "ASKING 1 host:1",
        "TRYAGAIN Multiple keys request during rehashing of slot",
        "ERR unknown command",
    };
    struct redis_redirect r;
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (redis_redirect_parse(str_of(bad[i]), &r) != ERR_INVALID)
            fail_msg("taken: %s", bad[i]);
    assert_int_equal(redis_redirect_parse((struct str){"MOVED 1 a\0b:1", 13}, &r), ERR_INVALID);
    char long_name[400];
    snprintf(long_name, sizeof long_name, "MOVED 1 %0300d:1", 1);
    assert_int_equal(redis_redirect_parse(str_of(long_name), &r), ERR_INVALID);
}

#define INT(value)                      \
    {                                   \
        .type = REDIS_INT, .i = (value) \
    }
#define TEXT(value)                                             \
    {                                                           \
        .type = REDIS_STR, .s = (value), .n = sizeof(value) - 1 \
    }
#define NIL               \
    {                     \
        .type = REDIS_NIL \
    }
#define LIST(array)                                                  \
    {                                                                \
        .type = REDIS_ARRAY, .items = (array), .n = ARRAY_LEN(array) \
    }

static enum err read_row(struct redis_value name, int64_t port, int64_t first, int64_t last,
                         struct redis_range *ret_range)
{
    const struct redis_value node[] = {name, INT(port), TEXT("0123456789abcdef")};
    const struct redis_value row[] = {INT(first), INT(last), LIST(node), LIST(node)};
    const struct redis_value v = LIST(row);
    return redis_range_read(&v, ret_range);
}

static void rows_of_the_map_are_read(void **state UNUSED)
{
    struct redis_range r;
    struct redis_value name = TEXT("127.0.0.1"), nil = NIL, unknown = TEXT("?"), empty = TEXT("");
    assert_int_equal(read_row(name, 30001, 0, 5460, &r), ERR_OK);
    assert_true(r.first == 0 && r.last == 5460 && r.master.port == 30001);
    assert_string_equal(r.master.name, "127.0.0.1");
    assert_int_equal(read_row(name, 1, 16383, 16383, &r), ERR_OK);
    struct redis_value *const nameless[] = {&nil, &unknown, &empty};
    for (size_t i = 0; i < ARRAY_LEN(nameless); i++) {
        assert_int_equal(read_row(*nameless[i], 30001, 0, 1, &r), ERR_OK);
        assert_string_equal(r.master.name, "");
    }
}

static void other_rows_are_refused(void **state UNUSED)
{
    struct redis_range r;
    struct redis_value name = TEXT("127.0.0.1"), path = TEXT("/tmp/x"), nul = TEXT("a\0b");
    static const int64_t bad[][3] = {{1, -1, 0},        {1, 5, 4},     {1, 0, 16384},
                                     {0, 0, 1},         {65536, 0, 1}, {1, INT64_MIN, 1},
                                     {1, 0, INT64_MAX}, {-1, 0, 1}};
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        assert_int_equal(read_row(name, bad[i][0], bad[i][1], bad[i][2], &r), ERR_INVALID);
    assert_int_equal(read_row(path, 1, 0, 1, &r), ERR_INVALID);
    assert_int_equal(read_row(nul, 1, 0, 1, &r), ERR_INVALID);
    const struct redis_value port_only[] = {INT(1)}, words[] = {TEXT("0"), TEXT("1")};
    const struct redis_value shapes[][3] = {{INT(0), INT(1), LIST(port_only)},
                                            {INT(0), INT(1), LIST(words)},
                                            {INT(0), INT(1), TEXT("node")},
                                            {TEXT("0"), INT(1), LIST(words)}};
    for (size_t i = 0; i < ARRAY_LEN(shapes); i++) {
        const struct redis_value row = LIST(shapes[i]);
        assert_int_equal(redis_range_read(&row, &r), ERR_INVALID);
        const struct redis_value cut = {.type = REDIS_ARRAY, .items = shapes[i], .n = 2};
        assert_int_equal(redis_range_read(&cut, &r), ERR_INVALID);
    }
    const struct redis_value nil = NIL;
    assert_int_equal(redis_range_read(&nil, &r), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_have_their_slots),
        cmocka_unit_test(what_stands_in_braces_decides),
        cmocka_unit_test(redirections_are_read),
        cmocka_unit_test(what_is_no_redirection_is_refused),
        cmocka_unit_test(rows_of_the_map_are_read),
        cmocka_unit_test(other_rows_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
