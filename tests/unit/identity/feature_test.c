/* Feature flags: an administrator's word counts more than the configuration's, and that more than
 * the default. */
#include "torture.h"

#include <stdio.h>
#include <string.h>

#include "feature.h"

/* "enabled source" of the flag. */
static const char *shown(const char *name, const char *off_here, const char *override)
{
    static char answer[64];
    struct arena *a = arena_new(65536);
    const struct json *set = NULL, *doc;
    struct buf b = BUF_INIT(4096);
    struct json_writer w = JSON_WRITER(&b);
    if (override)
        assert_int_equal(json_parse(a, str_of(override), &set, NULL), ERR_OK);
    feature_write(&w, NULL, feature_find(name), off_here, set);
    assert_int_equal(buf_err(&b), ERR_OK);
    assert_int_equal(json_parse(a, buf_str(&b), &doc, NULL), ERR_OK);
    (void)snprintf(answer, sizeof(answer), "%s %s",
                   json_bool(json_get(doc, "enabled")) ? "on" : "off",
                   json_string(json_get(doc, "source")));
    buf_free(&b);
    arena_free(a);
    return answer;
}

static void says_what_is_in_force(void **state UNUSED)
{
    static const char off[] = "{\"enabled\":false}", on[] = "{\"enabled\":true}";
    assert_string_equal(shown("FEATURE_AUTH", "", NULL), "on default");
    assert_string_equal(shown("FEATURE_STRIPE", "", NULL), "off default");
    assert_string_equal(shown("FEATURE_AUTH", "FEATURE_RBAC, FEATURE_AUTH", NULL),
                        "off environment");
    assert_string_equal(shown("FEATURE_AUTH", "FEATURE_AUTHORITY", NULL), "on default");
    assert_string_equal(shown("FEATURE_AUTH", "", off), "off override");
    assert_string_equal(shown("FEATURE_AUTH", "FEATURE_AUTH", on), "on override");
    assert_string_equal(shown("FEATURE_STRIPE", "", on), "on override");
    assert_string_equal(shown("FEATURE_AUTH", "", "{\"enabled\":\"yes\"}"), "on default");
}

static void names_are_unique_and_well_formed(void **state UNUSED)
{
    assert_true(n_features > 40);
    for (size_t i = 0; i < n_features; i++) {
        assert_true(str_starts(str_of(features[i].name), STR("FEATURE_")));
        assert_ptr_equal(feature_find(features[i].name), &features[i]);
        assert_true(strlen(features[i].name) < 48); /* what the services have room for */
    }
    assert_null(feature_find("FEATURE_NONE"));
}

static bool scenario(void *arg UNUSED)
{
    struct buf b = BUF_INIT(65536);
    struct json_writer w = JSON_WRITER(&b);
    for (size_t i = 0; i < n_features; i++)
        feature_write(&w, NULL, &features[i], "FEATURE_AUTH", NULL);
    bool ok = buf_err(&b) == ERR_OK;
    buf_free(&b);
    return ok;
}

static void survives_failing_allocations(void **state UNUSED)
{
    torture(scenario, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_is_in_force),
        cmocka_unit_test(names_are_unique_and_well_formed),
        cmocka_unit_test(survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
