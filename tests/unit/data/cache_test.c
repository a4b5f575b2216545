/* The cache against a real Redis: hits, one fill at a time, drops, and what is left without Redis.
 */
#include "common/cache.h"
#include "servers.h"

#define MAX_ASKERS 200

struct asker {
    int told;
    bool hit;
    char text[64];
    size_t n;
};

static struct loop *loop;
static struct redis *redis;
static struct cache *cache, *other; /* of another process */
static struct redis_options options;
static struct asker askers[MAX_ASKERS];
static unsigned n_askers;

static int setup(void **state)
{
    *state = NULL;
    servers_redis();
    return 0;
}

static void open_on(const char *url)
{
    memset(askers, 0, sizeof askers);
    n_askers = 0;
    options = (struct redis_options){
        .url = url, .connect_timeout_ms = 300, .command_timeout_ms = 200, .max_in_flight = 1000};
    loop = loop_new();
    redis = redis_new(loop, &options);
    cache = cache_new(loop, redis, "mh:test:");
    other = cache_new(loop, redis, "mh:test:");
    assert_true(loop && redis && cache && other);
}

static void command(const char *const *argv)
{
    struct str words[5];
    int n = 0;
    for (; argv[n]; n++)
        words[n] = str_of(argv[n]);
    assert_int_equal(redis_command(redis, (struct redis_args){words, n}, NULL, NULL, 0), ERR_OK);
}

#define COMMAND(...) command((const char *const[]){__VA_ARGS__, NULL})

static int open_cache(void **state)
{
    *state = NULL;
    open_on(servers.redis_url);
    WAIT_FOR(loop, redis_ready(redis));
    COMMAND("FLUSHALL");
    return 0;
}

static int close_cache(void **state UNUSED)
{
    cache_free(cache);
    cache_free(other);
    redis_free(redis);
    loop_free(loop);
    return 0;
}

static void on_text(void *owner, uint64_t id, const char *text, size_t n)
{
    assert_ptr_equal(owner, &options);
    struct asker *a = &askers[id];
    a->told++;
    a->hit = text != NULL;
    a->n = n;
    snprintf(a->text, sizeof a->text, "%s", text ? text : "");
}

static unsigned get(struct cache *c, const char *kind, const char *key)
{
    unsigned id = n_askers++;
    assert_int_equal(cache_get(c, kind, key, on_text, &options, id), ERR_OK);
    assert_int_equal(askers[id].told, 0); /* in a later turn */
    return id;
}

static const struct asker *told(unsigned id)
{
    WAIT_FOR(loop, askers[id].told);
    assert_int_equal(askers[id].told, 1);
    return &askers[id];
}

#define MISSES(c, kind, key) assert_false(told(get(c, kind, key))->hit)
#define HITS(c, kind, key, expected) assert_string_equal(told(get(c, kind, key))->text, expected)

static void fill(struct cache *c, const char *kind, const char *key, const char *text)
{
    MISSES(c, kind, key);
    cache_put(c, kind, key, text, strlen(text), 60);
}

/* --- with Redis ----------------------------------------------------------------------------- */

static void what_is_put_is_found_by_all(void **state UNUSED)
{
    fill(cache, "menu", "a", "soup");
    HITS(cache, "menu", "a", "soup");
    HITS(other, "menu", "a", "soup");
    MISSES(cache, "menu", "b");
    MISSES(cache, "men", "ua");
    cache_put(cache, "menu", "b", "", 0, 60);
    assert_true(told(get(cache, "menu", "b"))->hit);
    assert_int_equal(told(get(cache, "menu", "b"))->n, 0);
}

static void values_end_with_their_time(void **state UNUSED)
{
    MISSES(cache, "menu", "a");
    cache_put(cache, "menu", "a", "soup", 4, 1);
    HITS(cache, "menu", "a", "soup");
    WAIT_FOR(loop, !told(get(cache, "menu", "a"))->hit);
    assert_true(n_askers > 5);
}

static void many_ask_and_one_fills(void **state UNUSED)
{
    unsigned first = get(cache, "menu", "a");
    for (int i = 0; i < 10; i++)
        get(cache, "menu", "a");
    assert_false(told(first)->hit);
    for (int i = 0; i < 10; i++)
        get(cache, "menu", "a");
    for (int i = 0; i < 5; i++)
        loop_turn(loop, 10);
    for (unsigned i = 1; i <= 20; i++)
        assert_int_equal(askers[i].told, 0); /* they wait for the first */
    cache_put(cache, "menu", "a", "so\0up", 5, 60);
    assert_int_equal(askers[1].told, 0);
    for (unsigned i = 1; i <= 20; i++)
        assert_int_equal(told(i)->n, 5);
    assert_int_equal(told(get(other, "menu", "a"))->n, 5);
}

static void a_filler_that_gives_up_hands_on(void **state UNUSED)
{
    unsigned a = get(cache, "menu", "a"), b = get(cache, "menu", "a"), c = get(cache, "menu", "a");
    assert_false(told(a)->hit);
    cache_abandon(cache, "menu", "a");
    assert_false(told(b)->hit);
    assert_int_equal(askers[c].told, 0);
    cache_put(cache, "menu", "a", "soup", 4, 60);
    assert_string_equal(told(c)->text, "soup");
    MISSES(cache, "menu", "b");
    cache_abandon(cache, "menu", "b"); /* nobody else waits */
    MISSES(cache, "menu", "b");
}

static void a_filler_that_says_nothing_costs_two_seconds(void **state UNUSED)
{
    int64_t start_us = clock_mono_us();
    unsigned a = get(cache, "menu", "a"), b = get(cache, "menu", "a"), c = get(cache, "menu", "a");
    assert_false(told(a)->hit);
    assert_false(told(b)->hit);
    assert_false(told(c)->hit);
    assert_in_range(clock_mono_us() - start_us, 1900000, 2900000);
    fill(cache, "menu", "a", "soup");
    HITS(cache, "menu", "a", "soup");
}

static void what_nobody_asked_for_is_not_kept(void **state UNUSED)
{
    cache_put(cache, "menu", "a", "soup", 4, 60);
    cache_abandon(cache, "menu", "b");
    MISSES(cache, "menu", "a");
}

/* --- drops ---------------------------------------------------------------------------------- */

static void a_drop_takes_all_of_its_kind_everywhere(void **state UNUSED)
{
    fill(cache, "menu", "a", "soup");
    fill(cache, "menu", "b", "rice");
    fill(cache, "tax", "a", "9.125");
    cache_drop(other, "menu");
    MISSES(other, "menu", "a");
    MISSES(cache, "menu", "b");
    HITS(cache, "tax", "a", "9.125");
    cache_put(cache, "menu", "b", "noodles", 7, 60);
    HITS(other, "menu", "b", "noodles");
}

static void a_fill_from_before_a_drop_is_not_kept(void **state UNUSED)
{
    unsigned before = get(cache, "menu", "a"), waiting = get(cache, "menu", "a");
    assert_false(told(before)->hit);
    unsigned looking = get(cache, "menu", "b");
    cache_drop(cache, "menu");
    assert_false(told(waiting)->hit); /* not with what the first will bring */
    assert_false(told(looking)->hit);
    cache_put(cache, "menu", "a", "old", 3, 60);
    MISSES(cache, "menu", "a");
    MISSES(other, "menu", "a");
    cache_put(other, "menu", "a", "new", 3, 60);
    HITS(other, "menu", "a", "new");
    MISSES(cache, "menu", "a"); /* here the old filler may still come */
}

static void a_fill_from_before_a_drop_elsewhere_is_not_found(void **state UNUSED)
{
    MISSES(cache, "menu", "a");
    cache_drop(other, "menu");
    WAIT_FOR(loop, !told(get(other, "menu", "b"))->hit);
    cache_put(cache, "menu", "a", "old", 3, 60);
    MISSES(other, "menu", "a");
}

static void a_drop_that_redis_missed_is_repeated(void **state UNUSED)
{
    fill(cache, "menu", "a", "old");
    HITS(other, "menu", "a", "old");
    kill(servers.redis, SIGSTOP);
    cache_drop(cache, "menu");
    MISSES(cache, "menu", "a");
    WAIT_FOR(loop, !redis_ready(redis));
    cache_drop(cache, "menu");
    for (int i = 0; i < 100; i++) { /* more than are remembered */
        char kind[20];
        snprintf(kind, sizeof kind, "kind%d", i);
        cache_drop(other, kind);
    }
    kill(servers.redis, SIGCONT);
    WAIT_FOR(loop, redis_ready(redis));
    WAIT_FOR(loop, !told(get(other, "menu", "a"))->hit);
    /* Confirmed: the kind is kept again. */
    cache_put(other, "menu", "a", "new", 3, 60);
    WAIT_FOR(loop, told(get(cache, "menu", "c")));
    HITS(other, "menu", "a", "new");
}

static void an_evicted_generation_brings_nothing_back(void **state UNUSED)
{
    fill(cache, "menu", "a", "old");
    COMMAND("DEL", "mh:test:cache:{menu}");
    MISSES(cache, "menu", "a");
    cache_put(cache, "menu", "a", "new", 3, 60);
    HITS(other, "menu", "a", "new");
}

/* --- without -------------------------------------------------------------------------------- */

static void without_redis_all_is_a_miss_and_one_fills(void **state)
{
    close_cache(state);
    open_on("unix:///nonexistent/redis");
    unsigned a = get(cache, "menu", "a"), b = get(cache, "menu", "a");
    assert_false(told(a)->hit);
    assert_int_equal(askers[b].told, 0);
    cache_put(cache, "menu", "a", "soup", 4, 60);
    assert_string_equal(told(b)->text, "soup"); /* single flight needs no Redis */
    MISSES(cache, "menu", "a");
    cache_drop(cache, "menu");
    MISSES(cache, "menu", "b");
}

static void what_redis_holds_instead_does_no_harm(void **state UNUSED)
{
    COMMAND("RPUSH", "mh:test:cache:{menu}", "x");
    MISSES(cache, "menu", "a");
    COMMAND("DEL", "mh:test:cache:{menu}");
    COMMAND("SET", "mh:test:cache:{menu}", "a generation that is much too long to be one of ours");
    cache_abandon(cache, "menu", "a");
    MISSES(cache, "menu", "a");
    cache_put(cache, "menu", "a", "x", 1, 60);
    MISSES(cache, "menu", "a");
}

static void names_and_numbers_are_bounded(void **state UNUSED)
{
    char name[300];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_int_equal(cache_get(cache, name, "a", on_text, &options, 0), ERR_TOO_LARGE);
    assert_int_equal(cache_get(cache, "menu", name, on_text, &options, 0), ERR_TOO_LARGE);
    cache_put(cache, name, name, "x", 1, 1);
    cache_drop(cache, name);
    name[200] = '\0';
    fill(cache, name, name, "long");
    HITS(cache, name, name, "long");
}

/* --- the end -------------------------------------------------------------------------------- */

static void freed_in_the_middle_it_calls_nobody(void **state)
{
    unsigned filler = get(cache, "menu", "a"), waits = get(cache, "menu", "a");
    assert_false(told(filler)->hit);
    MISSES(other, "menu", "b");
    unsigned about_to_be_told = get(other, "menu", "b"), looking = get(other, "menu", "c");
    cache_put(other, "menu", "b", "soup", 4, 60);
    cache_drop(other, "tax");
    close_cache(state);
    int told_after = askers[waits].told + askers[about_to_be_told].told + askers[looking].told;
    open_cache(state);
    assert_int_equal(told_after, 0);
}

static void redis_may_go_first(void **state)
{
    unsigned looking = get(cache, "menu", "a");
    cache_drop(other, "menu");
    redis_free(redis); /* what it owes comes now */
    int told_then = askers[looking].told;
    cache_free(cache);
    cache_free(other);
    loop_free(loop);
    open_cache(state);
    assert_int_equal(told_then, 1);
}

static bool short_life(void *arg UNUSED)
{
    struct loop *l = loop_new();
    struct redis *r = l ? redis_new(l, &options) : NULL;
    struct cache *c = r ? cache_new(l, r, "mh:torture:") : NULL;
    int64_t until_us = clock_mono_us() + 100 * USEC_PER_MSEC;
    while (r && !redis_ready(r) && clock_mono_us() < until_us)
        loop_turn(l, 10);
    memset(askers, 0, sizeof askers);
    bool taken[4] = {false};
    for (uint64_t i = 0; c && i < 3; i++)
        taken[i] = cache_get(c, "menu", "a", on_text, &options, i) == ERR_OK;
    until_us = clock_mono_us() + 100 * USEC_PER_MSEC;
    while (taken[0] && !askers[0].told && clock_mono_us() < until_us)
        loop_turn(l, 10);
    if (taken[0] && askers[0].told)
        cache_put(c, "menu", "a", "soup", 4, 60);
    until_us = clock_mono_us() + 100 * USEC_PER_MSEC;
    while (taken[2] && !askers[2].told && clock_mono_us() < until_us)
        loop_turn(l, 10);
    if (c) {
        cache_drop(c, "menu");
        taken[3] = cache_get(c, "menu", "a", on_text, &options, 3) == ERR_OK;
    }
    until_us = clock_mono_us() + 100 * USEC_PER_MSEC;
    while (taken[3] && !askers[3].told && clock_mono_us() < until_us)
        loop_turn(l, 10);
    cache_free(c);
    redis_free(r);
    loop_free(l);
    return askers[0].told && askers[1].hit && askers[2].hit && askers[3].told;
}

static void no_allocation_is_taken_for_granted(void **state UNUSED)
{
    torture(short_life, NULL);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, open_cache, close_cache)
    const struct CMUnitTest tests[] = {
        TEST(what_is_put_is_found_by_all),
        TEST(values_end_with_their_time),
        TEST(many_ask_and_one_fills),
        TEST(a_filler_that_gives_up_hands_on),
        TEST(a_filler_that_says_nothing_costs_two_seconds),
        TEST(what_nobody_asked_for_is_not_kept),
        TEST(a_drop_takes_all_of_its_kind_everywhere),
        TEST(a_fill_from_before_a_drop_is_not_kept),
        TEST(a_fill_from_before_a_drop_elsewhere_is_not_found),
        TEST(a_drop_that_redis_missed_is_repeated),
        TEST(an_evicted_generation_brings_nothing_back),
        TEST(without_redis_all_is_a_miss_and_one_fills),
        TEST(what_redis_holds_instead_does_no_harm),
        TEST(names_and_numbers_are_bounded),
        TEST(freed_in_the_middle_it_calls_nobody),
        TEST(redis_may_go_first),
        TEST(no_allocation_is_taken_for_granted),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
