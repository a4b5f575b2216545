/* The API reference says what the route rows say, refers to nothing that is not there, and never
 * changes by itself. */
#include "torture.h"

#include <stdio.h>
#include <string.h>

#include "common/arena.h"
#include "common/json.h"
#include "common/openapi.h"

/* clang-format 14 cannot lay out rows of unequal length. */
/* clang-format off */

static const struct field address_rows[] = {
    {.name = "zip", .pattern = "zip", .flags = FIELD_REQUIRED, .max = 10},
    {.name = "street", .min = 3, .max = 100},
};
static const struct field_table address = {"Address", address_rows, ARRAY_LEN(address_rows), 0};

static const struct field tag_rows[] = {
    {.name = "name", .flags = FIELD_REQUIRED},
};
static const struct field_table tag = {"Tag", tag_rows, ARRAY_LEN(tag_rows), 0};

static const struct field create_rows[] = {
    {.name = "email", .type = FIELD_EMAIL, .flags = FIELD_REQUIRED, .prose = "Where mails go"},
    {.name = "address", .type = FIELD_OBJECT, .sub = &address},
};
static const struct field_table create = {"BookingCreate", create_rows, ARRAY_LEN(create_rows), 0};

static const struct field booking_rows[] = {
    {.name = "id", .type = FIELD_UUID, .flags = FIELD_REQUIRED},
    {.name = "address", .type = FIELD_OBJECT, .sub = &address},
    {.name = "tags", .type = FIELD_LIST, .sub = &tag},
    {.name = "total_price", .type = FIELD_NUMBER},
};
static const struct field_table booking = {"Booking", booking_rows, ARRAY_LEN(booking_rows), 0};

static const struct field query_rows[] = {
    {.name = "from", .type = FIELD_DATE, .flags = FIELD_REQUIRED, .prose = "First day"},
    {.name = "q", .max = 50},
};
static const struct field_table query = {"BookingQuery", query_rows, ARRAY_LEN(query_rows), 0};

static const enum err create_errors[] = {ERR_STATE_CONFLICT, ERR_PEER, ERR_OK};

static const struct route routes[] = {
    {.method = GET, .path = "/api/v1/bookings", .name = "booking_list",
     .summary = "Bookings, newest first", .auth = AUTH_USER, .perm = PERM_BOOKINGS_READ,
     .tier = TIER_USER, .flags = ROUTE_LIST, .query = &query, .out = &booking},
    {.method = GET, .path = "/api/v1/bookings/{id}", .name = "booking_get",
     .summary = "One booking", .auth = AUTH_USER, .perm = PERM_NONE, .tier = TIER_USER,
     .out = &booking},
    {.method = POST, .path = "/api/v1/bookings", .name = "booking_create", .summary = "Books",
     .auth = AUTH_USER, .perm = PERM_BOOKINGS_WRITE, .tier = TIER_USER,
     .flags = ROUTE_KEY | ROUTE_KEY_REQUIRED, .in = &create, .out = &booking, .status = 201,
     .errors = create_errors, .feature = "FEATURE_BOOKING"},
    {.method = PATCH, .path = "/api/v1/bookings/{id}", .name = "booking_update",
     .summary = "Changes", .auth = AUTH_USER, .perm = PERM_BOOKINGS_WRITE, .tier = TIER_USER,
     .flags = ROUTE_KEY | ROUTE_IF_MATCH | ROUTE_OPTIONAL_BODY, .in = &create, .out = &booking},
    {.method = DELETE, .path = "/api/v1/bookings/{id}/tags/{tag_name}/{customer_id}",
     .name = "tag_delete", .summary = "Takes a tag off", .auth = AUTH_USER,
     .perm = PERM_BOOKINGS_WRITE, .tier = TIER_NONE, .status = 204},
    {.method = POST, .path = "/webhooks/x", .name = "webhook", .summary = "Takes events",
     .auth = AUTH_PUBLIC, .perm = PERM_NONE, .tier = TIER_PUBLIC, .flags = ROUTE_RAW_BODY,
     .status = 202},
    {.method = GET, .path = "/metrics", .name = "hidden", .summary = "", .auth = AUTH_INTERNAL},
};
/* clang-format on */

static const struct openapi_info info = {
    .title = "Booking", .version = "1", .description = "Books \"chefs\".", .tag = "booking"};

static struct arena *arena;
static const struct json *doc;
static char *text;

static int setup(void **state UNUSED)
{
    struct buf b = BUF_INIT(1 << 20);
    openapi_print(&info, routes, ARRAY_LEN(routes), &b);
    arena = arena_new(1 << 20);
    text = b.data;
    const char *why = "";
    if (buf_err(&b) != ERR_OK || json_parse(arena, buf_str(&b), &doc, &why) != ERR_OK)
        fail_msg("%s", why);
    return 0;
}

static int teardown(void **state UNUSED)
{
    arena_free(arena);
    mem_free(text);
    return 0;
}

/* The value below `from` at the end of a path of names separated by '|' (paths have slashes), with
 * numbers for items. */
static const struct json *at(const struct json *from, const char *path)
{
    struct str rest = str_of(path);
    while (from && rest.n) {
        struct str name = str_cut(&rest, '|');
        int64_t index;
        if (json_type(from) != JSON_ARRAY) {
            from = json_get(from, arena_strndup(arena, name.p, name.n));
        } else {
            assert_int_equal(str_to_i64(name, 0, 1000, &index), ERR_OK);
            for (from = json_first(from); from && index > 0; index--)
                from = json_next(from);
        }
    }
    return from;
}

static void expect(const char *path, const char *value)
{
    const struct json *j = at(doc, path);
    if (!j && value)
        fail_msg("nothing at %s", path);
    if (!value) {
        assert_null(j);
        return;
    }
    struct buf b = BUF_INIT(10000);
    struct json_writer w = JSON_WRITER(&b);
    json_put_value(&w, NULL, j);
    assert_string_equal(b.data, value);
    buf_free(&b);
}

#define PATHS "paths|/api/v1/bookings"
#define PARAMETER(name) "{\"$ref\":\"#/components/parameters/" name "\"}"

static void test_document(void **state UNUSED)
{
    expect("openapi", "\"3.1.0\"");
    expect("info",
           "{\"title\":\"Booking\",\"version\":\"1\",\"description\":\"Books \\\"chefs\\\".\"}");
    expect("servers", "[{\"url\":\"/\"}]");
    expect("tags|0|name", "\"booking\"");
    expect("components|securitySchemes|bearerAuth|scheme", "\"bearer\"");
    /* Paths in the order of the rows, each once; internal routes are not there. */
    static const char *const paths[] = {"/api/v1/bookings", "/api/v1/bookings/{id}",
                                        "/api/v1/bookings/{id}/tags/{tag_name}/{customer_id}",
                                        "/webhooks/x"};
    const struct json *path = json_first(json_get(doc, "paths"));
    for (size_t i = 0; i < ARRAY_LEN(paths); i++, path = json_next(path))
        assert_string_equal(json_name(path), paths[i]);
    assert_null(path);
}

static void test_operation(void **state UNUSED)
{
    expect(PATHS "|post|tags", "[\"booking\"]");
    expect(PATHS "|post|operationId", "\"booking_create\"");
    expect(PATHS "|post|summary", "\"Books\"");
    expect(PATHS "|post|security", "[{\"bearerAuth\":[]}]");
    expect(PATHS "|post|x-permission", "\"bookings.write\"");
    expect(PATHS "|post|x-rate-tier", "\"user\"");
    expect(PATHS "|post|x-feature", "\"FEATURE_BOOKING\"");
    expect(PATHS "/{id}|get|x-permission", NULL);
    expect(PATHS "/{id}|get|x-feature", NULL);
    expect("paths|/webhooks/x|post|security", "[]");
    expect("paths|/webhooks/x|post|x-permission", NULL);
}

static void test_parameters(void **state UNUSED)
{
    expect(PATHS "|parameters", NULL);
    expect(PATHS "|get|parameters",
           "[{\"name\":\"from\",\"in\":\"query\",\"required\":true,\"description\":\"First day\","
           "\"schema\":{\"$ref\":\"#/components/schemas/Date\"}},"
           "{\"name\":\"q\",\"in\":\"query\",\"schema\":{\"$ref\":\"#/components/schemas/"
           "TextOrEmpty\","
           "\"maxLength\":50}}," PARAMETER("Limit") "," PARAMETER("Cursor") "," PARAMETER(
               "IfNoneMatch") "]");
    expect(PATHS "|post|parameters", "[" PARAMETER("IdempotencyKeyRequired") "]");
    expect(PATHS "/{id}|patch|parameters",
           "[" PARAMETER("IdempotencyKey") "," PARAMETER("IfMatch") "]");
    expect(PATHS "/{id}/tags/{tag_name}/{customer_id}|delete|parameters", NULL);
    expect(
        PATHS "/{id}/tags/{tag_name}/{customer_id}|parameters",
        "[{\"name\":\"id\",\"in\":\"path\",\"required\":true,\"schema\":{\"$ref\":"
        "\"#/components/schemas/Uuid\"}},"
        "{\"name\":\"tag_name\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"string\","
        "\"pattern\":\"^(?!\\\\.{1,2}$)[A-Za-z0-9._~-]{1,512}$\"}},"
        "{\"name\":\"customer_id\",\"in\":\"path\",\"required\":true,\"schema\":{\"$ref\":"
        "\"#/components/schemas/Uuid\"}}]");
    expect("components|parameters|IfMatch|required", "true");
    expect("components|parameters|Limit|schema",
           "{\"type\":\"integer\",\"minimum\":1,\"maximum\":100,\"default\":20}");
    expect("components|parameters|Cursor|schema",
           "{\"type\":\"string\",\"pattern\":"
           "\"^v1\\\\.[a-z0-9]{1,16}\\\\.[A-Za-z0-9_-]+\\\\.[A-Za-z0-9_-]{43}$\","
           "\"minLength\":1,\"maxLength\":1000}");
    expect("components|schemas|IdempotencyKey|pattern",
           "\"^(?:[!#-\\\\[\\\\]-~]{1,255}|\\\"[!#-\\\\[\\\\]-~]{1,255}\\\")$\"");
}

static void test_bodies(void **state UNUSED)
{
    expect(PATHS "|get|requestBody", NULL);
    expect(PATHS "|post|requestBody",
           "{\"required\":true,\"content\":{\"application/json\":{\"schema\":{\"$ref\":"
           "\"#/components/schemas/BookingCreate\"}}}}");
    expect(PATHS "/{id}|patch|requestBody|required", "false");
    expect("paths|/webhooks/x|post|requestBody", "{\"required\":true,\"content\":{\"*/*\":{}}}");
}

static void test_replies(void **state UNUSED)
{
    expect(PATHS "|post|responses|201|content|application/json|schema",
           "{\"$ref\":\"#/components/schemas/Booking\"}");
    expect(PATHS "|post|responses|201|headers|Location",
           "{\"$ref\":\"#/components/headers/Location\"}");
    expect(PATHS "|post|responses|201|headers|ETag", NULL);
    expect(PATHS "|post|responses|304", NULL);
    expect(PATHS "/{id}|get|responses|200|headers|ETag",
           "{\"$ref\":\"#/components/headers/ETag\"}");
    expect(PATHS "/{id}|get|responses|304|content", NULL);
    expect(PATHS "/{id}|get|responses|304|description", "\"Still as If-None-Match says\"");
    expect(PATHS "|get|responses|200|content|application/json|schema|required",
           "[\"items\",\"next_cursor\",\"limit\"]");
    expect(PATHS "|get|responses|200|content|application/json|schema|properties|items",
           "{\"type\":\"array\",\"items\":{\"$ref\":\"#/components/schemas/Booking\"}}");
    expect(PATHS "/{id}/tags/{tag_name}/{customer_id}|delete|responses|204",
           "{\"description\":\"Done; there is nothing to say\",\"headers\":{\"X-Request-Id\":{"
           "\"$ref\":\"#/components/headers/X-Request-Id\"}}}");
}

/* The statuses of an operation, as "200 400". */
static void expect_statuses(const char *operation, const char *statuses)
{
    struct buf b = BUF_INIT(1000);
    const struct json *reply = json_first(at(doc, arena_printf(arena, "%s|responses", operation)));
    for (; reply; reply = json_next(reply))
        buf_addf(&b, "%s%s", b.len ? " " : "", json_name(reply));
    assert_string_equal(b.data, statuses);
    buf_free(&b);
}

static void test_errors(void **state UNUSED)
{
    expect_statuses(PATHS "|get", "200 304 400 401 403 422 429 503 504");
    expect_statuses(PATHS "/{id}|get", "200 304 400 401 404 422 429 503 504");
    expect_statuses(PATHS "|post", "201 400 401 403 404 409 413 415 422 429 502 503 504");
    expect_statuses(PATHS "/{id}|patch", "200 400 401 403 404 409 412 413 415 422 428 429 503 504");
    expect_statuses(PATHS "/{id}/tags/{tag_name}/{customer_id}|delete",
                    "204 400 401 403 404 422 503 504");
    expect_statuses("paths|/webhooks/x|post", "202 400 401 413 422 429 503 504");
    expect(PATHS "|post|responses|409",
           "{\"$ref\":\"#/components/responses/Problem\",\"description\":\"This change is not "
           "possible in the current state (state_conflict); The first request with this key is "
           "running (idempotency_in_progress)\"}");
    expect(PATHS "|post|responses|404|description",
           "\"This feature is switched off (feature_disabled)\"");
    expect(PATHS "|post|responses|401|$ref", "\"#/components/responses/ProblemSignIn\"");
    expect(PATHS "|post|responses|429|$ref", "\"#/components/responses/ProblemRetry\"");
    expect(
        "components|responses|ProblemRetry|content",
        "{\"application/problem+json\":{\"schema\":{\"$ref\":\"#/components/schemas/Problem\"}}}");
    expect("components|schemas|Problem|required",
           "[\"type\",\"title\",\"status\",\"code\",\"request_id\"]");
    expect("components|schemas|Problem|properties|code|enum|0", "\"invalid\"");
}

/* Each table once, by name; used for input it is strict, also where it is a reply. Of the shared
 * schemas those that are used. */
static void test_schemas(void **state UNUSED)
{
    static const char *const names[] = {
        "Address",        "Booking",     "BookingCreate", "Tag",  "Problem",
        "IdempotencyKey", "TextOrEmpty", "Email",         "Uuid", "Date"};
    const struct json *schema = json_first(at(doc, "components|schemas"));
    for (size_t i = 0; i < ARRAY_LEN(names); i++, schema = json_next(schema))
        assert_string_equal(json_name(schema), names[i]);
    assert_null(schema);
    expect("components|schemas|Address|additionalProperties", "false");
    expect("components|schemas|BookingCreate|additionalProperties", "false");
    expect("components|schemas|Booking|additionalProperties", NULL);
    expect("components|schemas|Tag|additionalProperties", NULL);
    expect("components|schemas|Booking|properties|total_price", "{\"type\":\"number\"}");
}

static size_t expect_references(const struct json *j)
{
    size_t n = 0;
    for (const struct json *child = json_first(j); child; child = json_next(child)) {
        n += expect_references(child);
        if (json_type(j) != JSON_OBJECT || strcmp(json_name(child), "$ref") != 0)
            continue;
        const char *ref = json_string(child);
        assert_memory_equal(ref, "#/", 2);
        char *path = arena_strdup(arena, ref + 2);
        for (char *p = path; *p; p++)
            *p = *p == '/' ? '|' : *p;
        if (!at(doc, path))
            fail_msg("%s leads nowhere", ref);
        n++;
    }
    return n;
}

static void test_every_reference_leads_somewhere(void **state UNUSED)
{
    assert_true(expect_references(doc) > 100);
}

static void test_same_rows_give_the_same_text(void **state UNUSED)
{
    struct buf again = BUF_INIT(1 << 20);
    openapi_print(&info, routes, ARRAY_LEN(routes), &again);
    assert_string_equal(again.data, text);
    assert_memory_equal(text, "{\n  \"openapi\": \"3.1.0\",\n", 24);
    buf_free(&again);
}

static void test_ceiling_is_an_error(void **state UNUSED)
{
    struct buf small = BUF_INIT(100);
    openapi_print(&info, routes, ARRAY_LEN(routes), &small);
    assert_int_equal(buf_err(&small), ERR_TOO_LARGE);
    buf_free(&small);
}

static bool scenario(void *arg UNUSED)
{
    struct buf b = BUF_INIT(1 << 20);
    openapi_print(&info, routes, ARRAY_LEN(routes), &b);
    bool ok = buf_err(&b) == ERR_OK;
    buf_free(&b);
    return ok;
}

static void test_each_allocation_may_fail(void **state UNUSED)
{
    torture(scenario, NULL);
}

#define T(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_document),
        T(test_operation),
        T(test_parameters),
        T(test_bodies),
        T(test_replies),
        T(test_errors),
        T(test_schemas),
        T(test_every_reference_leads_somewhere),
        T(test_same_rows_give_the_same_text),
        cmocka_unit_test(test_ceiling_is_an_error),
        cmocka_unit_test(test_each_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
