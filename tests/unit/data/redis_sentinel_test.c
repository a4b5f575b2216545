/* The client and Redis Sentinel: two real servers, and sentinels that know, do not know, hang and
 * lie. (Real sentinels are in tests/modes.) */
#include "dns_stub.h"
#include "redis_group.h"

#define A (&members[0])
#define B (&members[1])

/* --- sentinels ------------------------------------------------------------------------------ */

struct sentinel {
    int listener, port, fd;
    struct event *accepts, *reads;
    char answer[100]; /* "": hangs */
    bool wants_login;
    int asked, logins;
};

static struct sentinel sentinels[3];

static void sentinel_on_command(struct sentinel *s, const char *in)
{
    const char *out = NULL;
    for (const char *p = in; (p = strchr(p, '*')); p++) {
        if (strncmp(strchr(p, '$') + 3, "\nAUTH", 5) == 0) {
            out = strstr(p, "secret") ? "+OK\r\n" : "-WRONGPASS invalid username-password pair\r\n";
            s->logins++;
        } else if (s->wants_login && s->logins == 0) {
            out = "-NOAUTH Authentication required.\r\n";
        } else if (strncmp(strchr(p, '$') + 3, "\nPING", 5) == 0) {
            out = "+PONG\r\n";
        } else {
            assert_non_null(strstr(p, "\r\nSENTINEL\r\n"));
            assert_non_null(strstr(p, "\r\nGET-MASTER-ADDR-BY-NAME\r\n"));
            assert_non_null(strstr(p, "\r\nmymaster\r\n"));
            out = s->answer;
            s->asked++;
        }
        (void)!write(s->fd, out, strlen(out));
    }
}

static void sentinel_hang_up(struct sentinel *s)
{
    if (!s->reads)
        return;
    event_free(s->reads);
    s->reads = NULL;
    close(s->fd);
}

static void sentinel_on_bytes(evutil_socket_t fd, short what UNUSED, void *arg)
{
    struct sentinel *s = arg;
    char in[2000];
    ssize_t n = recv(fd, in, sizeof in - 1, 0);
    if (n <= 0) {
        sentinel_hang_up(s);
        return;
    }
    in[n] = '\0';
    sentinel_on_command(s, in);
}

static void sentinel_on_client(evutil_socket_t fd, short what UNUSED, void *arg)
{
    struct sentinel *s = arg;
    sentinel_hang_up(s); /* one client asks at a time */
    s->fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    s->reads = event_new(loop_base(loop), s->fd, EV_READ | EV_PERSIST, sentinel_on_bytes, s);
    assert_int_equal(event_add(s->reads, NULL), 0);
}

static void sentinel_open(struct sentinel *s)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    *s = (struct sentinel){.fd = -1};
    s->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(s->listener, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(s->listener, 10), 0);
    assert_int_equal(getsockname(s->listener, (struct sockaddr *)&at, &n), 0);
    s->port = ntohs(at.sin_port);
    s->accepts =
        event_new(loop_base(loop), s->listener, EV_READ | EV_PERSIST, sentinel_on_client, s);
    assert_int_equal(event_add(s->accepts, NULL), 0);
}

static void sentinel_close(struct sentinel *s)
{
    event_free(s->accepts);
    close(s->listener);
    sentinel_hang_up(s);
}

static void say(const char *host, int port)
{
    char number[12];
    snprintf(number, sizeof number, "%d", port);
    for (size_t i = 0; i < ARRAY_LEN(sentinels); i++)
        snprintf(sentinels[i].answer, sizeof sentinels[i].answer,
                 "*2\r\n$%zu\r\n%s\r\n$%zu\r\n%s\r\n", strlen(host), host, strlen(number), number);
}

/* --- the client ----------------------------------------------------------------------------- */

static int pair_up(void **state)
{
    *state = NULL;
    signal(SIGPIPE, SIG_IGN);
    members_start(2, /* cluster= */ false);
    return 0;
}

/* B is a replica of A, and everybody knows. */
static int open_sentinels(void **state)
{
    *state = NULL;
    OBEYS(A, "REPLICAOF NO ONE");
    assert_memory_equal(ORDER(B, "REPLICAOF 127.0.0.1 %d", A->port), "OK", 2);
    UNTIL(B, "INFO replication", "master_link_status:up");
    memset(answers, 0, sizeof answers);
    n_sent = 0;
    n_messages = 0;
    loop = loop_new();
    dns = dns_new(loop, "/etc/resolv.conf");
    for (size_t i = 0; i < ARRAY_LEN(sentinels); i++)
        sentinel_open(&sentinels[i]);
    say("127.0.0.1", A->port);
    return 0;
}

static void start_client(const char *login)
{
    static char url[200];
    snprintf(url, sizeof url, "sentinel://127.0.0.1:%d,localhost:%d,127.0.0.1:%d/mymaster/0",
             sentinels[0].port, sentinels[1].port, sentinels[2].port);
    options = (struct redis_options){.dns = dns,
                                     .url = url,
                                     .sentinel_login = login,
                                     .connect_timeout_ms = 300,
                                     .command_timeout_ms = 200,
                                     .max_in_flight = 1000};
    redis = redis_new(loop, &options);
    assert_non_null(redis);
}

static int close_sentinels(void **state UNUSED)
{
    redis_free(redis);
    for (size_t i = 0; i < ARRAY_LEN(sentinels); i++)
        sentinel_close(&sentinels[i]);
    dns_free(dns);
    loop_free(loop);
    for (unsigned i = 0; i < n_sent; i++)
        assert_int_equal(answers[i].times, 1);
    return 0;
}

static int asked(void)
{
    return sentinels[0].asked + sentinels[1].asked + sentinels[2].asked;
}

static bool is_at(const struct member *m)
{
    unsigned id = n_sent;
    return TRY("SET", "where", "here") == ERR_OK && await(id)->err == ERR_OK &&
           strcmp(order(m, "GET where"), "here") == 0;
}

/* --- finding -------------------------------------------------------------------------------- */

static void the_master_is_found(void **state UNUSED)
{
    start_client(NULL);
    WAIT_FOR(loop, redis_ready(redis));
    assert_true(is_at(A));
    assert_int_equal(asked(), 1);
    assert_int_equal(redis_subscribe(redis, "news", on_message, &options), ERR_OK);
    WAIT_FOR(loop, (redis_publish(redis, "news", "x"), loop_turn(loop, 20), n_messages > 0));
    assert_int_equal(asked(), 2); /* each connection asks, of the one who knew */
    assert_int_equal(sentinels[0].asked, 2);
}

static void the_next_sentinel_is_asked(void **state UNUSED)
{
    static const char *const bad[] = {
        "", /* hangs */
        "$-1\r\n",
        "*-1\r\n",
        "-ERR unknown command\r\n",
        "*2\r\n$9\r\n127.0.0.1\r\n$1\r\nx\r\n",
        "*2\r\n$9\r\n127.0.0.1\r\n$1\r\n0\r\n",
        "*2\r\n$9\r\n127.0.0.1\r\n:1\r\n",
        "*2\r\n$0\r\n\r\n$1\r\n1\r\n",
        "*2\r\n$6\r\n/tmp/x\r\n$1\r\n1\r\n",
        "*1\r\n$9\r\n127.0.0.1\r\n",
        ":1\r\n",
        "HTTP/1.1 400 Bad Request\r\n",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        snprintf(sentinels[0].answer, sizeof sentinels[0].answer, "%s", bad[i]);
        start_client(NULL);
        WAIT_FOR(loop, redis_ready(redis));
        assert_true(sentinels[0].asked > 0 && sentinels[1].asked > 0);
        assert_int_equal(sentinels[2].asked, 0);
        sentinels[0].asked = sentinels[1].asked = 0;
        redis_free(redis);
        redis = NULL;
    }
}

static void a_dead_sentinel_costs_little(void **state UNUSED)
{
    event_del(sentinels[0].accepts);
    close(sentinels[0].listener);
    int64_t start_us = clock_mono_us();
    start_client(NULL);
    WAIT_FOR(loop, redis_ready(redis));
    assert_true(clock_mono_us() - start_us < USEC_PER_SEC);
}

static void a_login_is_for_the_sentinels_alone(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(sentinels); i++)
        sentinels[i].wants_login = true;
    start_client(":secret");
    WAIT_FOR(loop, redis_ready(redis));
    assert_true(is_at(A));
    assert_int_equal(sentinels[0].logins, 1);
}

static void when_no_sentinel_knows_it_backs_off(void **state UNUSED)
{
    for (size_t i = 0; i < ARRAY_LEN(sentinels); i++)
        snprintf(sentinels[i].answer, sizeof sentinels[i].answer, "$-1\r\n");
    start_client(NULL);
    int64_t end_us = clock_mono_us() + USEC_PER_SEC;
    WAIT_FOR(loop, clock_mono_us() > end_us);
    assert_in_range(asked(), 6, 30); /* rounds of three: at 50, 100, 200, 400, 800 ms */
    assert_int_equal(TRY("PING"), ERR_UNAVAILABLE);
    say("127.0.0.1", A->port);
    WAIT_FOR(loop, redis_ready(redis));
}

/* --- failover ------------------------------------------------------------------------------- */

static void swap(void)
{
    OBEYS(B, "REPLICAOF NO ONE");
    OBEYS(A, "REPLICAOF 127.0.0.1 %d", B->port);
}

static void a_promoted_replica_is_followed(void **state UNUSED)
{
    start_client(NULL);
    assert_int_equal(redis_subscribe(redis, "news", on_message, &options), ERR_OK);
    WAIT_FOR(loop, redis_ready(redis));
    (void)is_at(A);
    member_kill(A);
    WAIT_FOR(loop, !redis_ready(redis));
    OBEYS(B, "REPLICAOF NO ONE");
    say("127.0.0.1", B->port);
    WAIT_FOR(loop, redis_ready(redis));
    assert_true(is_at(B));
    int before = n_messages;
    WAIT_FOR(loop, (redis_publish(redis, "news", "x"), loop_turn(loop, 20), n_messages > before));
    member_start(A);
}

/* It lives on as a replica: the first write tells. */
static void a_demoted_master_is_left(void **state UNUSED)
{
    start_client(NULL);
    WAIT_FOR(loop, redis_ready(redis));
    (void)is_at(A);
    swap();
    say("127.0.0.1", B->port);
    WAIT_FOR(loop, redis_ready(redis) && is_at(B));
}

static void a_sentinel_that_is_behind_is_not_believed(void **state UNUSED)
{
    swap();
    start_client(NULL); /* which is sent to A, a replica now */
    int64_t end_us = clock_mono_us() + 500 * USEC_PER_MSEC;
    WAIT_FOR(loop, clock_mono_us() > end_us);
    assert_false(redis_ready(redis));
    assert_true(asked() > 1);
    say("127.0.0.1", B->port);
    WAIT_FOR(loop, redis_ready(redis));
    assert_true(is_at(B));
}

/* An ACL may keep ROLE from us. */
static void a_master_that_does_not_say_is_believed(void **state UNUSED)
{
    OBEYS(A, "ACL SETUSER default -role");
    start_client(NULL);
    WAIT_FOR(loop, redis_ready(redis));
    assert_true(is_at(A));
    OBEYS(A, "ACL SETUSER default +role");
}

static void a_master_with_a_name_is_looked_up(void **state UNUSED)
{
    struct dns_stub stub;
    dns_free(dns);
    stub_open(&stub, loop);
    stub_answers(&stub, "127.0.0.1");
    dns = dns_new(loop, stub.path);
    say("master.test", A->port);
    start_client(NULL);
    WAIT_FOR(loop, redis_ready(redis));
    assert_int_equal(stub.asked, 1);
    stub_close(&stub);
}

/* --- ends ----------------------------------------------------------------------------------- */

static void freed_in_the_middle_nothing_is_left(void **state UNUSED)
{
    start_client(NULL);
    redis_free(redis);
    for (int turns = 1; turns < 6; turns++) { /* looking, connecting, greeting, asking, ... */
        start_client(NULL);
        assert_int_equal(redis_subscribe(redis, "news", on_message, &options), ERR_OK);
        for (int i = 0; i < turns; i++)
            loop_turn(loop, 5);
        redis_free(redis);
    }
    redis = NULL;
    for (int i = 0; i < 5; i++)
        loop_turn(loop, 5);
    assert_int_equal(n_messages, 0);
}

static bool short_life(void *arg UNUSED)
{
    redis = redis_new(loop, &options);
    bool ok = redis && redis_subscribe(redis, "news", on_message, &options) == ERR_OK;
    int64_t end_us = clock_mono_us() + 40 * USEC_PER_MSEC;
    while (redis && !redis_ready(redis) && clock_mono_us() < end_us)
        loop_turn(loop, 5);
    ok = ok && redis_ready(redis);
    redis_free(redis);
    redis = NULL;
    for (int i = 0; i < 3; i++) /* the sentinels see the end */
        loop_turn(loop, 1);
    return ok;
}

static void no_allocation_is_taken_for_granted(void **state UNUSED)
{
    start_client(NULL);
    redis_free(redis);
    torture(short_life, NULL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_sentinels, close_sentinels)
    const struct CMUnitTest tests[] = {
        TEST(the_master_is_found),
        TEST(the_next_sentinel_is_asked),
        TEST(a_dead_sentinel_costs_little),
        TEST(a_login_is_for_the_sentinels_alone),
        TEST(when_no_sentinel_knows_it_backs_off),
        TEST(a_promoted_replica_is_followed),
        TEST(a_demoted_master_is_left),
        TEST(a_sentinel_that_is_behind_is_not_believed),
        TEST(a_master_that_does_not_say_is_believed),
        TEST(a_master_with_a_name_is_looked_up),
        TEST(freed_in_the_middle_nothing_is_left),
        TEST(no_allocation_is_taken_for_granted),
    };
    return cmocka_run_group_tests(tests, pair_up, NULL);
}
