/* Networks: what is one, and what it contains. */
#include "torture.h"

#include "common/net.h"

static const struct {
    const char *net, *address;
    bool inside;
} cases[] = {
    {"10.0.0.0/8", "10.255.0.1", true},
    {"10.0.0.0/8", "11.0.0.1", false},
    {"192.168.1.7", "192.168.1.7", true},
    {"192.168.1.7", "192.168.1.8", false},
    {"172.16.0.0/12", "172.31.255.255", true},
    {"172.16.0.0/12", "172.32.0.0", false},
    {"0.0.0.0/0", "8.8.8.8", true},
    {"0.0.0.0/0", "::1", false},
    {"::1", "::1", true},
    {"fd00::/8", "fdff::1", true},
    {"fd00::/8", "fe00::1", false},
    {"2001:db8:1:2::/64", "2001:db8:1:2:ffff::", true},
    {"2001:db8:1:2::/64", "2001:db8:1:3::", false},
    {"::ffff:10.0.0.0/104", "10.1.2.3", true},
};

static void test_contains(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct net n, a;
        assert_int_equal(net_parse(str_of(cases[i].net), &n), ERR_OK);
        assert_int_equal(net_parse(str_of(cases[i].address), &a), ERR_OK);
        if (net_contains(&n, &a) != cases[i].inside)
            fail_msg("%s, %s", cases[i].net, cases[i].address);
    }
}

static void test_what_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",          "x",          "1.2.3",
        "1.2.3.4.5", "1.2.3.4/33", "1.2.3.4/-1",
        "1.2.3.4/",  "1.2.3.4/8x", "::1/129",
        "::1%lo",    "1:2",        " 1.2.3.4",
        "1.2.3.4 ",  "/8",         "11111111111111111111111111111111111111111111111111111111111"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct net n = {.bits = 77};
        assert_int_equal(net_parse(str_of(texts[i]), &n), ERR_INVALID);
        assert_int_equal(n.bits, 77);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_contains),
        cmocka_unit_test(test_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
