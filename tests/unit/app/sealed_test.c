/* Members that the database keeps sealed: closed on the way in, open on the way out. */
#include "runner_app.h"

static const struct pg_stmt stmt = {.name = "stmt", .text = "", .n_params = 1};

static enum step_rc step_ask(struct req *r)
{
    return req_pg(r, &stmt, PG_ARGS(req_sql_ctx(r)));
}

static char taken[8192]; /* in_json, as a statement would have got it */

static enum step_rc step_take(struct req *r)
{
    snprintf(taken, sizeof(taken), "%s", r->in_json);
    return req_reply_empty(r, 204);
}

static const struct step asking[] = {STEP(step_ask), STEP(reply_row), STEP_END};
static const struct step taking[] = {STEP(step_take), STEP_END};

#define SEALED_ROW                                                                  \
    {                                                                               \
        .name = "notes", .type = FIELD_STR, .flags = FIELD_SEALED | FIELD_NULLABLE, \
        .offset = FIELD_NOWHERE                                                     \
    }
static const struct field deep_rows[] = {SEALED_ROW};
static const struct field_table deep = {"Deep", deep_rows, ARRAY_LEN(deep_rows), 0};
static const struct field rows[] = {
    SEALED_ROW,
    {.name = "name", .type = FIELD_STR, .flags = FIELD_REQUIRED, .offset = FIELD_NOWHERE},
    {.name = "items", .type = FIELD_LIST, .item = FIELD_STR, .offset = FIELD_NOWHERE},
};
static const struct field_table sealed_in = {"In", rows, ARRAY_LEN(rows), 0};
static const struct field out_rows[] = {
    {.name = "deep", .type = FIELD_OBJECT, .sub = &deep, .offset = FIELD_NOWHERE},
    SEALED_ROW,
};
static const struct field_table sealed_out = {"Out", out_rows, ARRAY_LEN(out_rows), 0};

static const struct route routes[] = {
    {POST, "/in", "in", .steps = taking, .in = &sealed_in, .perm = PERM_NONE, .status = 204},
    {GET, "/out", "out", .steps = asking, .out = &sealed_out, .perm = PERM_NONE},
    {GET, "/list", "list", .steps = asking, .out = &sealed_out, .flags = ROUTE_LIST,
     .perm = PERM_NONE},
    {GET, "/other", "other", .steps = asking, .perm = PERM_NONE},
};

static struct arena *arena;

static int setup(void **state UNUSED)
{
    arena = arena_new(1 << 20);
    return arena ? app_setup(routes, ARRAY_LEN(routes)) : -1;
}

static int teardown(void **state)
{
    arena_free(arena);
    return app_teardown(state);
}

static const char *sealed(const char *purpose, const char *plain)
{
    const char *text = NULL;
    assert_int_equal(keyring_seal(app.svc.keyring, purpose, arena, str_of(plain), &text), ERR_OK);
    return text;
}

static void it_is_closed_on_the_way_in(void **state UNUSED)
{
    char text[4000];
    struct str plain;
    ask("POST", "/in",
        "{\"notes\":\"no \\\"nuts\\\"\\nplease\",\"name\":\"notes\",\"items\":[\"notes\"]}", NULL);
    expect(204, NULL);
    assert_null(strstr(taken, "nuts"));
    assert_non_null(strstr(taken, "\"name\":\"notes\",\"items\":[\"notes\"]}"));
    assert_int_equal(sscanf(taken, "{\"notes\":\"%3999[^\"]", text), 1);
    assert_int_equal(keyring_unseal(app.svc.keyring, "field:notes", arena, str_of(text), &plain),
                     ERR_OK);
    assert_true(str_eq(plain, STR("no \"nuts\"\nplease")));
}

static void what_is_not_sealed_is_as_it_was(void **state UNUSED)
{
    ask("POST", "/in", "{\"notes\":null,\"name\":\"e1.k1.x.y\"}", NULL);
    expect(204, NULL);
    assert_string_equal(taken, "{\"notes\":null,\"name\":\"e1.k1.x.y\"}");
    ask("POST", "/in", "{\"notes\":\"4111 1111 1111 1111\",\"name\":\"a\"}", NULL);
    expect(422, "card_number_refused");
}

static void reply(const char *target, const char *body)
{
    ask("GET", target, NULL, NULL);
    answer((struct pg_result){.rows = 1, .body = body});
}

static void it_is_open_on_the_way_out(void **state UNUSED)
{
    const char *a = sealed("field:notes", "no \"nuts\""), *b = sealed("field:notes", "e1.vegan");
    reply("/out", arena_printf(arena, "{\"deep\": {\"notes\": \"%s\"}, \"notes\":\"%s\"}", a, b));
    expect(200, NULL);
    assert_string_equal(sent.body,
                        "{\"deep\": {\"notes\": \"no \\\"nuts\\\"\"}, \"notes\":\"e1.vegan\"}");
    reply("/list", arena_printf(arena, "[{\"notes\":\"%s\\n%s\"},{\"notes\":null}]", a, b));
    expect(200, "{\"items\":[{\"notes\":\"no \\\"nuts\\\"\\ne1.vegan\"},{\"notes\":null}],");
}

/* Texts that look like it, and texts for another place. */
static void nothing_else_is_touched(void **state UNUSED)
{
    const char *a = sealed("field:notes", "secret"), *other = sealed("field:text", "secret");
    const char *bodies[] = {
        "{\"notes\":\"plain\"}",
        "{\"notes\":7}",
        "{\"x\":\"\\\"notes\\\": \\\"e1.k1.a.b\\\"\"}",
        "{\"notes\"",
        "{\"notes\":\"e1.",
        arena_printf(arena, "{\"text\":\"%s\"}", other),
        arena_printf(arena, "{\"footnotes\":\"%s\"}", a),
        arena_printf(arena, "[\"notes\",\"%s\"]", a),
    };
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        reply("/out", bodies[i]);
        expect(200, NULL);
        assert_string_equal(sent.body, bodies[i]);
    }
    const char *body = arena_printf(arena, "{\"notes\":\"%s\"}", a);
    reply("/other", body);
    assert_string_equal(sent.body, body);
}

static void what_cannot_be_opened_says_so(void **state UNUSED)
{
    reply("/out", "{\"notes\":\"e1.gone.AAAA.AAAA\"}");
    expect(200, "{\"notes\":\"(cannot be read: its key is gone)\"}");
    reply("/out", arena_printf(arena, "{\"notes\":\"%s\"}", sealed("field:text", "secret")));
    expect(200, "{\"notes\":\"(cannot be read: its key is gone)\"}");
}

static bool there_and_back(void *arg)
{
    ask("POST", "/in", "{\"notes\":\"x\",\"name\":\"a\"}", NULL);
    bool ok = sent.status == 204;
    if (ok)
        ask("GET", "/out", NULL, NULL);
    if (ok && sent.count == 0) {
        answer((struct pg_result){.rows = 1, .body = arg});
        ok = sent.status == 200 && strcmp(sent.body, "{\"notes\":\"secret\"}") == 0;
        assert_true(ok || sent.status >= 500 || sent.status == 413);
    } else {
        ok = false;
    }
    assert_int_equal(idmap_count(app.requests), 0);
    while (app.n_free_arenas)
        arena_free(app.free_arenas[--app.n_free_arenas]);
    return ok;
}

static void survives_failing_allocations(void **state UNUSED)
{
    char body[1000];
    snprintf(body, sizeof(body), "{\"notes\":\"%s\"}", sealed("field:notes", "secret"));
    torture(there_and_back, body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_closed_on_the_way_in),
        cmocka_unit_test(what_is_not_sealed_is_as_it_was),
        cmocka_unit_test(it_is_open_on_the_way_out),
        cmocka_unit_test(nothing_else_is_touched),
        cmocka_unit_test(what_cannot_be_opened_says_so),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
