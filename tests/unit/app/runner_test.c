/* The runner and the replies, with fakes at the edges: what evhttp and PostgreSQL would say is said
 * by the test. */
#include "runner_app.h"

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

static enum step_rc step_as_it_was(struct req *r)
{
    leave("w");
    return req_fail_caught(r);
}

static enum step_rc step_tell(struct req *r)
{
    const char *text = arena_printf(r->arena, "{\"caught\":\"%s\",\"detail\":\"%s\"}",
                                    err_code(r->caught), r->caught_detail);
    return req_reply(r, 200, str_of(text ? text : "{}"));
}

static const struct step simple[] = {STEP(step_a), STEP(step_ask), STEP(reply_row), STEP_END};
static const struct step catching[] = {
    STEP(step_ask), STEP(reply_row), CATCH(ERR_CONFLICT, step_caught),
                                           CATCH(ERR_BUSY, step_a),
                                                 CATCH(ERR_CONFLICT, step_refuse),
                                                       CATCH(ERR_RETRY, step_again), STEP_END,
};
static const struct step passing_on[] = {
    STEP(step_ask), STEP(reply_row), CATCH(ERR_CONFLICT, step_ask),
                                           CATCH(ERR_CONFLICT, step_as_it_was),
                                                 CATCH(ERR_UNAVAILABLE, step_as_it_was),
                                                       CATCH(ERR_BUSY, step_tell), STEP_END,
};
static const struct step refusing[] = {STEP(step_refuse), STEP_END};
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

static const struct route routes[] = {
    {GET, "/simple", "simple", .steps = simple, .perm = PERM_NONE},
    {GET, "/catch", "catch", .steps = catching, .perm = PERM_NONE, .ctx_bytes = sizeof(int)},
    {GET, "/pass", "pass", .steps = passing_on, .perm = PERM_NONE},
    {GET, "/silent", "silent", .steps = silent, .perm = PERM_NONE},
    {POST, "/keyed", "keyed", .steps = simple, .in = &in_table, .flags = ROUTE_KEY_REQUIRED,
     .perm = PERM_NONE},
    {POST, "/keyed-late", "keyed_late", .steps = refusing, .in = &in_table, .flags = ROUTE_KEY,
     .perm = PERM_NONE},
    {GET, "/late", "late", .steps = simple, .deadline_ms = 20, .perm = PERM_NONE},
};

static int setup(void **state)
{
    (void)state;
    return app_setup(routes, ARRAY_LEN(routes));
}

static void get(const char *target)
{
    trail[0] = '\0';
    ask("GET", target, NULL, NULL);
}

/* --- what happens ----------------------------------------------------------------------------- */

static void test_steps_and_wait(void **state)
{
    (void)state;
    get("/simple");
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
    get("/simple");
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
    get("/catch");
    answer((struct pg_result){.err = ERR_CONFLICT, .detail = "first"});
    expect(409, "\"alternatives\":[1]");
    assert_string_equal(trail, "qcr");
    assert_non_null(strstr(sent.body, "slot 7 is taken"));
    assert_null(strstr(sent.body, "first"));
}

/* Whatever happens on the way: the client hears of the first failure, in its own words. */
static void test_what_was_caught_is_kept(void **state)
{
    (void)state;
    get("/pass");
    answer((struct pg_result){.err = ERR_CONFLICT, .detail = "first", .pointer = "/a"});
    answer((struct pg_result){.rows = 1, .body = "{}"});
    assert_string_equal(trail, "qqw");
    expect(409, "\"detail\":\"first\"");
    assert_non_null(strstr(sent.body, "\"errors\":[{\"pointer\":\"/a\",\"reason\":\"first\"}]"));

    get("/pass");
    answer((struct pg_result){.err = ERR_CONFLICT, .detail = "first"});
    answer((struct pg_result){.err = ERR_UNAVAILABLE, .detail = "second", .pointer = "/b"});
    expect(409, "\"detail\":\"first\"");
    assert_null(strstr(sent.body, "second"));

    get("/pass");
    answer((struct pg_result){.err = ERR_UNAVAILABLE, .detail = "only"});
    expect(503, "\"detail\":\"only\"");

    get("/pass");
    answer((struct pg_result){.err = ERR_BUSY, .detail = "in words"});
    expect(200, "{\"caught\":\"busy\",\"detail\":\"in words\"}");
}

static void test_goto(void **state)
{
    (void)state;
    get("/catch");
    answer((struct pg_result){.err = ERR_RETRY});
    answer((struct pg_result){.err = ERR_RETRY});
    answer((struct pg_result){.rows = 1, .body = "{}"});
    expect(200, "{}");
    assert_string_equal(trail, "qgqgq");
    get("/catch");
    for (int i = 0; i < 3; i++)
        answer((struct pg_result){.err = ERR_RETRY});
    expect(503, "\"code\":\"retry\"");
    assert_non_null(strstr(sent.headers, "Retry-After"));
}

static void test_constraint_points_at_field(void **state)
{
    (void)state;
    get("/simple");
    answer((struct pg_result){.err = ERR_INVALID, .detail = "is taken", .pointer = "/name"});
    expect(422, "\"errors\":[{\"pointer\":\"/name\",\"reason\":\"is taken\"}]");
}

static void test_no_reply_is_our_fault(void **state)
{
    (void)state;
    get("/silent");
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

static void test_a_refusal_asks_for_the_key_first(void **state)
{
    (void)state;
    struct http_header headers[] = {{"Idempotency-Key", "\"k-1\""}, {NULL, NULL}};
    ask("POST", "/keyed-late", "{\"name\":\"a\"}", headers); /* its step refuses */
    assert_string_equal(asked.name, "reply_claim");
    answer((struct pg_result){.rows = 1, .body = "t"});
    expect(409, "\"code\":\"conflict\"");
    ask("POST", "/keyed-late", "{\"name\":\"a\"}", headers);
    answer((struct pg_result){.err = ERR_KEY_REUSED});
    expect(422, "\"code\":\"idempotency_key_reused\"");
    ask("POST", "/keyed-late", "{\"name\":\"a\"}", headers);
    answer((struct pg_result){.err = ERR_KEY_REPLAY});
    assert_string_equal(asked.name, "reply_stored");
    answer((struct pg_result){.rows = 1, .body = "{\"first\":true}"});
    expect(200, "{\"first\":true}");
    ask("POST", "/keyed-late", "{\"name\":\"a\"}", NULL);
    expect(409, "\"code\":\"conflict\"");
}

static void test_deadline(void **state)
{
    (void)state;
    get("/late");
    int64_t give_up = clock_mono_us() + 5 * USEC_PER_SEC;
    while (sent.count == 0 && clock_mono_us() < give_up)
        loop_turn(app.svc.loop, 5);
    expect(504, "\"code\":\"timeout\"");
    answer((struct pg_result){.rows = 1, .body = "{}"}); /* late: dropped */
    expect(504, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_steps_and_wait),
        cmocka_unit_test(test_no_row_is_404),
        cmocka_unit_test(test_not_modified),
        cmocka_unit_test(test_catch),
        cmocka_unit_test(test_what_was_caught_is_kept),
        cmocka_unit_test(test_goto),
        cmocka_unit_test(test_constraint_points_at_field),
        cmocka_unit_test(test_no_reply_is_our_fault),
        cmocka_unit_test(test_replay),
        cmocka_unit_test(test_a_refusal_asks_for_the_key_first),
        cmocka_unit_test(test_deadline),
    };
    return cmocka_run_group_tests(tests, setup, app_teardown);
}
