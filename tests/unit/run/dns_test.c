/* Host names against a DNS server that answers, hangs, lies and changes; the loop turns on. */
#include "dns_stub.h"

#include "common/clock.h"
#include "common/dns.h"

#define MAX_ASKERS 100

static struct loop *loop;
static struct dns *dns;
static struct dns_stub stub;

struct asker {
    int told;
    enum err err;
    size_t n;
    char first[DNS_ADDRESS_SIZE], last[DNS_ADDRESS_SIZE];
};

static struct asker askers[MAX_ASKERS];
static unsigned n_askers;

static int open_dns(void **state)
{
    *state = NULL;
    memset(askers, 0, sizeof askers);
    n_askers = 0;
    loop = loop_new();
    stub_open(&stub, loop);
    dns = dns_new(loop, stub.path);
    assert_non_null(dns);
    return 0;
}

static int close_dns(void **state UNUSED)
{
    dns_free(dns);
    stub_close(&stub);
    loop_free(loop);
    return 0;
}

static void on_answer(void *owner, uint64_t id, enum err e, const struct dns_answer *answer)
{
    assert_ptr_equal(owner, &askers);
    struct asker *a = &askers[id];
    a->told++;
    a->err = e;
    assert_true((e == ERR_OK) == (answer != NULL));
    a->n = answer ? answer->n : 0;
    snprintf(a->first, sizeof a->first, "%s", a->n ? answer->addresses[0] : "");
    snprintf(a->last, sizeof a->last, "%s", a->n ? answer->addresses[a->n - 1] : "");
}

static unsigned look(const char *host)
{
    unsigned id = n_askers++;
    assert_true(id < MAX_ASKERS);
    assert_int_equal(dns_lookup(dns, host, on_answer, &askers, id), ERR_OK);
    assert_int_equal(askers[id].told, 0); /* in a later turn */
    return id;
}

static void wait_us(int64_t us)
{
    for (int64_t until_us = clock_mono_us() + us; clock_mono_us() < until_us;)
        loop_turn(loop, 20);
}

static const struct asker *told(unsigned id)
{
    for (int64_t until_us = clock_mono_us() + 10 * USEC_PER_SEC; !askers[id].told;) {
        assert_true(clock_mono_us() < until_us);
        loop_turn(loop, 20);
    }
    assert_int_equal(askers[id].told, 1);
    return &askers[id];
}

#define FINDS(host, address) assert_string_equal(told(look(host))->first, address)
#define FAILS(host, error) assert_int_equal(told(look(host))->err, error)

/* --- answers -------------------------------------------------------------------------------- */

static void a_name_has_its_addresses(void **state UNUSED)
{
    stub_answers(&stub, "192.0.2.1");
    memcpy(stub.addresses[1], "192.0.2.2", 10);
    const struct asker *a = told(look("db.test"));
    assert_int_equal(a->err, ERR_OK);
    assert_int_equal(a->n, 2);
    assert_string_equal(a->first, "192.0.2.1");
    assert_string_equal(a->last, "192.0.2.2");
}

static void addresses_and_the_hosts_file_need_no_server(void **state UNUSED)
{
    stub.mood = DNS_HANGS;
    FINDS("192.0.2.7", "192.0.2.7");
    FINDS("2001:db8::7", "2001:db8::7");
    const char *localhost = told(look("localhost"))->first;
    assert_true(strcmp(localhost, "127.0.0.1") == 0 || strcmp(localhost, "::1") == 0);
    assert_int_equal(stub.asked, 0);
}

static void many_ask_and_one_looks(void **state UNUSED)
{
    stub_answers(&stub, "192.0.2.1");
    for (int i = 0; i < 50; i++)
        look("db.test");
    for (unsigned i = 0; i < 50; i++)
        assert_string_equal(told(i)->first, "192.0.2.1");
    FINDS("db.test", "192.0.2.1"); /* kept */
    assert_int_equal(stub.asked, 1);
}

static void a_host_that_moves_is_found(void **state UNUSED)
{
    stub_answers(&stub, "192.0.2.1");
    FINDS("db.test", "192.0.2.1");
    stub_answers(&stub, "192.0.2.2");
    wait_us(2100 * USEC_PER_MSEC);
    FINDS("db.test", "192.0.2.2");
}

static void a_list_without_end_is_cut(void **state UNUSED)
{
    stub.mood = DNS_MANY;
    assert_int_equal(told(look("db.test"))->n, DNS_MAX_ADDRESSES);
}

/* --- failures ------------------------------------------------------------------------------- */

static void refusals_are_told_apart(void **state UNUSED)
{
    stub.mood = DNS_NO_SUCH_NAME;
    FAILS("none.test", ERR_NOT_FOUND);
    stub.mood = DNS_EMPTY;
    FAILS("empty.test", ERR_UNAVAILABLE);
    stub.mood = DNS_ONLY_ALIAS;
    FAILS("alias.test", ERR_UNAVAILABLE);
    stub.mood = DNS_FAILS;
    FAILS("broken.test", ERR_UNAVAILABLE);
}

static void what_is_no_host_is_refused(void **state UNUSED)
{
    char longest[300];
    memset(longest, 'x', sizeof longest);
    longest[299] = '\0';
    assert_int_equal(dns_lookup(dns, "", on_answer, &askers, 0), ERR_INVALID);
    assert_int_equal(dns_lookup(dns, longest, on_answer, &askers, 0), ERR_INVALID);
    stub_answers(&stub, "192.0.2.1");
    longest[100] = '\0'; /* a label of 100 bytes */
    FAILS(longest, ERR_UNAVAILABLE);
    assert_int_equal(stub.asked, 0);
}

static void on_beat(void *arg)
{
    ++*(int *)arg;
}

/* The rest of the process hardly notices. */
static void a_server_that_hangs_stops_nobody(void **state UNUSED)
{
    stub.mood = DNS_HANGS;
    int64_t start_us = clock_mono_us();
    unsigned id = look("db.test");
    int beats = 0;
    struct loop_timer *beat = loop_timer_new(loop, on_beat, &beats);
    (void)loop_longest_turn_us(loop);
    while (!askers[id].told) {
        int before = beats;
        loop_timer_set(beat, 10);
        while (beats == before && !askers[id].told)
            loop_turn(loop, 20);
    }
    loop_timer_free(beat);
    assert_int_equal(askers[id].err, ERR_UNAVAILABLE);
    assert_in_range(clock_mono_us() - start_us, 1000000, 3000000);
    assert_true(beats > 20);
    assert_true(loop_longest_turn_us(loop) < 100000);
    assert_true(stub.asked > 1); /* a datagram may be lost */
}

static void a_failed_look_up_backs_off(void **state UNUSED)
{
    stub.mood = DNS_FAILS;
    FAILS("db.test", ERR_UNAVAILABLE);
    int asked = stub.asked;
    int64_t end_us = clock_mono_us() + USEC_PER_SEC;
    while (clock_mono_us() < end_us) {
        FAILS("db.test", ERR_UNAVAILABLE);
        loop_turn(loop, 10);
        n_askers = 0;
        memset(askers, 0, sizeof askers);
    }
    assert_in_range(stub.asked - asked, 2, 20); /* at 100, 200, 400 ms, each a few datagrams */
    stub_answers(&stub, "192.0.2.1");
    wait_us(1700 * USEC_PER_MSEC);
    FINDS("db.test", "192.0.2.1"); /* and it is over as soon as it is over */
}

static void a_silent_server_leaves_the_old_address(void **state UNUSED)
{
    stub_answers(&stub, "192.0.2.1");
    FINDS("db.test", "192.0.2.1");
    wait_us(2100 * USEC_PER_MSEC);
    stub.mood = DNS_HANGS;
    FINDS("db.test", "192.0.2.1");
    stub.mood = DNS_NO_SUCH_NAME; /* it knows: the host is gone */
    wait_us(200 * USEC_PER_MSEC);
    FAILS("db.test", ERR_NOT_FOUND);
}

static void lies_are_not_believed(void **state UNUSED)
{
    static const enum dns_mood lies[] = {DNS_WRONG_ID, DNS_WRONG_NAME, DNS_GARBAGE,
                                         DNS_SELF_POINTER, DNS_SHORT_RECORD};
    for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
        char host[20];
        snprintf(host, sizeof host, "lie%zu.test", i);
        stub.mood = lies[i];
        assert_int_not_equal(told(look(host))->err, ERR_OK);
        assert_true(stub.asked > 0);
        stub.asked = 0;
    }
    stub_answers(&stub, "192.0.2.1");
    FINDS("true.test", "192.0.2.1");
}

static void without_a_server_the_error_comes_in_time(void **state)
{
    close_dns(state);
    loop = loop_new();
    stub_open(&stub, loop);
    event_del(stub.event);
    close(stub.fd); /* nobody listens there */
    stub.fd = -1;
    dns = dns_new(loop, stub.path);
    int64_t start_us = clock_mono_us();
    FAILS("db.test", ERR_UNAVAILABLE);
    assert_true(clock_mono_us() - start_us < 3 * USEC_PER_SEC);
}

static void the_servers_of_now_are_asked(void **state UNUSED)
{
    struct dns_stub other;
    stub.mood = DNS_FAILS;
    FAILS("one.test", ERR_UNAVAILABLE);
    stub_open(&other, loop);
    stub_answers(&other, "192.0.2.9");
    assert_int_equal(rename(other.path, stub.path), 0);
    FINDS("two.test", "192.0.2.9");
    stub_close(&other);
}

/* --- ends ----------------------------------------------------------------------------------- */

static void who_has_gone_is_not_told(void **state UNUSED)
{
    stub_answers(&stub, "192.0.2.1");
    look("db.test");
    dns_cancel(dns, &askers);
    FINDS("db.test", "192.0.2.1");
    look("db.test");
    dns_cancel(dns, &askers);
    wait_us(100 * USEC_PER_MSEC);
    assert_int_equal(askers[0].told + askers[2].told, 0);
}

static void on_answer_ask_again(void *owner, uint64_t id, enum err e, const struct dns_answer *a)
{
    on_answer(owner, id, e, a);
    if (id < 5)
        assert_int_equal(dns_lookup(dns, "db.test", on_answer_ask_again, owner, id + 1), ERR_OK);
    dns_cancel(dns, &stub);
}

static void an_answer_may_ask_and_cancel(void **state UNUSED)
{
    stub_answers(&stub, "192.0.2.1");
    assert_int_equal(dns_lookup(dns, "db.test", on_answer_ask_again, &askers, 0), ERR_OK);
    assert_int_equal(dns_lookup(dns, "db.test", on_answer, &stub, 0), ERR_OK);
    assert_string_equal(told(5)->first, "192.0.2.1");
}

static void names_are_bounded(void **state UNUSED)
{
    char host[20];
    stub.mood = DNS_HANGS;
    for (int i = 0; i < 64; i++) {
        snprintf(host, sizeof host, "h%d.test", i);
        look(host);
    }
    assert_int_equal(dns_lookup(dns, "more.test", on_answer, &askers, 99), ERR_BUSY);
    for (unsigned i = 0; i < 64; i++)
        assert_int_equal(told(i)->err, ERR_UNAVAILABLE);
    stub_answers(&stub, "192.0.2.1");
    FINDS("more.test", "192.0.2.1"); /* in the place of one that nobody asks for */
}

static void it_may_end_in_the_middle(void **state UNUSED)
{
    stub.mood = DNS_HANGS;
    look("db.test");
    look("192.0.2.1");
    loop_turn(loop, 10);
    look("other.test");
    assert_true(n_askers == 3); /* close_dns() does the rest, and the sanitizers watch */
}

static bool short_life(void *arg UNUSED)
{
    memset(askers, 0, sizeof askers);
    struct loop *l = loop_new();
    struct dns *d = l ? dns_new(l, stub.path) : NULL;
    bool ok = d && dns_lookup(d, "192.0.2.1", on_answer, &askers, 0) == ERR_OK &&
              dns_lookup(d, "localhost", on_answer, &askers, 1) == ERR_OK &&
              dns_lookup(d, "gone.test", on_answer, &askers, 2) == ERR_OK;
    for (int i = 0; ok && i < 10 && !(askers[0].told && askers[1].told); i++)
        loop_turn(l, 10);
    dns_free(d);
    loop_free(l);
    return ok && askers[0].err == ERR_OK && askers[1].err == ERR_OK;
}

static void no_allocation_is_taken_for_granted(void **state UNUSED)
{
    torture(short_life, NULL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_dns, close_dns)
    const struct CMUnitTest tests[] = {
        TEST(a_name_has_its_addresses),     TEST(addresses_and_the_hosts_file_need_no_server),
        TEST(many_ask_and_one_looks),       TEST(a_host_that_moves_is_found),
        TEST(a_list_without_end_is_cut),    TEST(refusals_are_told_apart),
        TEST(what_is_no_host_is_refused),   TEST(a_server_that_hangs_stops_nobody),
        TEST(a_failed_look_up_backs_off),   TEST(a_silent_server_leaves_the_old_address),
        TEST(lies_are_not_believed),        TEST(without_a_server_the_error_comes_in_time),
        TEST(the_servers_of_now_are_asked), TEST(who_has_gone_is_not_told),
        TEST(an_answer_may_ask_and_cancel), TEST(names_are_bounded),
        TEST(it_may_end_in_the_middle),     TEST(no_allocation_is_taken_for_granted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
