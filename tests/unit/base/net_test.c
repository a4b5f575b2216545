/* Networks: what is one, and what it contains. */
#include "torture.h"

#include <arpa/inet.h>
#include <netinet/in.h>

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

static const struct {
    const char *address;
    bool is_public;
} places[] = {
    {"8.8.8.8", true},
    {"1.1.1.1", true},
    {"9.255.255.255", true},
    {"11.0.0.0", true},
    {"172.15.255.255", true},
    {"172.32.0.0", true},
    {"192.169.0.1", true},
    {"100.63.255.255", true},
    {"100.128.0.0", true},
    {"223.255.255.255", true},
    {"2606:4700::1111", true},
    {"2a00:1450::1", true},
    {"2001:200::1", true},
    {"::ffff:8.8.8.8", true},
    {"0.0.0.0", false},
    {"0.1.2.3", false},
    {"10.1.2.3", false},
    {"100.64.0.1", false},
    {"127.0.0.1", false},
    {"127.255.1.2", false},
    {"169.254.169.254", false},
    {"172.16.0.1", false},
    {"172.31.255.255", false},
    {"192.0.0.8", false},
    {"192.0.2.1", false},
    {"192.168.255.1", false},
    {"198.19.0.1", false},
    {"203.0.113.9", false},
    {"224.0.0.1", false},
    {"255.255.255.255", false},
    {"::", false},
    {"::1", false},
    {"::127.0.0.1", false},
    {"::ffff:127.0.0.1", false},
    {"::ffff:10.0.0.1", false},
    {"64:ff9b::7f00:1", false},
    {"2001::1", false},
    {"2001:db8::1", false},
    {"2002:7f00:1::", false},
    {"3fff::1", false},
    {"fc00::1", false},
    {"fe80::1", false},
    {"ff02::1", false},
    {"fd00:ec2::254", false},
};

static void test_public(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        struct sockaddr_in v4 = {.sin_family = AF_INET};
        struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
        const char *text = places[i].address;
        bool is_v4 = !strchr(text, ':');
        assert_int_equal(inet_pton(is_v4 ? AF_INET : AF_INET6, text,
                                   is_v4 ? (void *)&v4.sin_addr : (void *)&v6.sin6_addr),
                         1);
        const struct sockaddr *a = is_v4 ? (const void *)&v4 : (const void *)&v6;
        if (net_is_public(a) != places[i].is_public)
            fail_msg("%s", text);
    }
    assert_false(net_is_public(&(struct sockaddr){.sa_family = AF_UNIX}));
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
        cmocka_unit_test(test_public),
        cmocka_unit_test(test_what_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
