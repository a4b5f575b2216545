/* Ids: found while they live, nothing afterwards. */
#include "torture.h"

#include "common/idmap.h"

static int things[1000];

static void finds_what_was_put(void **state UNUSED)
{
    struct idmap *m = idmap_new(ARRAY_LEN(things));
    uint64_t ids[ARRAY_LEN(things)];
    for (size_t i = 0; i < ARRAY_LEN(things); i++) {
        assert_int_equal(idmap_put(m, &things[i], &ids[i]), ERR_OK);
        assert_int_not_equal(ids[i], 0);
    }
    assert_int_equal(idmap_count(m), ARRAY_LEN(things));
    for (size_t i = 0; i < ARRAY_LEN(things); i++)
        assert_ptr_equal(idmap_get(m, ids[i]), &things[i]);
    idmap_free(m);
}

static void an_old_id_finds_nothing(void **state UNUSED)
{
    struct idmap *m = idmap_new(1);
    uint64_t first, second;
    assert_int_equal(idmap_put(m, &things[0], &first), ERR_OK);
    idmap_remove(m, first);
    assert_null(idmap_get(m, first));
    assert_int_equal(idmap_put(m, &things[1], &second), ERR_OK);
    assert_int_equal((uint32_t)first, (uint32_t)second); /* the same slot */
    assert_int_not_equal(first, second);
    assert_null(idmap_get(m, first));

    idmap_remove(m, first); /* must not remove the second */
    assert_ptr_equal(idmap_get(m, second), &things[1]);
    assert_int_equal(idmap_count(m), 1);
    idmap_free(m);
}

static void ids_are_not_used_twice(void **state UNUSED)
{
    struct idmap *m = idmap_new(3);
    uint64_t last[3] = {0};
    for (int i = 0; i < 30000; i++) {
        uint64_t id;
        assert_int_equal(idmap_put(m, &things[0], &id), ERR_OK);
        uint32_t slot = (uint32_t)id;
        assert_in_range(slot, 0, 2);
        assert_true(id > last[slot]);
        last[slot] = id;
        idmap_remove(m, id);
    }
    idmap_free(m);
}

static void a_full_map_says_busy(void **state UNUSED)
{
    static const size_t sizes[] = {0, 1, 63, 64, 65, 1000};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        struct idmap *m = idmap_new(sizes[i]);
        uint64_t id = 0;
        for (size_t n = 0; n < sizes[i]; n++)
            assert_int_equal(idmap_put(m, &things[n], &id), ERR_OK);
        uint64_t untouched = 42;
        assert_int_equal(idmap_put(m, &things[0], &untouched), ERR_BUSY);
        assert_int_equal(untouched, 42);
        if (sizes[i]) {
            idmap_remove(m, id);
            assert_int_equal(idmap_put(m, &things[0], &id), ERR_OK);
        }
        idmap_free(m);
    }
}

static void strange_ids_are_harmless(void **state UNUSED)
{
    struct idmap *m = idmap_new(100);
    static const uint64_t strange[] = {0, 1, UINT32_MAX, UINT64_C(1) << 32, UINT64_MAX};
    for (size_t i = 0; i < ARRAY_LEN(strange); i++) { /* in an empty map */
        assert_null(idmap_get(m, strange[i]));
        idmap_remove(m, strange[i]);
    }
    uint64_t id;
    assert_int_equal(idmap_put(m, &things[0], &id), ERR_OK);
    for (uint64_t bit = 1; bit; bit <<= 1) {
        assert_null(idmap_get(m, id ^ bit));
        idmap_remove(m, id ^ bit);
    }
    assert_ptr_equal(idmap_get(m, id), &things[0]);
    idmap_remove(m, id);
    idmap_remove(m, id);
    assert_int_equal(idmap_count(m), 0);
    idmap_free(m);
    idmap_free(NULL);
}

static bool scenario(void *arg UNUSED)
{
    struct idmap *m = idmap_new(200);
    if (!m)
        return false;
    size_t put = 0;
    uint64_t ids[200];
    for (size_t i = 0; i < 200; i++) {
        enum err e = idmap_put(m, &things[i], &ids[put]);
        assert_true(e == ERR_OK || e == ERR_NO_MEMORY);
        put += e == ERR_OK;
    }
    assert_int_equal(idmap_count(m), put);
    for (size_t i = 0; i < put; i++)
        assert_non_null(idmap_get(m, ids[i]));
    idmap_free(m);
    return put == 200;
}

static void survives_torture(void **state UNUSED)
{
    torture(scenario, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_what_was_put),       cmocka_unit_test(an_old_id_finds_nothing),
        cmocka_unit_test(ids_are_not_used_twice),   cmocka_unit_test(a_full_map_says_busy),
        cmocka_unit_test(strange_ids_are_harmless), cmocka_unit_test(survives_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
