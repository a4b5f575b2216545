/* What a step asks of Redis and of servers outside: the next one has it, and nothing of it is
 * borrowed from who answered. */
#include "runner_app.h"

static const struct pg_stmt stmt = {.name = "stmt", .text = "", .n_params = 1};

static enum step_rc step_between(struct req *r)
{
    return req_pg(r, &stmt, PG_ARGS(req_sql_ctx(r)));
}

static enum step_rc step_redis(struct req *r)
{
    return req_redis(r, REDIS_ARGS(STR("GET"), STR("key")));
}

static void value_write(struct buf *out, const struct redis_value *v)
{
    if (!v || v->type == REDIS_NIL)
        buf_adds(out, "nothing");
    else if (v->type == REDIS_INT)
        buf_addf(out, "%lld", (long long)v->i);
    else if (v->type == REDIS_STR)
        buf_addf(out, "%.*s", (int)v->n, v->s);
    else
        for (size_t i = 0; i < v->n; i++) {
            buf_adds(out, i ? " " : "(");
            value_write(out, &v->items[i]);
            buf_adds(out, i + 1 == v->n ? ")" : "");
        }
}

static enum step_rc say(struct req *r, struct buf *out)
{
    const char *text = arena_strndup(r->arena, out->data, out->len);
    buf_free(out);
    return req_reply(r, 200, str_of(text));
}

static enum step_rc tell_value(struct req *r)
{
    struct buf out = BUF_INIT(1000);
    value_write(&out, r->redis);
    return say(r, &out);
}

static enum step_rc step_call(struct req *r)
{
    const struct http_call call = {.method = "GET", .url = "https://example.test/"};
    return req_call(r, &call);
}

static enum step_rc tell_answer(struct req *r)
{
    struct buf out = BUF_INIT(1000);
    buf_addf(&out, "%s", err_code(r->op_err));
    if (r->answer)
        buf_addf(&out, " %d %s", r->answer->status, r->answer->body);
    return say(r, &out);
}

static const struct step redis_steps[] = {STEP(step_redis), STEP(step_between), STEP(tell_value),
                                                                                     STEP_END};
static const struct step call_steps[] = {STEP(step_call), STEP(step_between), STEP(tell_answer),
                                                                                   STEP_END};
static const struct route routes[] = {
    {GET, "/redis", "redis", .steps = redis_steps, .perm = PERM_NONE},
    {GET, "/redis-soon", "redis_soon", .steps = redis_steps, .deadline_ms = 20, .perm = PERM_NONE},
    {GET, "/call", "call", .steps = call_steps, .perm = PERM_NONE},
    {GET, "/call-soon", "call_soon", .steps = call_steps, .deadline_ms = 20, .perm = PERM_NONE},
};

static int setup(void **state)
{
    (void)state;
    return app_setup(routes, ARRAY_LEN(routes));
}

static void says(const char *text)
{
    assert_int_equal(sent.count, 0);
    answer((struct pg_result){.rows = 1, .body = "{}"});
    expect(200, text);
}

static void wait_for_the_deadline(void)
{
    int64_t give_up = clock_mono_us() + 5 * USEC_PER_SEC;
    while (sent.count == 0 && clock_mono_us() < give_up)
        loop_turn(app.svc.loop, 5);
    expect(504, "\"code\":\"timeout\"");
}

/* --- Redis ------------------------------------------------------------------------------------ */

static void ask_redis(const char *path)
{
    told.there = true;
    ask("GET", path, NULL, NULL);
    assert_int_equal(sent.count, 0);
}

/* Said by Redis in memory of its own, which is another's after the call. */
static void redis_says(enum err e, struct redis_value *v)
{
    told.done(told.owner, told.id, e, v);
    if (v)
        memset(v, 0x5a, sizeof *v);
}

static void a_value_is_copied(void **state)
{
    (void)state;
    char text[] = "seven";
    ask_redis("/redis");
    redis_says(ERR_OK, &(struct redis_value){.type = REDIS_STR, .s = text, .n = 5});
    says("seven");
    ask_redis("/redis");
    redis_says(ERR_OK, &(struct redis_value){.type = REDIS_INT, .i = -7});
    says("-7");
    ask_redis("/redis");
    redis_says(ERR_OK, &(struct redis_value){.type = REDIS_NIL});
    says("nothing");
    struct redis_value inner[] = {{.type = REDIS_STR, .s = text, .n = 3},
                                  {.type = REDIS_INT, .i = 2}};
    struct redis_value outer[] = {{.type = REDIS_INT, .i = 1},
                                  {.type = REDIS_ARRAY, .items = inner, .n = 2}};
    ask_redis("/redis");
    redis_says(ERR_OK, &(struct redis_value){.type = REDIS_ARRAY, .items = outer, .n = 2});
    memset(inner, 0x5a, sizeof inner);
    memset(outer, 0x5a, sizeof outer);
    memset(text, 'x', sizeof text);
    says("(1 (sev 2))");
}

static void what_is_too_large_or_too_deep_is_no_value(void **state)
{
    (void)state;
    static struct redis_value many[1001];
    for (size_t i = 0; i < ARRAY_LEN(many); i++)
        many[i].type = REDIS_NIL;
    ask_redis("/redis");
    redis_says(ERR_OK, &(struct redis_value){.type = REDIS_ARRAY, .items = many, .n = 1001});
    says("nothing");
    struct redis_value deep[5] = {{.type = REDIS_INT}};
    for (size_t i = 1; i < ARRAY_LEN(deep); i++)
        deep[i] = (struct redis_value){.type = REDIS_ARRAY, .items = &deep[i - 1], .n = 1};
    ask_redis("/redis");
    redis_says(ERR_OK, &deep[4]);
    says("nothing");
}

static void without_redis_it_goes_on(void **state)
{
    (void)state;
    ask_redis("/redis");
    redis_says(ERR_UNAVAILABLE, NULL);
    says("nothing");
    told.there = false;
    ask("GET", "/redis", NULL, NULL);
    says("nothing");
}

static void a_late_value_is_dropped(void **state)
{
    (void)state;
    ask_redis("/redis-soon");
    wait_for_the_deadline();
    redis_says(ERR_OK, &(struct redis_value){.type = REDIS_INT, .i = 1});
    expect(504, NULL);
}

/* --- a server outside ------------------------------------------------------------------------- */

static void ask_outside(const char *path)
{
    called.there = true;
    ask("GET", path, NULL, NULL);
    assert_int_equal(sent.count, 0);
}

static void an_answer_is_copied(void **state)
{
    (void)state;
    char body[] = "{\"id\":1}";
    ask_outside("/call");
    called.done(called.owner, called.id, ERR_OK,
                &(struct http_answer){.status = 402, .body = body, .body_len = sizeof body - 1});
    memset(body, 'x', sizeof body);
    says("402 {\"id\":1}");
    ask_outside("/call");
    called.done(called.owner, called.id, ERR_OK, &(struct http_answer){.status = 204});
    says("204 ");
}

static void what_went_wrong_outside_is_for_the_next_step(void **state)
{
    (void)state;
    ask_outside("/call");
    called.done(called.owner, called.id, ERR_TIMEOUT, &(struct http_answer){.why = "it is late"});
    says(err_code(ERR_TIMEOUT));
    ask_outside("/call");
    called.done(called.owner, called.id, ERR_PEER, NULL);
    says(err_code(ERR_PEER));
}

static void a_call_that_cannot_begin_ends_the_request(void **state)
{
    (void)state;
    called.there = false;
    ask("GET", "/call", NULL, NULL);
    expect(503, "\"code\":\"unavailable\"");
}

static void a_late_answer_is_dropped(void **state)
{
    (void)state;
    ask_outside("/call-soon");
    wait_for_the_deadline();
    called.done(called.owner, called.id, ERR_OK,
                &(struct http_answer){.status = 200, .body = "{}"});
    expect(504, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_value_is_copied),
        cmocka_unit_test(what_is_too_large_or_too_deep_is_no_value),
        cmocka_unit_test(without_redis_it_goes_on),
        cmocka_unit_test(a_late_value_is_dropped),
        cmocka_unit_test(an_answer_is_copied),
        cmocka_unit_test(what_went_wrong_outside_is_for_the_next_step),
        cmocka_unit_test(a_call_that_cannot_begin_ends_the_request),
        cmocka_unit_test(a_late_answer_is_dropped),
    };
    return cmocka_run_group_tests(tests, setup, app_teardown);
}
