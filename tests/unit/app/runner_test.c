/* The runner, the admission and the replies, with fakes at the edges: what evhttp and PostgreSQL
 * would say is said by the test. */
#include "runner_fakes.h"

/* --- a service of a few routes ---------------------------------------------------------------- */

static char trail[256]; /* the steps that ran, one letter each */

static void leave(const char *letter)
{
    strncat(trail, letter, sizeof(trail) - strlen(trail) - 1);
}

static const struct pg_stmt stmt = {.name = "stmt", .text = "", .n_params = 1};

static enum step_rc step_a(struct req *r)
{
    (void)r;
    leave("a");
    return STEP_NEXT;
}

static enum step_rc step_ask(struct req *r)
{
    leave("q");
    return req_pg(r, &stmt, PG_ARGS(req_sql_ctx(r)));
}

static enum step_rc step_caught(struct req *r)
{
    leave("c");
    req_problem_member(r, "alternatives", "[1]");
    return STEP_NEXT;
}

static enum step_rc step_refuse(struct req *r)
{
    leave("r");
    return req_fail(r, ERR_CONFLICT, "slot %d is taken", 7);
}

static enum step_rc step_again(struct req *r)
{
    leave("g");
    int *tries = r->ctx;
    return ++*tries < 3 ? req_goto(r, step_ask) : req_fail(r, ERR_RETRY, NULL);
}

static enum step_rc step_echo(struct req *r)
{
    const char *q = req_query(r, "q");
    const char *text = arena_printf(r->arena, "{\"in\":%s,\"q\":\"%s\",\"p\":\"%s\",\"m\":\"%s\"}",
                                    r->in_json, q ? q : "-", r->params[0] ? r->params[0] : "-",
                                    r->if_match ? r->if_match : "-");
    return text ? req_reply(r, 0, str_of(text)) : req_fail(r, ERR_NO_MEMORY, NULL);
}

static const struct step simple[] = {STEP(step_a), STEP(step_ask), STEP(reply_row), STEP_END};
static const struct step catching[] = {
    STEP(step_ask), STEP(reply_row), CATCH(ERR_CONFLICT, step_caught),
                                           CATCH(ERR_BUSY, step_a),
                                                 CATCH(ERR_CONFLICT, step_refuse),
                                                       CATCH(ERR_RETRY, step_again), STEP_END,
};
static const struct step echo[] = {STEP(step_echo), STEP_END};
static const struct step silent[] = {STEP(step_a), STEP_END};

static const struct field in_rows[] = {
    {.name = "name",
     .type = FIELD_STR,
     .flags = FIELD_REQUIRED,
     .min = 1,
     .max = 5,
     .offset = FIELD_NOWHERE},
};
static const struct field_table in_table = {"In", in_rows, ARRAY_LEN(in_rows), 0};
static const struct field q_rows[] = {
    {.name = "q", .type = FIELD_INT, .min = 1, .max = 9, .offset = FIELD_NOWHERE},
};
static const struct field_table q_table = {"Q", q_rows, ARRAY_LEN(q_rows), 0};

static const struct route routes[] = {
    {GET, "/simple", "simple", .steps = simple, .perm = PERM_NONE},
    {GET, "/catch", "catch", .steps = catching, .perm = PERM_NONE, .ctx_bytes = sizeof(int)},
    {GET, "/echo", "echo_get", .steps = echo, .query = &q_table, .perm = PERM_NONE},
    {POST, "/echo", "echo_post", .steps = echo, .in = &in_table, .perm = PERM_NONE},
    {GET, "/silent", "silent", .steps = silent, .perm = PERM_NONE},
    {GET, "/list", "list", .steps = simple, .flags = ROUTE_LIST, .perm = PERM_NONE},
    {GET, "/user", "user", .steps = echo, .auth = AUTH_USER, .perm = PERM_BOOKINGS_READ},
    {POST, "/keyed", "keyed", .steps = simple, .in = &in_table, .flags = ROUTE_KEY_REQUIRED,
     .perm = PERM_NONE},
    {PATCH, "/match/{id}", "match", .steps = echo, .in = &in_table, .flags = ROUTE_IF_MATCH,
     .perm = PERM_NONE},
    {GET, "/flag", "flag", .steps = echo, .feature = "FEATURE_X", .perm = PERM_NONE},
    {GET, "/late", "late", .steps = simple, .deadline_ms = 20, .perm = PERM_NONE},
};

static struct app app;
static const struct service desc = {.name = "test"};

static int setup(void **state)
{
    (void)state;
    const struct route *tables[] = {routes};
    const size_t counts[] = {ARRAY_LEN(routes)};
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

static int teardown(void **state)
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
    trail[0] = '\0';
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

/* --- what happens ------------------------------------------------------------------------------
 */

static void test_steps_and_wait(void **state)
{
    (void)state;
    ask("GET", "/simple", NULL, NULL);
    assert_string_equal(trail, "aq");
    assert_int_equal(sent.count, 0);
    answer((struct pg_result){.rows = 1, .body = "{\"x\":1}", .etag = "5"});
    expect(200, "{\"x\":1}");
    assert_non_null(strstr(sent.headers, "ETag: \"5\""));
    assert_non_null(strstr(sent.headers, "X-Request-Id: "));
    assert_non_null(strstr(asked.ctx, "\"now\":\""));
}

static void test_no_row_is_404(void **state)
{
    (void)state;
    ask("GET", "/simple", NULL, NULL);
    answer((struct pg_result){.rows = 0});
    expect(404, "\"code\":\"not_found\"");
    assert_string_equal(sent.type, "application/problem+json; charset=utf-8");
}

static void test_not_modified(void **state)
{
    (void)state;
    static const struct {
        const char *wanted;
        int status;
    } cases[] = {
        {"\"5\"", 304}, {"W/\"5\"", 304}, {"\"4\", \"5\"", 304}, {"*", 304}, {"\"6\"", 200}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct http_header headers[] = {{"If-None-Match", cases[i].wanted}, {NULL, NULL}};
        ask("GET", "/simple", NULL, headers);
        answer((struct pg_result){.rows = 1, .body = "{}", .etag = "5"});
        expect(cases[i].status, NULL);
        assert_string_equal(sent.body, cases[i].status == 304 ? "" : "{}");
    }
}

static void test_catch(void **state)
{
    (void)state;
    ask("GET", "/catch", NULL, NULL);
    answer((struct pg_result){.err = ERR_CONFLICT, .detail = "first"});
    expect(409, "\"alternatives\":[1]");
    assert_string_equal(trail, "qcr");
    assert_non_null(strstr(sent.body, "slot 7 is taken"));
    assert_null(strstr(sent.body, "first"));
}

static void test_goto(void **state)
{
    (void)state;
    ask("GET", "/catch", NULL, NULL);
    answer((struct pg_result){.err = ERR_RETRY});
    answer((struct pg_result){.err = ERR_RETRY});
    answer((struct pg_result){.rows = 1, .body = "{}"});
    expect(200, "{}");
    assert_string_equal(trail, "qgqgq");
    ask("GET", "/catch", NULL, NULL);
    for (int i = 0; i < 3; i++)
        answer((struct pg_result){.err = ERR_RETRY});
    expect(503, "\"code\":\"retry\"");
    assert_non_null(strstr(sent.headers, "Retry-After"));
}

static void test_constraint_points_at_field(void **state)
{
    (void)state;
    ask("GET", "/simple", NULL, NULL);
    answer((struct pg_result){.err = ERR_INVALID, .detail = "is taken", .pointer = "/name"});
    expect(422, "\"errors\":[{\"pointer\":\"/name\",\"reason\":\"is taken\"}]");
}

static void test_no_reply_is_our_fault(void **state)
{
    (void)state;
    ask("GET", "/silent", NULL, NULL);
    expect(500, "\"code\":\"internal\"");
}

static void test_replay(void **state)
{
    (void)state;
    struct http_header headers[] = {{"Idempotency-Key", "\"k-1\""}, {NULL, NULL}};
    ask("POST", "/keyed", "{\"name\":\"a\"}", headers);
    assert_non_null(strstr(asked.ctx, "\"key\":\"k-1\""));
    answer((struct pg_result){.err = ERR_KEY_REPLAY});
    assert_string_equal(asked.name, "reply_stored");
    answer((struct pg_result){.rows = 1, .body = "{\"first\":true}"});
    expect(200, "{\"first\":true}");
    assert_non_null(strstr(sent.headers, "Idempotency-Replayed: true"));
}

static void test_deadline(void **state)
{
    (void)state;
    ask("GET", "/late", NULL, NULL);
    int64_t give_up = clock_mono_us() + 5 * USEC_PER_SEC;
    while (sent.count == 0 && clock_mono_us() < give_up)
        loop_turn(app.svc.loop, 5);
    expect(504, "\"code\":\"timeout\"");
    answer((struct pg_result){.rows = 1, .body = "{}"}); /* late: dropped */
    expect(504, NULL);
}

static void test_list_and_cursor(void **state)
{
    (void)state;
    ask("GET", "/list?limit=2", NULL, NULL);
    answer((struct pg_result){.rows = 1, .body = "[1,2]", .next = "2026|7"});
    expect(200, "{\"items\":[1,2],\"next_cursor\":\"v1.k1.");
    assert_non_null(strstr(sent.body, "\"limit\":2}"));
    char cursor[512], target[600];
    assert_int_equal(sscanf(strstr(sent.body, "v1."), "%511[^\"]", cursor), 1);
    snprintf(target, sizeof(target), "/list?cursor=%s", cursor);
    ask("GET", target, NULL, NULL);
    answer((struct pg_result){.rows = 1, .body = "[]"});
    expect(200, "\"next_cursor\":null,\"limit\":20}");
    cursor[strlen(cursor) - 1] ^= 1;
    snprintf(target, sizeof(target), "/list?cursor=%s", cursor);
    ask("GET", target, NULL, NULL);
    expect(422, "Is not a cursor");
}

static const struct refusal {
    const char *what, *method, *target, *body;
    struct http_header header;
    int status;
    const char *part;
} refusals[] = {
    {"unknown path", "GET", "/nothing", NULL, {0}, 404, "not_found"},
    {"unknown method", "DELETE", "/echo", NULL, {0}, 405, "method_not_allowed"},
    {"no body", "POST", "/echo", "", {0}, 400, "The body is missing"},
    {"not JSON", "POST", "/echo", "{", {0}, 400, "not JSON"},
    {"array", "POST", "/echo", "[]", {0}, 422, NULL},
    {"missing member", "POST", "/echo", "{}", {0}, 422, "\"pointer\":\"/name\""},
    {"unknown member", "POST", "/echo", "{\"name\":\"a\",\"b\":1}", {0}, 422, "\"pointer\":\"/b\""},
    {"body on GET", "GET", "/simple", "{}", {0}, 400, "takes no body"},
    {"compressed", "POST", "/echo", "{\"name\":\"a\"}", {"Content-Encoding", "gzip"}, 415, NULL},
    {"unknown parameter", "GET", "/echo?x=1", NULL, {0}, 422, "\"pointer\":\"x\""},
    {"parameter twice", "GET", "/echo?q=1&q=1", NULL, {0}, 422, "twice"},
    {"parameter out of range", "GET", "/echo?q=10", NULL, {0}, 422, "\"pointer\":\"q\""},
    {"broken escape", "GET", "/echo?q=%4", NULL, {0}, 400, NULL},
    {"NUL in the query", "GET", "/echo?q=%00", NULL, {0}, 400, NULL},
    {"limit too large", "GET", "/list?limit=101", NULL, {0}, 422, "\"pointer\":\"limit\""},
    {"nobody", "GET", "/user", NULL, {0}, 401, "unauthorized"},
    {"not a bearer", "GET", "/user", NULL, {"Authorization", "Basic eDp5"}, 401, NULL},
    {"not a token", "GET", "/user", NULL, {"Authorization", "Bearer a.b.c"}, 401, NULL},
    {"bad token on a public route",
     "GET",
     "/simple",
     NULL,
     {"Authorization", "Bearer x"},
     401,
     NULL},
    {"no key", "POST", "/keyed", "{\"name\":\"a\"}", {0}, 400, "idempotency_key_required"},
    {"bad key", "POST", "/keyed", "{\"name\":\"a\"}", {"Idempotency-Key", "a b"}, 400, "malformed"},
    {"no If-Match",
     "PATCH",
     "/match/0198a000-0000-7000-8000-0000000000c1",
     "{\"name\":\"a\"}",
     {0},
     428,
     NULL},
    {"If-Match without quotes",
     "PATCH",
     "/match/0198a000-0000-7000-8000-0000000000c1",
     "{\"name\":\"a\"}",
     {"If-Match", "1"},
     412,
     NULL},
    {"feature off", "GET", "/flag", NULL, {0}, 404, "feature_disabled"},
};

static void test_refusals(void **state)
{
    (void)state;
    strcpy(app.features_off[0], "FEATURE_X");
    app.n_features_off = 1;
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        const struct refusal *c = &refusals[i];
        struct http_header headers[] = {c->header, {NULL, NULL}};
        int before = asked.count;
        ask(c->method, c->target, c->body, headers);
        if (sent.status != c->status)
            fail_msg("%s: %d %s", c->what, sent.status, sent.body);
        expect(c->status, c->part);
        assert_int_equal(asked.count, before); /* nothing reached the database */
    }
    app.n_features_off = 0;
    ask("DELETE", "/echo", NULL, NULL);
    assert_non_null(strstr(sent.headers, "Allow: GET, HEAD, POST"));
}

static void caller_sign(struct buf *token, enum perm perm, enum scope scope, int64_t age_s)
{
    int64_t now_s = clock_wall_us() / USEC_PER_SEC;
    struct caller c = {.known = true, .issued_s = now_s - age_s, .expires_s = now_s - age_s + 900};
    strcpy(c.user_id, "0198a000-0000-7000-8000-0000000000c1");
    strcpy(c.role, "CUSTOMER");
    c.scopes[perm] = (uint8_t)scope;
    buf_adds(token, "Bearer ");
    assert_int_equal(token_sign(app.svc.token_keys, "x", "x", &c, token), ERR_OK);
}

static void test_permission(void **state)
{
    (void)state;
    static const struct {
        enum perm perm;
        enum scope scope;
        int64_t age_s;
        int status;
        const char *part;
    } cases[] = {
        {PERM_BOOKINGS_READ, SCOPE_OWN, 0, 200, NULL},
        {PERM_BOOKINGS_READ, SCOPE_NONE, 0, 403, "forbidden"},
        {PERM_BOOKINGS_WRITE, SCOPE_ALL, 0, 403, "forbidden"},
        {PERM_BOOKINGS_READ, SCOPE_ALL, 901, 401, "token_expired"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct buf token = BUF_INIT(4096);
        caller_sign(&token, cases[i].perm, cases[i].scope, cases[i].age_s);
        struct http_header headers[] = {{"Authorization", token.data}, {NULL, NULL}};
        ask("GET", "/user", NULL, headers);
        expect(cases[i].status, cases[i].part);
        buf_free(&token);
    }
}

static void test_echo_normalised(void **state)
{
    (void)state;
    ask("POST", "/echo", "{\"name\":\"  ab \"}", NULL);
    expect(200, "\"in\":{\"name\":\"ab\"}");
    ask("GET", "/echo?q=5", NULL, NULL);
    expect(200, "\"q\":\"5\"");
    ask("HEAD", "/echo?q=5", NULL, NULL);
    expect(200, NULL);
    assert_string_equal(sent.body, "");
}

/* nginx marks the tags of compressed replies as weak: a client sends back what it got. */
static void test_weak_if_match(void **state)
{
    (void)state;
    struct http_header headers[] = {{"If-Match", "W/\"7\""}, {NULL, NULL}};
    ask("PATCH", "/match/0198a000-0000-7000-8000-0000000000c1", "{\"name\":\"a\"}", headers);
    expect(200, "\"m\":\"7\"");
}

/* Whatever allocation fails: exactly one reply, nothing left behind. */
static bool one_request(void *arg)
{
    (void)arg;
    ask("POST", "/echo", "{\"name\":\"ab\"}", NULL);
    assert_int_equal(sent.count, 1);
    assert_int_equal(idmap_count(app.requests), 0);
    bool ok = sent.status == 200;
    if (!ok)
        assert_true(sent.status >= 500 || sent.status == 413);
    while (app.n_free_arenas)
        arena_free(app.free_arenas[--app.n_free_arenas]);
    return ok;
}

static void test_torture(void **state)
{
    (void)state;
    torture(one_request, NULL);
}

static void test_more_requests_than_allowed(void **state)
{
    (void)state;
    uint64_t ids[10];
    int nothing;
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        assert_int_equal(idmap_put(app.requests, &nothing, &ids[i]), ERR_OK);
    struct http_header headers[] = {{"X-Request-Id", "0123456789abcdef"}, {NULL, NULL}};
    ask("GET", "/echo", NULL, headers);
    assert_int_equal(sent.status, 503);
    assert_non_null(strstr(sent.body, "\"request_id\":\"0123456789abcdef\""));
    for (size_t i = 0; i < ARRAY_LEN(ids); i++)
        idmap_remove(app.requests, ids[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_and_wait),
        cmocka_unit_test(test_no_row_is_404),
        cmocka_unit_test(test_not_modified),
        cmocka_unit_test(test_catch),
        cmocka_unit_test(test_goto),
        cmocka_unit_test(test_constraint_points_at_field),
        cmocka_unit_test(test_no_reply_is_our_fault),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_list_and_cursor),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_permission),
        cmocka_unit_test(test_echo_normalised),
        cmocka_unit_test(test_weak_if_match),
        cmocka_unit_test(test_torture),
        cmocka_unit_test(test_more_requests_than_allowed),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
