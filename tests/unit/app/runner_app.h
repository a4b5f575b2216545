/* A service of the test's routes behind the fakes of runner_fakes.h: asked, answered, looked at. */
#ifndef TESTS_UNIT_APP_RUNNER_APP_H
#define TESTS_UNIT_APP_RUNNER_APP_H

#include "runner_fakes.h"

static struct app app;
static const struct service desc = {.name = "test"};

static int app_setup(const struct route *routes, size_t n)
{
    const struct route *tables[] = {routes};
    const size_t counts[] = {n};
    app.svc.desc = &desc;
    app.svc.config = &app.config;
    app.config.trusted_proxies = "127.0.0.1";
    app.config.request_arena_bytes = 1 << 20;
    app.config.request_deadline_ms = 30000;
    app.config.token_issuer = app.config.token_audience = "x";
    app.config.features = "";
    app.svc.loop = loop_new();
    app.router = router_new(tables, counts, 1);
    app.requests = idmap_new(10);
    app.state = APP_RUNNING;
    struct buf jwks = BUF_INIT(10000);
    bool ok = metrics_init(1) == ERR_OK && token_key_generate(&jwks) == ERR_OK &&
              token_keys_parse(jwks.data, &app.svc.token_keys, NULL) == ERR_OK &&
              keyring_parse("k1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &app.svc.keyring) ==
                  ERR_OK &&
              log_open("test", "/dev/null", LOG_INFO) == ERR_OK;
    buf_free(&jwks);
    metrics_worker(0);
    return ok && app.router && app.requests ? 0 : -1;
}

static int app_teardown(void **state)
{
    (void)state;
    while (app.n_free_arenas)
        arena_free(app.free_arenas[--app.n_free_arenas]);
    router_free(app.router);
    idmap_free(app.requests);
    token_keys_free(app.svc.token_keys);
    keyring_free(app.svc.keyring);
    loop_free(app.svc.loop);
    metrics_free();
    log_close();
    return 0;
}

static void ask(const char *method, const char *target, const char *body,
                const struct http_header *headers)
{
    memset(&sent, 0, sizeof(sent));
    memset(&exchange, 0, sizeof(exchange));
    exchange.method = method;
    exchange.target = target;
    exchange.body = str_of(body);
    size_t n = 0;
    for (; headers && headers->name; headers++)
        exchange.headers[n++] = *headers;
    if (body)
        exchange.headers[n++] = (struct http_header){"Content-Type", "application/json"};
    app_handle(&app, &exchange, ERR_OK);
}

static void expect(int status, const char *part)
{
    if (sent.count != 1 || sent.status != status || (part && !strstr(sent.body, part)))
        fail_msg("%d replies, status %d, expected %d with %s: %s", sent.count, sent.status, status,
                 part ? part : "-", sent.body);
    assert_int_equal(idmap_count(app.requests), 0);
    assert_int_equal(results_alive, 0);
}

#endif
