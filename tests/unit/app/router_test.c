/* Finding a route: literals before parameters, ids checked, path tricks match nothing. */
#include "torture.h"

#include "common/router.h"

static const struct route rows[] = {
    {.method = GET, .path = "/api/v1/bookings", .name = "list"},
    {.method = POST, .path = "/api/v1/bookings", .name = "create"},
    {.method = POST, .path = "/api/v1/bookings/quote", .name = "quote"},
    {.method = GET, .path = "/api/v1/bookings/{id}", .name = "get"},
    {.method = PATCH, .path = "/api/v1/bookings/{id}", .name = "patch"},
    {.method = GET, .path = "/api/v1/bookings/{id}/notes/{note_id}", .name = "note"},
    {.method = GET, .path = "/api/v1/feeds/{token}", .name = "feed"},
    {.method = GET, .path = "/api/v1/health", .name = "health"},
    {.method = GET, .path = "/api/v1/health/", .name = "health_slash"},
};

#define ID "0198a000-0000-7000-8000-0000000000c1"

static const struct find_case {
    const char *method, *path, *name; /* name NULL: an error */
    enum err e;
    const char *first; /* parameter */
} cases[] = {
    {"GET", "/api/v1/bookings", "list", ERR_OK, NULL},
    {"HEAD", "/api/v1/bookings", "list", ERR_OK, NULL},
    {"POST", "/api/v1/bookings", "create", ERR_OK, NULL},
    {"POST", "/api/v1/bookings/quote", "quote", ERR_OK, NULL},
    {"GET", "/api/v1/bookings/" ID, "get", ERR_OK, ID},
    {"GET", "/api/v1/bookings/0198A000-0000-7000-8000-0000000000C1", "get", ERR_OK, ID},
    {"GET", "/api/v1/bookings/" ID "/notes/" ID, "note", ERR_OK, ID},
    {"GET", "/api/v1/feeds/v1.a.b-c_d", "feed", ERR_OK, "v1.a.b-c_d"},
    {"GET", "/api/v1/health", "health", ERR_OK, NULL},
    {"GET", "/api/v1/health/", "health_slash", ERR_OK, NULL},
    {"DELETE", "/api/v1/bookings", NULL, ERR_METHOD_NOT_ALLOWED, NULL},
    {"GET", "/api/v1/bookings/quote", NULL, ERR_METHOD_NOT_ALLOWED, NULL},
    {"GET", "/api/v1/bookings/", NULL, ERR_NOT_FOUND, NULL},
    {"GET", "/api/v1/bookings/12", NULL, ERR_NOT_FOUND, NULL},
    {"GET", "/api/v1/bookings/" ID "/", NULL, ERR_NOT_FOUND, NULL},
    {"GET", "/api//v1/bookings", NULL, ERR_NOT_FOUND, NULL},
    {"GET", "//api/v1/bookings", NULL, ERR_NOT_FOUND, NULL},
    {"GET", "/api/v1/./bookings", NULL, ERR_NOT_FOUND, NULL},
    {"GET", "/api/v1/x/../bookings", NULL, ERR_NOT_FOUND, NULL},
    {"GET", "/api/v1/feeds/..", NULL, ERR_NOT_FOUND, NULL},
    {"GET", "/api/v1/feeds/a%2fb", NULL, ERR_NOT_FOUND, NULL},
    {"GET", "/API/v1/bookings", NULL, ERR_NOT_FOUND, NULL},
    {"GET", "/api/v1", NULL, ERR_NOT_FOUND, NULL},
    {"GET", "/", NULL, ERR_NOT_FOUND, NULL},
    {"GET", "", NULL, ERR_NOT_FOUND, NULL},
    {"GET", "api/v1/bookings", NULL, ERR_NOT_FOUND, NULL},
};

static struct router *router_make(void)
{
    const struct route *tables[] = {rows};
    const size_t counts[] = {ARRAY_LEN(rows)};
    return router_new(tables, counts, 1);
}

static void test_find(void **state)
{
    (void)state;
    struct router *r = router_make();
    struct arena *a = arena_new(1 << 20);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        const struct find_case *c = &cases[i];
        struct router_match m = {0};
        enum err e = router_find(r, a, c->method, str_of(c->path), &m);
        if (e != c->e)
            fail_msg("%s %s: %s", c->method, c->path, err_code(e));
        if (c->name)
            assert_string_equal(m.route->name, c->name);
        if (c->first)
            assert_string_equal(m.params[0], c->first);
    }
    arena_free(a);
    router_free(r);
}

static void test_allow(void **state)
{
    (void)state;
    struct router *r = router_make();
    struct arena *a = arena_new(4096);
    struct router_match m;
    assert_int_equal(router_find(r, a, "PUT", STR("/api/v1/bookings/" ID), &m),
                     ERR_METHOD_NOT_ALLOWED);
    assert_string_equal(m.allow, "GET, HEAD, PATCH");
    assert_null(m.route);
    arena_free(a);
    router_free(r);
}

static void test_long_parameter(void **state)
{
    (void)state;
    struct router *r = router_make();
    struct arena *a = arena_new(1 << 16);
    char path[700] = "/api/v1/feeds/";
    memset(path + 14, 'a', 513);
    struct router_match m;
    assert_int_equal(router_find(r, a, "GET", str_of(path), &m), ERR_NOT_FOUND);
    path[14 + 512] = '\0';
    assert_int_equal(router_find(r, a, "GET", str_of(path), &m), ERR_OK);
    arena_free(a);
    router_free(r);
}

static bool build_once(void *arg)
{
    (void)arg;
    struct router *r = router_make();
    bool ok = r != NULL;
    router_free(r);
    return ok;
}

static void test_torture(void **state)
{
    (void)state;
    torture(build_once, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_allow),
        cmocka_unit_test(test_long_parameter),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
