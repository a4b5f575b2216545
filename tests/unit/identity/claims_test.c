/* From the database's word on an account's rights to what its access token carries. */
#include "torture.h"

#include <string.h>

#include "claims.h"

#define STATION "5a000000-0000-4000-8000-000000000001"

static enum err read_claims(const char *json, struct caller *c)
{
    struct arena *a = arena_new(65536);
    assert_non_null(a);
    enum err e = claims_read(a, json, c);
    arena_free(a);
    return e;
}

static void takes_role_stations_and_scopes(void **state UNUSED)
{
    struct caller c = {.known = true, .issued_s = 7};
    assert_int_equal(
        read_claims("{\"role\": \"STATION_MANAGER\", \"generation\": 4, \"stations\": [\"" STATION
                    "\"], "
                    "\"scopes\": {\"bookings.read\": \"station\", "
                    "\"users.read\": \"all\", \"notes.read\": \"own\"}}",
                    &c),
        ERR_OK);
    assert_string_equal(c.role, "STATION_MANAGER");
    assert_int_equal(c.generation, 4);
    assert_int_equal(c.n_stations, 1);
    assert_string_equal(c.stations[0], STATION);
    assert_int_equal(c.scopes[PERM_BOOKINGS_READ], SCOPE_STATION);
    assert_int_equal(c.scopes[PERM_USERS_READ], SCOPE_ALL);
    assert_int_equal(c.scopes[PERM_NOTES_READ], SCOPE_OWN);
    assert_int_equal(c.scopes[PERM_USERS_WRITE], SCOPE_NONE);
    assert_true(c.known); /* the rest is the caller's */
    assert_int_equal(c.issued_s, 7);
}

static void an_account_without_roles_may_nothing(void **state UNUSED)
{
    struct caller c = {0};
    c.scopes[PERM_USERS_WRITE] = SCOPE_ALL;
    assert_int_equal(
        read_claims("{\"role\": \"\", \"generation\": 0, \"stations\": [], \"scopes\": {}}", &c),
        ERR_OK);
    assert_string_equal(c.role, "");
    assert_int_equal(c.scopes[PERM_USERS_WRITE], SCOPE_NONE);
}

static void a_permission_of_a_later_version_is_left_out(void **state UNUSED)
{
    struct caller c = {0};
    assert_int_equal(
        read_claims("{\"role\": \"CHEF\", \"generation\": 0, \"stations\": [], \"scopes\": "
                    "{\"teleport.write\": \"all\", \"bookings.read\": \"own\"}}",
                    &c),
        ERR_OK);
    assert_int_equal(c.scopes[PERM_BOOKINGS_READ], SCOPE_OWN);
}

static void anything_else_gives_no_token(void **state UNUSED)
{
    static const char *const bad[] = {
        "",
        "null",
        "[]",
        "{}",
        "{\"role\": \"A\", \"stations\": [], \"scopes\": {}}",
        "{\"role\": \"A\", \"generation\": -1, \"stations\": [], \"scopes\": {}}",
        "{\"role\": \"A\", \"generation\": 1.5, \"stations\": [], \"scopes\": {}}",
        "{\"generation\": 0, \"role\": 1, \"stations\": [], \"scopes\": {}}",
        "{\"generation\": 0, \"role\": \"A\", \"stations\": {}, \"scopes\": {}}",
        "{\"generation\": 0, \"role\": \"A\", \"stations\": [], \"scopes\": []}",
        "{\"generation\": 0, \"role\": \"A\", \"stations\": [\"here\"], \"scopes\": {}}",
        "{\"generation\": 0, \"role\": \"A\", \"stations\": [], \"scopes\": {\"users.read\": 3}}",
        "{\"generation\": 0, \"role\": \"A role with a name that is far too long\", \"stations\": "
        "[], \"scopes\": {}}",
        "{\"generation\": 0, \"role\": \"A\", \"scopes\": {}, \"stations\": [\"" STATION
        "\",\"" STATION "\",\"" STATION "\",\"" STATION "\",\"" STATION "\",\"" STATION
        "\",\"" STATION "\",\"" STATION "\",\"" STATION "\"]}",
    };
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct caller c = {.role = "before"};
        if (read_claims(bad[i], &c) != ERR_INTERNAL)
            fail_msg("taken: %s", bad[i]);
        assert_string_equal(c.role, "before");
    }
}

static bool scenario(void *arg UNUSED)
{
    struct caller c = {0};
    struct arena *a = arena_new(65536);
    bool ok = a && claims_read(a,
                               "{\"role\": \"CHEF\", \"generation\": 0, \"stations\": [\"" STATION
                               "\"], \"scopes\": {\"bookings.read\": \"own\"}}",
                               &c) == ERR_OK;
    arena_free(a);
    return ok;
}

static void survives_failing_allocations(void **state UNUSED)
{
    torture(scenario, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_role_stations_and_scopes),
        cmocka_unit_test(an_account_without_roles_may_nothing),
        cmocka_unit_test(a_permission_of_a_later_version_is_left_out),
        cmocka_unit_test(anything_else_gives_no_token),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
