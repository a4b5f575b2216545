/* Which texts are Redis URLs. redis_new() says no to the others; nothing needs a server here. */
#include "common/redis.h"
#include "torture.h"

static bool is_url(const char *url)
{
    struct loop *loop = loop_new();
    struct dns *dns = dns_new(loop, "/nonexistent");
    struct redis_options options = {.dns = dns,
                                    .url = url,
                                    .connect_timeout_ms = 100,
                                    .command_timeout_ms = 100,
                                    .max_in_flight = 10};
    struct redis *redis = redis_new(loop, &options);
    bool yes = redis != NULL;
    redis_free(redis);
    dns_free(dns);
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
        "sentinel://a,b:26380,[::1]:26381/mymaster",
        "sentinel://user:p%2F@a/my%20master/3",
        "cluster://a",
        "cluster://:password@a:7000,b:7001,[::1]/",
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
        "redis://a,b",
        "redis://127.0.0.1:0",
        "sentinel://a",
        "sentinel://a/",
        "sentinel://a//0",
        "sentinel:///mymaster",
        "sentinel://a,,b/mymaster",
        "sentinel://a,/mymaster",
        "sentinel://,a/mymaster",
        "sentinel://a/mymaster/x",
        "sentinel://a/mymaster/0/1",
        "sentinel://a/my%00master",
        "sentinel://a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q/mymaster",
        "cluster://",
        "cluster://a/0",
        "cluster://a,b:x",
        "unix://",
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
