/* The Redis client against a real server, healthy, frozen, killed, and against one that lies. */
#include "dns_stub.h"
#include "redis_fixture.h"

/* --- commands ------------------------------------------------------------------------------- */

static void replies_of_every_type_are_read(void **state UNUSED)
{
    static const struct {
        const char *argv[6];
        enum redis_type type;
        int64_t i;
        size_t n;
        const char *text;
    } rows[] = {
        {{"SET", "k", "value"}, REDIS_STR, 0, 2, "OK"},
        {{"GET", "k"}, REDIS_STR, 0, 5, "value"},
        {{"GET", "none"}, REDIS_NIL, 0, 0, ""},
        {{"DEL", "k", "none"}, REDIS_INT, 1, 0, ""},
        {{"EVAL", "return -7", "0"}, REDIS_INT, -7, 0, ""},
        {{"RPUSH", "list", "a", "b", "c"}, REDIS_INT, 3, 0, ""},
        {{"LRANGE", "list", "0", "-1"}, REDIS_ARRAY, 0, 3, ""},
        {{"LRANGE", "none", "0", "-1"}, REDIS_ARRAY, 0, 0, ""},
        {{"EVAL", "return {1,{'x',{false}},'y'}", "0"}, REDIS_ARRAY, 0, 3, ""},
        {{"EVAL", "return {{err='no'},{ok='yes'}}", "0"}, REDIS_ARRAY, 0, 2, ""},
        {{"SET", "empty", ""}, REDIS_STR, 0, 2, "OK"},
        {{"GET", "empty"}, REDIS_STR, 0, 0, ""},
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct answer *a = await(submit(rows[i].argv));
        assert_int_equal(a->err, ERR_OK);
        assert_int_equal(a->type, rows[i].type);
        assert_int_equal(a->i, rows[i].i);
        assert_int_equal(a->n, rows[i].n);
        assert_string_equal(a->text, rows[i].text);
    }
}

static void on_nested(void *owner, uint64_t id UNUSED, enum err e, const struct redis_value *v)
{
    assert_int_equal(e, ERR_OK);
    assert_int_equal(v->items[0].i, 1);
    assert_string_equal(v->items[1].items[0].s, "x");
    assert_int_equal(v->items[1].items[1].items[0].type, REDIS_NIL);
    assert_string_equal(v->items[2].s, "y");
    *(bool *)owner = true;
}

static void arrays_nest(void **state UNUSED)
{
    bool done = false;
    struct redis_args args = REDIS_ARGS(STR("EVAL"), STR("return {1,{'x',{false}},'y'}"), STR("0"));
    assert_int_equal(redis_command(redis, args, on_nested, &done, 0), ERR_OK);
    WAIT_FOR(loop, done);
}

static void bytes_are_bytes(void **state UNUSED)
{
    struct redis_args set = REDIS_ARGS(STR("SET"), STR("k\0k"), STR("a\0b\r\nc"));
    assert_int_equal(redis_command(redis, set, on_answer, NULL, n_sent++), ERR_OK);
    struct redis_args get = REDIS_ARGS(STR("GET"), STR("k\0k"));
    assert_int_equal(redis_command(redis, get, on_answer, NULL, n_sent++), ERR_OK);
    assert_int_equal(await(1)->n, 6);
    assert_string_equal(answers[1].text, "a");
    assert_int_equal(ASK("GET", "k")->type, REDIS_NIL);
}

static void an_error_reply_is_internal_and_harms_no_neighbour(void **state UNUSED)
{
    unsigned before = SUBMIT("PING"), bad = SUBMIT("NOSUCHCOMMAND"), after = SUBMIT("PING");
    assert_int_equal(await(bad)->err, ERR_INTERNAL);
    assert_string_equal(await(before)->text, "PONG");
    assert_string_equal(await(after)->text, "PONG");
}

static void replies_come_in_order_and_too_many_are_refused(void **state UNUSED)
{
    ASK("DEL", "counter");
    unsigned first = n_sent;
    for (int i = 0; i < 1000; i++)
        SUBMIT("INCR", "counter");
    assert_int_equal(TRY("INCR", "counter"), ERR_BUSY);
    for (unsigned i = 0; i < 1000; i++)
        assert_int_equal(await(first + i)->i, i + 1);
    assert_int_equal(ASK("INCR", "counter")->i, 1001);
}

static void large_values_pass_and_too_large_ones_are_refused(void **state UNUSED)
{
    size_t n = 9u << 20;
    char *big = malloc(n + 1);
    memset(big, 'x', n);
    big[n] = '\0';
    assert_int_equal(TRY("SET", "big", big), ERR_TOO_LARGE);
    big[4u << 20] = '\0';
    assert_int_equal(ASK("SET", "big", big)->err, ERR_OK);
    assert_int_equal(ASK("GET", "big")->n, 4u << 20);
    free(big);
    ASK("DEL", "big");
}

/* --- scripts -------------------------------------------------------------------------------- */

static struct redis_script add = {
    .name = "add",
    .n_keys = 1,
    .text = "return redis.call('INCRBY', KEYS[1], ARGV[1]) + tonumber(ARGV[2])"};
static struct redis_script broken = {.name = "broken", .text = "return nosuchfunction()"};

static struct answer *eval(struct redis_script *script, const char *a, const char *b)
{
    unsigned id = n_sent++;
    struct redis_args args = REDIS_ARGS(STR("sum"), str_of(a), str_of(b));
    assert_int_equal(redis_eval(redis, script, args, on_answer, NULL, id), ERR_OK);
    return await(id);
}

static void scripts_go_by_hash_and_come_back_after_a_flush(void **state UNUSED)
{
    ASK("DEL", "sum");
    assert_int_equal(eval(&add, "5", "1")->i, 6);
    assert_int_equal(strlen(add.sha1), 40);
    assert_int_equal(eval(&add, "5", "1")->i, 11);
    for (int i = 0; i < 2; i++) {
        ASK("SCRIPT", "FLUSH");
        unsigned ids[3], behind = 0;
        for (int k = 0; k < 3; k++) { /* all three miss it, in one flight */
            ids[k] = n_sent++;
            struct redis_args args = REDIS_ARGS(STR("other"), STR("1"), STR("0"));
            assert_int_equal(redis_eval(redis, &add, args, on_answer, NULL, ids[k]), ERR_OK);
        }
        behind = SUBMIT("PING");
        for (int k = 0; k < 3; k++)
            assert_int_equal(await(ids[k])->i, 3 * i + k + 1);
        assert_string_equal(await(behind)->text, "PONG");
    }
    assert_int_equal(eval(&broken, "1", "1")->err, ERR_INTERNAL);
}

/* --- messages ------------------------------------------------------------------------------- */

static bool hears(const char *text)
{
    redis_publish(redis, "news", text);
    loop_turn(loop, 20);
    return strcmp(last_message, text) == 0;
}

static void messages_arrive_also_after_a_restart(void **state UNUSED)
{
    assert_int_equal(redis_subscribe(redis, "news", on_message, &options), ERR_OK);
    WAIT_FOR(loop, hears("first"));
    redis_server_kill();
    WAIT_FOR(loop, !redis_ready(redis));
    redis_publish(redis, "news", "into the void");
    redis_server_start();
    WAIT_FOR(loop, redis_ready(redis));
    WAIT_FOR(loop, hears("second"));
    redis_unsubscribe(redis, &options);
    int before = n_messages;
    ASK("PUBLISH", "news", "unheard");
    ASK("PING");
    assert_int_equal(n_messages, before);
}

static void a_quiet_subscription_stays_alive(void **state UNUSED)
{
    assert_int_equal(redis_subscribe(redis, "news", on_message, &options), ERR_OK);
    WAIT_FOR(loop, hears("here"));
    int64_t until_us = clock_mono_us() + 4500 * USEC_PER_MSEC; /* past a ping and its answer */
    WAIT_FOR(loop, clock_mono_us() > until_us);
    assert_true(redis_ready(redis));
    int before = n_messages;
    ASK("PUBLISH", "news", "at once");
    WAIT_FOR(loop, n_messages == before + 1); /* on the same connection: none was missed */
}

/* --- failures ------------------------------------------------------------------------------- */

static void without_a_server_commands_are_refused_at_once(void **state UNUSED)
{
    unsigned first = n_sent;
    kill(servers.redis, SIGSTOP);
    for (int i = 0; i < 10; i++)
        SUBMIT("PING");
    redis_server_kill();
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(await(first + i)->err, ERR_UNAVAILABLE);
    assert_false(redis_ready(redis));
    assert_int_equal(TRY("PING"), ERR_UNAVAILABLE);
    assert_int_equal(redis_eval(redis, &add, REDIS_ARGS(STR("sum")), on_answer, NULL, 0),
                     ERR_UNAVAILABLE);
    redis_server_start();
    WAIT_FOR(loop, redis_ready(redis));
    assert_string_equal(ASK("PING")->text, "PONG");
}

static void a_frozen_server_costs_one_timeout_and_no_connection(void **state UNUSED)
{
    char before[64];
    snprintf(before, sizeof before, "%lld", (long long)ASK("CLIENT", "ID")->i);
    kill(servers.redis, SIGSTOP);
    unsigned late = SUBMIT("INCR", "late"), also = SUBMIT("PING");
    int64_t start_us = clock_mono_us();
    assert_int_equal(await(late)->err, ERR_TIMEOUT);
    assert_int_equal(await(also)->err, ERR_TIMEOUT);
    assert_in_range(clock_mono_us() - start_us, 190000, 600000);
    assert_int_equal(TRY("PING"), ERR_UNAVAILABLE); /* nobody else has to wait */
    assert_false(redis_ready(redis));
    kill(servers.redis, SIGCONT);
    WAIT_FOR(loop, redis_ready(redis));
    assert_string_equal(ASK("PING")->text, "PONG"); /* not the late answers of the others */
    char after[64];
    snprintf(after, sizeof after, "%lld", (long long)ASK("CLIENT", "ID")->i);
    assert_string_equal(after, before);
}

static void a_server_frozen_for_long_loses_its_connection(void **state UNUSED)
{
    int64_t before = ASK("CLIENT", "ID")->i;
    kill(servers.redis, SIGSTOP);
    unsigned late = SUBMIT("PING");
    int64_t until_us = clock_mono_us() + 2500 * USEC_PER_MSEC;
    WAIT_FOR(loop, clock_mono_us() > until_us); /* it accepts connections meanwhile, and is mute */
    assert_int_equal(answers[late].err, ERR_TIMEOUT);
    assert_false(redis_ready(redis));
    kill(servers.redis, SIGCONT);
    WAIT_FOR(loop, redis_ready(redis));
    assert_true(ASK("CLIENT", "ID")->i > before);
}

static void an_idle_connection_notices_a_frozen_server(void **state UNUSED)
{
    kill(servers.redis, SIGSTOP);
    WAIT_FOR(loop, !redis_ready(redis)); /* the ping did, nobody asked */
    kill(servers.redis, SIGCONT);
    WAIT_FOR(loop, redis_ready(redis));
}

/* --- logins and databases ------------------------------------------------------------------- */

static void listen_on_tcp(char port[12])
{
    for (int i = 20000 + getpid() % 10000; i < 60000; i++) {
        snprintf(port, 12, "%d", i);
        if (ASK("CONFIG", "SET", "port", port)->err == ERR_OK)
            return;
    }
    fail_msg("no port is free");
}

static void urls_choose_user_and_database(void **state UNUSED)
{
    static const struct {
        const char *login, *host, *db;
        bool works;
    } rows[] = {
        {"default:secret@", "localhost", "", true},
        {":s%65cret@", "127.0.0.1", "/3", true},
        {"svc:p%40ss%2Fword@", "127.0.0.1", "/3", true},
        {"", "127.0.0.1", "/3", false},
        {"svc:wrong@", "127.0.0.1", "/3", false},
        {"nobody:p%40ss@", "127.0.0.1", "/3", false},
        {":secret@", "127.0.0.1", "/99", false},
        {":secret@", "127.0.0.1", "", true},
    };
    char port[12], url[100];
    listen_on_tcp(port);
    ASK("ACL", "SETUSER", "svc", "on", ">p@ss/word", "+@all", "~*");
    ASK("CONFIG", "SET", "requirepass", "secret");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        snprintf(url, sizeof url, "redis://%s%s:%s%s", rows[i].login, rows[i].host, port,
                 rows[i].db);
        client_close();
        client_open(url);
        int64_t until_us = clock_mono_us() + 300 * USEC_PER_MSEC;
        WAIT_FOR(loop, rows[i].works ? redis_ready(redis) : clock_mono_us() > until_us);
        assert_true(redis_ready(redis) == rows[i].works);
        if (rows[i].works) {
            const struct answer *where = ASK("GET", "where");
            assert_string_equal(where->text, rows[i].db[0] && i > 1 ? "three" : "");
            ASK("SET", "where", rows[i].db[0] ? "three" : "");
        }
    }
    ASK("CONFIG", "SET", "requirepass", "");
    ASK("CONFIG", "SET", "port", "0");
}

/* A client on its own loop, with that DNS server on the same one. */
static void open_by_name(struct dns_stub *stub, const char *port)
{
    static char url[60];
    client_close();
    loop = loop_new();
    stub_open(stub, loop);
    dns = dns_new(loop, stub->path);
    snprintf(url, sizeof url, "redis://redis.test:%s", port);
    options.dns = dns;
    options.url = url;
    memset(answers, 0, sizeof answers);
    n_sent = 0;
}

static void a_host_that_moves_is_found_again(void **state)
{
    struct dns_stub stub;
    char port[12];
    listen_on_tcp(port);
    open_by_name(&stub, port);
    stub_answers(&stub, "192.0.2.99"); /* nobody is there */
    redis = redis_new(loop, &options);
    int64_t end_us = clock_mono_us() + 300 * USEC_PER_MSEC;
    WAIT_FOR(loop, clock_mono_us() > end_us);
    assert_false(redis_ready(redis));
    stub_answers(&stub, "192.0.2.99"); /* and this one is tried, too */
    memcpy(stub.addresses[1], "127.0.0.1", 10);
    WAIT_FOR(loop, redis_ready(redis));
    assert_string_equal(ASK("PING")->text, "PONG");
    stub_close(&stub);
    client_close();
    open_client(state);
    ASK("CONFIG", "SET", "port", "0");
}

static void dns_that_is_no_help_costs_nothing_but_the_connection(void **state)
{
    static const enum dns_mood moods[] = {DNS_HANGS, DNS_NO_SUCH_NAME, DNS_GARBAGE};
    struct dns_stub stub;
    open_by_name(&stub, "1");
    for (size_t i = 0; i < ARRAY_LEN(moods); i++) {
        stub.mood = moods[i];
        redis = redis_new(loop, &options);
        (void)loop_longest_turn_us(loop);
        int64_t end_us = clock_mono_us() + 300 * USEC_PER_MSEC;
        WAIT_FOR(loop, clock_mono_us() > end_us && stub.asked > 0);
        assert_int_equal(TRY("PING"), ERR_UNAVAILABLE);
        assert_true(loop_longest_turn_us(loop) < 200000);
        redis_free(redis);
    }
    redis = NULL;
    stub_close(&stub);
    client_close();
    open_client(state);
}

/* --- a server that lies --------------------------------------------------------------------- */

struct liar {
    int listener, fd;
    int heard, connections;
    const char *bytes; /* what it answers to anything but the greeting */
    size_t n;
};

/* Does what there is to do now; true when the client has come back after the lie. */
static bool liar_is_left(struct liar *l)
{
    char in[1024];
    int fd = accept4(l->listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd >= 0) {
        close(l->fd);
        l->fd = fd;
        l->heard = 0;
        l->connections++;
    }
    if (l->fd >= 0 && recv(l->fd, in, sizeof in, 0) > 0) {
        if (l->heard++ == 0)
            assert_int_equal(write(l->fd, "+PONG\r\n", 7), 7);
        else
            assert_true(write(l->fd, l->bytes, l->n) > 0);
    }
    return l->connections > 1 && redis_ready(redis);
}

static void a_lying_server_is_left(void **state UNUSED)
{
    static const char *const lies[] = {
        "HTTP/1.1 400 Bad Request\r\n\r\n",
        "+one\r\n+two\r\n",
        "*2000000000\r\n",
        "*-5\r\n",
        "$-7\r\n",
        "$9223372036854775807\r\nx",
        "$99999999999999999999\r\nx",
        ":12x\r\n",
        ":99999999999999999999\r\n",
        "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n",
        "*60000\r\n*60000\r\n*60000\r\n",
        "-LOADING Redis is loading the dataset in memory\r\n",
        "-READONLY You can't write against a read only replica.\r\n",
        "-NOAUTH Authentication required.\r\n",
        "*3\r\n$7\r\nmessage\r\n$4\r\nnews\r\n$1\r\nx\r\n*3\r\n",
    };
    struct liar l = {.fd = -1};
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/liar", servers.dir);
    l.listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(l.listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(l.listener, 10), 0);
    char url[200];
    snprintf(url, sizeof url, "unix://%s", address.sun_path);
    client_close();
    client_open(url);
    for (size_t i = 0; i < ARRAY_LEN(lies); i++) {
        l.bytes = lies[i];
        l.n = strlen(lies[i]);
        WAIT_FOR(loop, liar_is_left(&l) || redis_ready(redis));
        l.connections = 1;
        unsigned id = SUBMIT("GET", "x");
        WAIT_FOR(loop, liar_is_left(&l));
        assert_int_equal(answers[id].times, 1);
    }
    close(l.fd);
    close(l.listener);
}

/* --- memory --------------------------------------------------------------------------------- */

static bool short_life(void *arg UNUSED)
{
    memset(answers, 0, sizeof answers);
    options = (struct redis_options){.url = servers.redis_url,
                                     .connect_timeout_ms = 300,
                                     .command_timeout_ms = 200,
                                     .max_in_flight = 100};
    unsigned taken = 0, answered = 0;
    loop = loop_new();
    redis = loop ? redis_new(loop, &options) : NULL;
    bool reached = redis && redis_subscribe(redis, "news", on_message, &options) == ERR_OK;
    int64_t until_us = clock_mono_us() + 200 * USEC_PER_MSEC;
    while (redis && !redis_ready(redis) && clock_mono_us() < until_us)
        loop_turn(loop, 10);
    n_sent = 0;
    for (int i = 0; redis && i < 3; i++)
        taken += TRY("EVAL", "return {1,{'x',{false}},'y'}", "0") == ERR_OK;
    struct redis_args args = REDIS_ARGS(STR("sum"), STR("1"), STR("1"));
    if (redis && redis_eval(redis, &add, args, on_answer, NULL, n_sent) == ERR_OK)
        taken++, n_sent++;
    while (taken > answered && clock_mono_us() < until_us + USEC_PER_SEC) {
        loop_turn(loop, 10);
        for (answered = 0; answered < n_sent && answers[answered].times;)
            answered++;
    }
    redis_free(redis);
    loop_free(loop);
    for (unsigned i = 0; i < n_sent; i++)
        reached = reached && answers[i].err == ERR_OK;
    return reached && n_sent == 4;
}

static void no_allocation_is_taken_for_granted(void **state)
{
    client_close();
    torture(short_life, NULL);
    open_client(state);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_client, close_client)
    const struct CMUnitTest tests[] = {
        TEST(replies_of_every_type_are_read),
        TEST(arrays_nest),
        TEST(bytes_are_bytes),
        TEST(an_error_reply_is_internal_and_harms_no_neighbour),
        TEST(replies_come_in_order_and_too_many_are_refused),
        TEST(large_values_pass_and_too_large_ones_are_refused),
        TEST(scripts_go_by_hash_and_come_back_after_a_flush),
        TEST(messages_arrive_also_after_a_restart),
        TEST(a_quiet_subscription_stays_alive),
        TEST(without_a_server_commands_are_refused_at_once),
        TEST(a_frozen_server_costs_one_timeout_and_no_connection),
        TEST(a_server_frozen_for_long_loses_its_connection),
        TEST(an_idle_connection_notices_a_frozen_server),
        TEST(urls_choose_user_and_database),
        TEST(a_host_that_moves_is_found_again),
        TEST(dns_that_is_no_help_costs_nothing_but_the_connection),
        TEST(a_lying_server_is_left),
        TEST(no_allocation_is_taken_for_granted),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
