/* How the PostgreSQL pool finds its server: names, several hosts and addresses, silent ones, a
 * server that moves, and DNS that is no help. */
#include "dns_stub.h"
#include "pg_pool.h"

static struct pool pool;
static struct dns_stub stub;
static char url[300];

static int setup(void **state)
{
    *state = NULL;
    servers.pg_port = free_port();
    servers_pg();
    return 0;
}

/* A pool on its own loop, with the stub on the same one. pool_open() would ask the real DNS. */
static void open_on(const char *hosts)
{
    memset(&pool, 0, sizeof pool);
    pool.loop = loop_new();
    stub_open(&stub, pool.loop);
    pool.dns = dns_new(pool.loop, stub.path);
    snprintf(url, sizeof url, "postgresql://postgres@%s/postgres", hosts);
    pool.options = basic_options;
    pool.options.dns = pool.dns;
    pool.options.url = url;
    pool.options.readers = pool.options.writers = 1;
    stub_answers(&stub, "127.0.0.1");
}

static void start_pool(void)
{
    pool.pg = pg_new(pool.loop, &pool.options);
    assert_non_null(pool.pg);
}

/* With the server's port for each '%'. */
static const char *at_port(const char *hosts)
{
    static char text[100];
    size_t n = 0;
    for (; *hosts; hosts++)
        n += (size_t)(*hosts == '%' ? snprintf(text + n, sizeof text - n, "%d", servers.pg_port)
                                    : snprintf(text + n, sizeof text - n, "%c", *hosts));
    return text;
}

static int close_all(void **state UNUSED)
{
    pool_close(&pool);
    stub_close(&stub);
    return 0;
}

static void a_name_leads_to_the_server(void **state UNUSED)
{
    open_on(at_port("db.test:%"));
    start_pool();
    ASK_FOR(&pool, &echo, "x", "x");
    ASK_FOR(&pool, &echo_write, "y", "y");
    assert_int_equal(stub.asked, 1); /* once for all connections */
}

static void a_server_that_moves_is_followed(void **state UNUSED)
{
    open_on(at_port("db.test:%"));
    stub_answers(&stub, "127.0.0.99"); /* nobody is there */
    start_pool();
    const char *why = NULL;
    WAIT_FOR(pool.loop, !pg_ready(pool.pg, &why) && strstr(why, "127.0.0.99"));
    stub_answers(&stub, "127.0.0.1");
    WAIT_FOR(pool.loop, pg_ready(pool.pg, NULL));
    ASK_FOR(&pool, &echo, "found", "found");
}

static void the_next_host_is_tried(void **state UNUSED)
{
    static const char *const lists[] = {
        "127.0.0.99:%,db.test:%",
        "db.test:%,127.0.0.99:%",
        "127.0.0.1:1,db.test:%",
        "db.test:%,[::1]:1",
    };
    for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
        open_on(at_port(lists[i]));
        start_pool();
        ASK_FOR(&pool, &echo, "x", "x");
        if (i + 1 < ARRAY_LEN(lists))
            close_all(NULL);
    }
}

static void the_next_address_is_tried(void **state UNUSED)
{
    open_on(at_port("db.test:%"));
    stub_answers(&stub, "127.0.0.99");
    memcpy(stub.addresses[1], "127.0.0.1", 10);
    start_pool();
    ASK_FOR(&pool, &echo, "x", "x");
}

/* It takes connections and says nothing: libpq alone would wait for it for ever. */
static void a_silent_host_is_given_up_for_the_next(void **state UNUSED)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(fd, 10), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    char hosts[100];
    snprintf(hosts, sizeof hosts, "127.0.0.1:%d,db.test:%d", ntohs(at.sin_port), servers.pg_port);
    open_on(hosts);
    start_pool();
    int64_t start_us = clock_mono_us();
    WAIT_FOR(pool.loop, pg_ready(pool.pg, NULL));
    assert_in_range(clock_mono_us() - start_us, 4 * USEC_PER_SEC, 9 * USEC_PER_SEC);
    close(fd);
}

static void what_dns_says_is_told(void **state UNUSED)
{
    const char *why = NULL;
    open_on("db.test");
    stub.mood = DNS_NO_SUCH_NAME;
    start_pool();
    WAIT_FOR(pool.loop, !pg_ready(pool.pg, &why) && strstr(why, "there is no such host"));
    stub.mood = DNS_FAILS;
    WAIT_FOR(pool.loop, !pg_ready(pool.pg, &why) && strstr(why, "no DNS server answers"));
}

/* One of two names is enough. */
static void a_name_without_address_is_left_out(void **state UNUSED)
{
    open_on(at_port("none.test:%,127.0.0.1:%"));
    stub.mood = DNS_NO_SUCH_NAME;
    start_pool();
    ASK_FOR(&pool, &echo, "x", "x");
}

/* Statements with a connection are served; those without fail by their time, not by DNS's. */
static void dns_that_hangs_stops_nobody(void **state UNUSED)
{
    char read_only[300];
    open_on(at_port("127.0.0.1:%"));
    snprintf(read_only, sizeof read_only, "postgresql://postgres@replica.test:%d/postgres",
             servers.pg_port);
    pool.options.replica_url = read_only;
    stub.mood = DNS_HANGS;
    start_pool();
    ASK_FOR(&pool, &echo, "x", "x");
    (void)loop_longest_turn_us(pool.loop);
    int64_t end_us = clock_mono_us() + 2500 * USEC_PER_MSEC;
    while (clock_mono_us() < end_us) {
        ASK_FOR(&pool, &echo_replica, "x", "x@postgres"); /* by the primary */
        pool.n_answered = 0;
        loop_turn(pool.loop, 20);
    }
    assert_true(loop_longest_turn_us(pool.loop) < 200000);
    assert_true(stub.asked > 1);
}

static void a_url_of_too_many_hosts_is_refused(void **state UNUSED)
{
    const char *why = NULL;
    open_on("a,b,c,d,e,f,g,h,i");
    start_pool();
    WAIT_FOR(pool.loop, !pg_ready(pool.pg, &why) && strstr(why, "too many"));
    assert_int_equal(stub.asked, 0);
}

/* The end comes while names are looked up. */
static void it_may_end_in_the_middle(void **state UNUSED)
{
    open_on("db.test");
    stub.mood = DNS_HANGS;
    start_pool();
    unsigned id = submit(&pool, &echo, "x");
    for (int i = 0; i < 5; i++)
        loop_turn(pool.loop, 10);
    assert_int_equal(pool.answers[id].times, 0); /* pool_close() sees that it is answered */
}

static bool short_life(void *arg UNUSED)
{
    bool ok = false;
    struct loop *l = loop_new();
    struct dns *d = l ? dns_new(l, "/nonexistent") : NULL;
    struct pg_options options = basic_options;
    options.dns = d;
    options.url = url;
    options.readers = options.writers = 1;
    struct pg *pg = d ? pg_new(l, &options) : NULL;
    int64_t end_us = clock_mono_us() + 150 * USEC_PER_MSEC; /* the next try would succeed */
    while (pg && !ok && clock_mono_us() < end_us) {
        loop_turn(l, 10);
        ok = pg_ready(pg, NULL);
    }
    pg_free(pg);
    dns_free(d);
    loop_free(l);
    return ok;
}

static void no_allocation_is_taken_for_granted(void **state UNUSED)
{
    open_on(at_port("localhost:%,127.0.0.1:%"));
    start_pool();
    torture(short_life, NULL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_teardown(f, close_all)
    const struct CMUnitTest tests[] = {
        TEST(a_name_leads_to_the_server),
        TEST(a_server_that_moves_is_followed),
        TEST(the_next_host_is_tried),
        TEST(the_next_address_is_tried),
        TEST(a_silent_host_is_given_up_for_the_next),
        TEST(what_dns_says_is_told),
        TEST(a_name_without_address_is_left_out),
        TEST(dns_that_hangs_stops_nobody),
        TEST(a_url_of_too_many_hosts_is_refused),
        TEST(it_may_end_in_the_middle),
        TEST(no_allocation_is_taken_for_granted),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
