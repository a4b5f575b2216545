/* What every request passes before its route's own steps, with fakes at the edges. */
#include "runner_app.h"

/* --- a service of a few routes ---------------------------------------------------------------- */

static const struct pg_stmt stmt = {.name = "stmt", .text = "", .n_params = 1};

static enum step_rc step_ask(struct req *r)
{
    return req_pg(r, &stmt, PG_ARGS(req_sql_ctx(r)));
}

static enum step_rc step_echo(struct req *r)
{
    const char *q = req_query(r, "q");
    const char *text = arena_printf(r->arena, "{\"in\":%s,\"q\":\"%s\",\"p\":\"%s\",\"m\":\"%s\"}",
                                    r->in_json, q ? q : "-", r->params[0] ? r->params[0] : "-",
                                    r->if_match ? r->if_match : "-");
    return text ? req_reply(r, 0, str_of(text)) : req_fail(r, ERR_NO_MEMORY, NULL);
}

static const struct step asking[] = {STEP(step_ask), STEP(reply_row), STEP_END};
static const struct step echo[] = {STEP(step_echo), STEP_END};

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
    {GET, "/simple", "simple", .steps = asking, .perm = PERM_NONE},
    {GET, "/echo", "echo_get", .steps = echo, .query = &q_table, .perm = PERM_NONE},
    {POST, "/echo", "echo_post", .steps = echo, .in = &in_table, .perm = PERM_NONE},
    {GET, "/list", "list", .steps = asking, .flags = ROUTE_LIST, .perm = PERM_NONE},
    {GET, "/user", "user", .steps = echo, .auth = AUTH_USER, .perm = PERM_BOOKINGS_READ},
    {GET, "/mine", "mine", .steps = asking, .auth = AUTH_USER, .perm = PERM_BOOKINGS_READ,
     .flags = ROUTE_LINK},
    {POST, "/keyed", "keyed", .steps = asking, .in = &in_table, .flags = ROUTE_KEY_REQUIRED,
     .perm = PERM_NONE},
    {PATCH, "/match/{id}", "match", .steps = echo, .in = &in_table, .flags = ROUTE_IF_MATCH,
     .perm = PERM_NONE},
    {GET, "/flag", "flag", .steps = echo, .feature = "FEATURE_X", .perm = PERM_NONE},
};

static int setup(void **state)
{
    (void)state;
    return app_setup(routes, ARRAY_LEN(routes));
}

/* --- what happens ----------------------------------------------------------------------------- */

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
    {"not a link", "GET", "/mine", NULL, {"Authorization", "Link v1.k1.e30.x"}, 401, NULL},
    {"nobody where links work", "GET", "/mine", NULL, {0}, 401, NULL},
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
    {"If-Match that is not ASCII",
     "PATCH",
     "/match/0198a000-0000-7000-8000-0000000000c1",
     "{\"name\":\"a\"}",
     {"If-Match", "\"1\xa7\""},
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

/* A link that we signed opens the routes that say so, for nobody with the scope `own`. */
static void test_link(void **state)
{
    (void)state;
    struct arena *a = arena_new(4096);
    const char *token, *cursor;
    assert_int_equal(keyring_sign(app.svc.keyring, "link", a, STR("this one"), &token), ERR_OK);
    assert_int_equal(keyring_sign(app.svc.keyring, "cursor", a, STR("this one"), &cursor), ERR_OK);
    struct http_header headers[] = {{"Authorization", arena_printf(a, "Link %s", token)},
                                    {NULL, NULL}};
    ask("GET", "/mine", NULL, headers);
    assert_non_null(strstr(asked.ctx, "\"link\":\"this one\",\"role\":\"LINK\""));
    assert_non_null(strstr(asked.ctx, "\"scope\":\"own\""));
    assert_null(strstr(asked.ctx, "\"user\""));
    answer((struct pg_result){.rows = 1, .body = "{}"});
    expect(200, NULL);
    ask("GET", "/user", NULL, headers);
    expect(401, "unauthorized");
    headers[0].value = arena_printf(a, "Link %s", cursor);
    ask("GET", "/mine", NULL, headers);
    expect(401, "unauthorized");
    arena_free(a);
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
        cmocka_unit_test(test_list_and_cursor), cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_permission),      cmocka_unit_test(test_link),
        cmocka_unit_test(test_echo_normalised), cmocka_unit_test(test_weak_if_match),
        cmocka_unit_test(test_torture),         cmocka_unit_test(test_more_requests_than_allowed),
    };
    return cmocka_run_group_tests(tests, setup, app_teardown);
}
