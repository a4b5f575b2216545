/* What the tests of the Redis client share: a client, its answers, and how to wait for them. */
#ifndef TESTS_UNIT_DATA_REDIS_FIXTURE_H
#define TESTS_UNIT_DATA_REDIS_FIXTURE_H

#include "common/redis.h"
#include "servers.h"

#define MAX_ANSWERS 3000

struct answer {
    int times;
    enum err err;
    enum redis_type type;
    int64_t i;
    size_t n;
    char text[64];
};

static struct loop *loop;
static struct dns *dns;
static struct redis *redis;
static struct redis_options options;
static struct answer answers[MAX_ANSWERS];
static unsigned n_sent;
static char last_message[64];
static int n_messages;

/* --- helpers -------------------------------------------------------------------------------- */

static inline void on_answer(void *owner UNUSED, uint64_t id, enum err e,
                             const struct redis_value *v)
{
    struct answer *a = &answers[id];
    a->times++;
    a->err = e;
    assert_true((e == ERR_OK) == (v != NULL));
    if (!v)
        return;
    a->type = v->type;
    a->i = v->i;
    a->n = v->n;
    snprintf(a->text, sizeof a->text, "%s", v->type == REDIS_STR ? v->s : "");
}

static inline enum err try(const char *const *argv)
{
    struct str words[10];
    int n = 0;
    for (; argv[n]; n++)
        words[n] = str_of(argv[n]);
    enum err e = redis_command(redis, (struct redis_args){words, n}, on_answer, NULL, n_sent);
    if (e == ERR_OK)
        assert_int_equal(answers[n_sent++].times, 0);
    return e;
}

#define TRY(...) try((const char *const[]){__VA_ARGS__, NULL})

/* The command's id. */
static inline unsigned submit(const char *const *argv)
{
    assert_int_equal(try(argv), ERR_OK);
    return n_sent - 1;
}

#define SUBMIT(...) submit((const char *const[]){__VA_ARGS__, NULL})

static inline struct answer *await(unsigned id)
{
    WAIT_FOR(loop, answers[id].times);
    return &answers[id];
}

#define ASK(...) await(SUBMIT(__VA_ARGS__))

static inline void on_message(void *owner, const char *channel, const char *message, size_t n)
{
    assert_ptr_equal(owner, &options);
    assert_string_equal(channel, "news");
    assert_int_equal(strlen(message), n);
    snprintf(last_message, sizeof last_message, "%s", message);
    n_messages++;
}

static inline void client_open(const char *url)
{
    memset(answers, 0, sizeof answers);
    n_sent = 0;
    n_messages = 0;
    loop = loop_new();
    dns = dns_new(loop, "/etc/resolv.conf");
    options = (struct redis_options){.dns = dns,
                                     .url = url,
                                     .connect_timeout_ms = 300,
                                     .command_timeout_ms = 200,
                                     .max_in_flight = 1000};
    redis = redis_new(loop, &options);
    assert_non_null(redis);
}

static inline void client_close(void)
{
    redis_free(redis);
    dns_free(dns);
    loop_free(loop);
    for (unsigned i = 0; i < n_sent; i++)
        assert_int_equal(answers[i].times, 1);
}

static inline int open_client(void **state)
{
    *state = NULL;
    client_open(servers.redis_url);
    WAIT_FOR(loop, redis_ready(redis));
    return 0;
}

static inline int close_client(void **state UNUSED)
{
    client_close();
    return 0;
}

static inline int setup(void **state)
{
    *state = NULL;
    servers_redis();
    return 0;
}

#endif
