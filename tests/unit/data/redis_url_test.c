/* Which texts are Redis URLs. redis_new() says no to the others; nothing needs a server here. */
#include "common/redis.h"
#include "torture.h"

static bool is_url(const char *url)
{
    struct loop *loop = loop_new();
    struct redis_options options = {
        .url = url, .connect_timeout_ms = 100, .command_timeout_ms = 100, .max_in_flight = 10};
    struct redis *redis = redis_new(loop, &options);
    bool yes = redis != NULL;
    redis_free(redis);
    loop_free(loop);
    return yes;
}

static void urls(void **state UNUSED)
{
    static const char *const good[] = {
        "redis://127.0.0.1",
        "redis://127.0.0.1:6380",
        "redis://127.0.0.1:6380/",
        "redis://127.0.0.1:6380/15",
        "redis://[::1]:6380/1",
        "redis://[::1]",
        "redis://:password@127.0.0.1",
        "redis://user:p%40ss%3A@127.0.0.1:1",
        "unix:///nonexistent/redis.sock",
    };
    static const char *const bad[] = {
        "",
        "127.0.0.1:6379",
        "http://127.0.0.1",
        "rediss://127.0.0.1",
        "redis:///1",
        "redis://:6379",
        "redis://127.0.0.1:x",
        "redis://127.0.0.1:65536",
        "redis://127.0.0.1:-1",
        "redis://127.0.0.1:6379/x",
        "redis://127.0.0.1:6379/-1",
        "redis://127.0.0.1:6379/1/2",
        "redis://[::1",
        "redis://[::1]x",
        "redis://u:p%4@127.0.0.1",
        "redis://u:p%00@127.0.0.1",
        "unix://relative",
        "unix:///"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    for (size_t i = 0; i < ARRAY_LEN(good); i++)
        if (!is_url(good[i]))
            fail_msg("refused: %s", good[i]);
    for (size_t i = 0; i < ARRAY_LEN(bad); i++)
        if (is_url(bad[i]))
            fail_msg("taken: %s", bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(urls)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
