/* The client and a Redis Cluster of three masters and a replica: keys find their node, slots move,
 * nodes die, a replica takes over, and nodes lie. */
#include "redis_group.h"

#include "../../../libcommon/data/redis_priv.h"

#define MASTERS 3u
#define REPLICA (&members[3])
#define NEWCOMER (&members[4])

static char url[200];

/* --- helpers -------------------------------------------------------------------------------- */

static struct member *member_of(const char *key)
{
    return &members[redis_slot(str_of(key)) * MASTERS / REDIS_SLOTS];
}

static void meet(const struct member *m)
{
    char port[12];
    snprintf(port, sizeof port, "%d", m->port);
    const char *mine = strstr(order(m, "CLUSTER NODES"), "@");
    assert_non_null(mine);
    OBEYS(&members[0], "CLUSTER MEET 127.0.0.1 %d %d", m->port, atoi(mine + 1));
}

static void id_read(struct member *m)
{
    const char *id = order(m, "CLUSTER MYID");
    assert_int_equal(strlen(id), 40);
    memcpy(m->id, id, 41);
}

/* The slots as member_of() has them. */
static void slots_give(void)
{
    for (unsigned i = 0; i < MASTERS; i++) {
        unsigned first = (i * REDIS_SLOTS + MASTERS - 1) / MASTERS;
        unsigned last = ((i + 1) * REDIS_SLOTS + MASTERS - 1) / MASTERS - 1;
        OBEYS(&members[i], "CLUSTER ADDSLOTSRANGE %u %u", first, last);
    }
}

static int cluster_up(void **state)
{
    *state = NULL;
    signal(SIGPIPE, SIG_IGN);
    members_start(5, /* cluster= */ true);
    for (size_t i = 0; i < MAX_SERVERS; i++)
        id_read(&members[i]);
    slots_give();
    for (size_t i = 1; i < 4; i++)
        meet(&members[i]);
    for (size_t i = 0; i < 4; i++) {
        UNTIL(&members[i], "CLUSTER INFO", "cluster_state:ok");
        UNTIL(&members[i], "CLUSTER INFO", "cluster_known_nodes:4");
    }
    OBEYS(REPLICA, "CLUSTER REPLICATE %s", members[0].id);
    UNTIL(REPLICA, "INFO replication", "master_link_status:up");
    snprintf(url, sizeof url, "cluster://localhost:%d,127.0.0.1:%d", members[0].port,
             members[1].port);
    return 0;
}

static int open_cluster(void **state)
{
    *state = NULL;
    client_open(url);
    WAIT_FOR(loop, redis_ready(redis));
    return 0;
}

static const char *key_of(unsigned i)
{
    static char key[40];
    snprintf(key, sizeof key, "mh:test:{k%u}", i);
    return key;
}

static bool is_served(const char *key)
{
    unsigned id = n_sent;
    return TRY("GET", key) == ERR_OK && await(id)->err == ERR_OK;
}

/* --- keys ----------------------------------------------------------------------------------- */

static void each_key_finds_its_node(void **state UNUSED)
{
    for (unsigned i = 0; i < 100; i++)
        assert_string_equal(ASK("SET", key_of(i), key_of(i))->text, "OK");
    for (unsigned i = 0; i < 100; i++) {
        assert_string_equal(ASK("GET", key_of(i))->text, key_of(i));
        assert_string_equal(ORDER(member_of(key_of(i)), "GET %s", key_of(i)), key_of(i));
    }
    assert_string_equal(ASK("PING")->text, "PONG"); /* of anybody */
}

static struct redis_script add = {
    .name = "add", .n_keys = 1, .text = "return redis.call('INCRBY', KEYS[1], ARGV[1])"};

static struct answer *eval(const char *key)
{
    unsigned id = n_sent++;
    assert_int_equal(
        redis_eval(redis, &add, REDIS_ARGS(str_of(key), STR("1")), on_answer, NULL, id), ERR_OK);
    return await(id);
}

static void scripts_are_known_at_every_node(void **state UNUSED)
{
    for (int round = 1; round <= 2; round++) {
        for (unsigned i = 0; i < MASTERS; i++)
            OBEYS(&members[i], "SCRIPT FLUSH");
        for (unsigned i = 0; i < 20; i++) {
            char key[40];
            snprintf(key, sizeof key, "mh:test:sum:{s%u}", i);
            assert_int_equal(eval(key)->i, round);
        }
    }
}

static bool hears(const char *text)
{
    redis_publish(redis, "news", text);
    loop_turn(loop, 20);
    return strcmp(last_message, text) == 0;
}

static void messages_cross_the_cluster(void **state UNUSED)
{
    assert_int_equal(redis_subscribe(redis, "news", on_message, &options), ERR_OK);
    WAIT_FOR(loop, hears("first"));
    int before = n_messages;
    for (unsigned i = 0; i < MASTERS; i++)
        (void)order(&members[i], "PUBLISH news hello");
    WAIT_FOR(loop, n_messages >= before + (int)MASTERS);
    assert_string_equal(last_message, "hello");
}

/* --- slots that move ------------------------------------------------------------------------ */

/* The new owner's epoch becomes the highest first, as when a slot is imported: what the old one had
 * said before it heard of it, and which is heard later, would take the slot back. */
static void slot_set(unsigned slot, const struct member *to)
{
    assert_non_null(strstr(ORDER(to, "CLUSTER BUMPEPOCH"), " "));
    (void)ORDER(to, "CLUSTER SETSLOT %u NODE %s", slot, to->id);
    for (size_t i = 0; i < MAX_SERVERS; i++)
        (void)ORDER(&members[i], "CLUSTER SETSLOT %u NODE %s", slot, to->id);
}

static void a_slot_that_has_moved_is_followed(void **state UNUSED)
{
    const char *key = "mh:test:{moved}";
    struct member *from = member_of(key), *to = from == &members[0] ? &members[1] : &members[0];
    unsigned slot = redis_slot(str_of(key));
    ASK("DEL", key);
    slot_set(slot, to);
    UNTIL(from, "CLUSTER INFO", "cluster_state:ok");
    assert_string_equal(ASK("SET", key, "there")->text, "OK");
    assert_string_equal(ORDER(to, "GET %s", key), "there");
    assert_int_equal(eval("mh:test:sum:{moved}")->i, 1); /* a script, too */
    ASK("DEL", key);
    ASK("DEL", "mh:test:sum:{moved}");
    slot_set(slot, from);
    WAIT_FOR(loop, is_served(key));
    ASK("DEL", key);
}

static void a_slot_that_is_moving_is_asked_for(void **state UNUSED)
{
    const char *key = "mh:test:{moving}";
    struct member *from = member_of(key), *to = from == &members[0] ? &members[1] : &members[0];
    unsigned slot = redis_slot(str_of(key));
    ASK("DEL", key);
    OBEYS(to, "CLUSTER SETSLOT %u IMPORTING %s", slot, from->id);
    OBEYS(from, "CLUSTER SETSLOT %u MIGRATING %s", slot, to->id);
    for (int i = 0; i < 3; i++) /* what is not there is there */
        assert_string_equal(ASK("SET", key, "new")->text, "OK");
    assert_int_equal(eval("mh:test:sum:{moving}")->i, 1);
    assert_string_equal(ASK("GET", key)->text, "new");
    assert_string_equal(ASK("PING")->text, "PONG"); /* replies are still in order */
    OBEYS(to, "CLUSTER SETSLOT %u NODE %s", slot, to->id);
    slot_set(slot, to);
    assert_string_equal(ASK("GET", key)->text, "new");
    ASK("DEL", key);
    ASK("DEL", "mh:test:sum:{moving}");
    slot_set(slot, from);
    WAIT_FOR(loop, is_served(key));
    ASK("DEL", key);
}

/* MOVED to a node that nobody has told us of: the command waits for the connection. */
static void a_new_node_gets_its_first_command(void **state UNUSED)
{
    const char *key = "mh:test:{new}";
    struct member *from = member_of(key);
    unsigned slot = redis_slot(str_of(key));
    ASK("DEL", key);
    meet(NEWCOMER);
    for (size_t i = 0; i < MAX_SERVERS; i++)
        UNTIL(&members[i], "CLUSTER INFO", "cluster_known_nodes:5");
    slot_set(slot, NEWCOMER);
    UNTIL(from, "CLUSTER INFO", "cluster_state:ok");
    UNTIL(NEWCOMER, "CLUSTER INFO", "cluster_state:ok");
    assert_string_equal(ASK("SET", key, "new")->text, "OK");
    assert_string_equal(ORDER(NEWCOMER, "GET %s", key), "new");
    ASK("DEL", key);
    slot_set(slot, from);
    WAIT_FOR(loop, is_served(key));
    ASK("DEL", key);
}

/* --- nodes that die ------------------------------------------------------------------------- */

static unsigned key_at(const struct member *m)
{
    unsigned i = 0;
    while (member_of(key_of(i)) != m)
        i++;
    return i;
}

static void a_dead_node_takes_only_its_keys(void **state UNUSED)
{
    unsigned lost = key_at(&members[2]), kept = key_at(&members[1]);
    assert_int_equal(redis_subscribe(redis, "news", on_message, &options), ERR_OK);
    WAIT_FOR(loop, hears("before"));
    member_kill(&members[2]);
    WAIT_FOR(loop, TRY("GET", key_of(lost)) == ERR_UNAVAILABLE);
    assert_false(redis_ready(redis));
    assert_int_equal(ASK("GET", key_of(kept))->err, ERR_OK);
    member_start(&members[2]);
    WAIT_FOR(loop, redis_ready(redis));
    for (int i = 0; i < 3; i++)
        UNTIL(&members[i], "CLUSTER INFO", "cluster_state:ok");
    WAIT_FOR(loop, is_served(key_of(lost)));
    WAIT_FOR(loop, hears("after"));
}

static void a_replica_that_takes_over_is_followed(void **state UNUSED)
{
    unsigned key = key_at(&members[0]);
    ASK("SET", key_of(key), "kept");
    UNTIL(REPLICA, "INFO replication", "master_link_status:up");
    member_kill(&members[0]);
    WAIT_FOR(loop, !redis_ready(redis));
    OBEYS(REPLICA, "CLUSTER FAILOVER TAKEOVER");
    WAIT_FOR(loop, redis_ready(redis));
    assert_string_equal(ASK("GET", key_of(key))->text, "kept");
    assert_int_equal(eval("mh:test:after:{x}")->err, ERR_OK);
    member_start(&members[0]); /* as a replica of the other */
    UNTIL(&members[0], "INFO replication", "master_link_status:up");
    OBEYS(&members[0], "CLUSTER FAILOVER TAKEOVER");
    UNTIL(REPLICA, "INFO replication", "master_link_status:up");
    WAIT_FOR(loop, is_served(key_of(key)));
    assert_string_equal(ASK("SET", key_of(key), "home")->text, "OK");
    assert_string_equal(ORDER(&members[0], "GET %s", key_of(key)), "home");
}

static void without_any_node_it_begins_again(void **state UNUSED)
{
    for (int i = 0; i < 4; i++)
        member_kill(&members[i]);
    WAIT_FOR(loop, !redis_ready(redis) && TRY("GET", key_of(0)) == ERR_UNAVAILABLE);
    for (int i = 0; i < 4; i++)
        member_start(&members[i]);
    for (int i = 0; i < 4; i++)
        UNTIL(&members[i], "CLUSTER INFO", "cluster_state:ok");
    WAIT_FOR(loop, redis_ready(redis));
    assert_int_equal(ASK("GET", key_of(0))->err, ERR_OK);
}

static void freed_in_the_middle_all_is_answered(void **state)
{
    for (unsigned i = 0; i < 50; i++)
        SUBMIT("GET", key_of(i));
    client_close(); /* looks that each has its answer */
    client_open(url);
    loop_turn(loop, 10); /* and while it is connecting */
    client_close();
    open_cluster(state);
}

/* --- nodes that lie ------------------------------------------------------------------------- */

/* Answers PING, and everything else in the same way. */
struct liar {
    int listener, port, fd;
    const char *map, *reply;
    int served;
};

static void liar_open(struct liar *l)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    *l = (struct liar){.fd = -1};
    l->listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(l->listener, (struct sockaddr *)&at, n), 0);
    assert_int_equal(listen(l->listener, 10), 0);
    assert_int_equal(getsockname(l->listener, (struct sockaddr *)&at, &n), 0);
    l->port = ntohs(at.sin_port);
}

static bool liar_serve(struct liar *l)
{
    char in[4096];
    int fd = accept4(l->listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd >= 0) {
        close(l->fd);
        l->fd = fd;
    }
    ssize_t got = l->fd >= 0 ? recv(l->fd, in, sizeof in - 1, 0) : -1;
    if (got <= 0)
        return true;
    in[got] = '\0';
    for (const char *p = in; (p = strchr(p, '*')); p++) { /* each command begins with one */
        const char *out = strstr(p, "CLUSTER") ? l->map
                          : strstr(p, "PING")  ? "+PONG\r\n"
                                               : l->reply;
        assert_true(write(l->fd, out, strlen(out)) > 0);
        l->served++;
    }
    return true;
}

static void lies_end_in_an_error(void **state UNUSED)
{
    static const struct {
        const char *text;
        bool itself; /* then its own port */
    } replies[] = {
        {"MOVED 1 127.0.0.1:", true}, /* in a circle */
        {"ASK 1 127.0.0.1:", true},
        {"MOVED 99999 127.0.0.1:", true},
        {"MOVED", false},
        {"TRYAGAIN Multiple keys request during rehashing of slot", false},
        {"CLUSTERDOWN Hash slot not served", false},
        {"MOVED 1 127.0.0.1:1", false}, /* where nobody is */
        {"MOVED 1 no.such.host.invalid:1", false},
    };
    static const char map_format[] = "*1\r\n*3\r\n:0\r\n:16383\r\n*2\r\n$0\r\n\r\n:%d\r\n";
    char map[100], reply[100], port[12], liars_url[100];
    client_close();
    for (size_t i = 0; i < ARRAY_LEN(replies); i++) {
        struct liar l;
        liar_open(&l);
        snprintf(map, sizeof map, map_format, l.port);
        snprintf(port, sizeof port, "%d", l.port);
        snprintf(reply, sizeof reply, "-%s%s\r\n", replies[i].text, replies[i].itself ? port : "");
        l.map = map;
        l.reply = reply;
        snprintf(liars_url, sizeof liars_url, "cluster://127.0.0.1:%d", l.port);
        client_open(liars_url);
        WAIT_FOR(loop, liar_serve(&l) && redis_ready(redis));
        unsigned id = SUBMIT("GET", "x");
        WAIT_FOR(loop, liar_serve(&l) && answers[id].times);
        assert_true(answers[id].err == ERR_UNAVAILABLE || answers[id].err == ERR_INTERNAL ||
                    answers[id].err == ERR_TIMEOUT);
        assert_in_range(l.served, 3, 20);
        client_close();
        close(l.listener);
        close(l.fd);
    }
    client_open(url);
}

static void a_map_of_nonsense_is_asked_for_again_and_no_more(void **state UNUSED)
{
    static const char *const maps[] = {
        "*0\r\n",
        "$5\r\nhello\r\n",
        "-ERR This instance has cluster support disabled\r\n",
        "*1\r\n*3\r\n:0\r\n:99999\r\n*2\r\n$1\r\nx\r\n:1\r\n",
        ":7\r\n",
    };
    client_close();
    for (size_t i = 0; i < ARRAY_LEN(maps); i++) {
        struct liar l;
        char liars_url[100];
        liar_open(&l);
        l.map = maps[i];
        l.reply = "+OK\r\n";
        snprintf(liars_url, sizeof liars_url, "cluster://127.0.0.1:%d", l.port);
        client_open(liars_url);
        int64_t end_us = clock_mono_us() + 500 * USEC_PER_MSEC;
        WAIT_FOR(loop, liar_serve(&l) && clock_mono_us() > end_us);
        assert_false(redis_ready(redis));
        assert_in_range(l.served, 3, 15); /* the greeting, and maps with backoff */
        client_close();
        close(l.listener);
        close(l.fd);
    }
    client_open(url);
}

/* --- memory --------------------------------------------------------------------------------- */

static bool short_life(void *arg UNUSED)
{
    bool ok = false;
    memset(answers, 0, sizeof answers);
    n_sent = 0;
    loop = loop_new();
    dns = loop ? dns_new(loop, "/nonexistent") : NULL;
    options.dns = dns;
    redis = dns ? redis_new(loop, &options) : NULL;
    int64_t end_us = clock_mono_us() + 60 * USEC_PER_MSEC;
    while (redis && !redis_ready(redis) && clock_mono_us() < end_us)
        loop_turn(loop, 5);
    if (redis && TRY("SET", "mh:test:{k1}", "x") == ERR_OK)
        for (ok = true; !answers[0].times; loop_turn(loop, 10))
            continue;
    redis_free(redis);
    dns_free(dns);
    loop_free(loop);
    return ok && answers[0].err == ERR_OK;
}

static void no_allocation_is_taken_for_granted(void **state)
{
    client_close();
    torture(short_life, NULL);
    open_cluster(state);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_cluster, close_client)
    const struct CMUnitTest tests[] = {
        TEST(each_key_finds_its_node),
        TEST(scripts_are_known_at_every_node),
        TEST(messages_cross_the_cluster),
        TEST(a_slot_that_has_moved_is_followed),
        TEST(a_slot_that_is_moving_is_asked_for),
        TEST(a_new_node_gets_its_first_command),
        TEST(a_dead_node_takes_only_its_keys),
        TEST(a_replica_that_takes_over_is_followed),
        TEST(without_any_node_it_begins_again),
        TEST(freed_in_the_middle_all_is_answered),
        TEST(lies_end_in_an_error),
        TEST(a_map_of_nonsense_is_asked_for_again_and_no_more),
        TEST(no_allocation_is_taken_for_granted),
    };
    return cmocka_run_group_tests(tests, cluster_up, NULL);
}
