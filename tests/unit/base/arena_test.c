/* Arenas: zeroed memory, the budget, what is kept and what is released, deferred calls. */
#include "torture.h"

#include <stdalign.h>
#include <string.h>

#include "common/arena.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

#define PLENTY 1000000

/* Deferred calls write their letter here. */
static char order[16];
static size_t n_order;

static void note(void *letter)
{
    assert_true(n_order < sizeof order - 1);
    order[n_order++] = *(const char *)letter;
    order[n_order] = '\0';
}

static int forget(void **state UNUSED)
{
    n_order = 0;
    order[0] = '\0';
    return 0;
}

static bool is_zero(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i])
            return false;
    }
    return true;
}

static void gives_zeroed_aligned_memory(void **state UNUSED)
{
    struct arena *a = arena_new(PLENTY);
    for (size_t size = 0; size < 300; size++) {
        char *p = arena_alloc(a, size);
        assert_non_null(p);
        assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
        assert_true(is_zero(p, size));
        memset(p, 0xff, size);
        assert_non_null(arena_strdup(a, "odd")); /* leaves the next one to be aligned */
    }
    arena_free(a);
}

static void keeps_objects_apart(void **state UNUSED)
{
    enum { N = 3000 };
    static char *objects[N];
    struct arena *a = arena_new(PLENTY);
    for (size_t i = 0; i < N; i++) {
        size_t size = i % 100 == 0 ? 9000 : 1 + i % 90;
        objects[i] = arena_alloc(a, size);
        assert_non_null(objects[i]);
        memset(objects[i], (int)(i % 251), size);
    }
    for (size_t i = 0; i < N; i++) {
        size_t size = i % 100 == 0 ? 9000 : 1 + i % 90;
        for (size_t k = 0; k < size; k++)
            assert_int_equal((unsigned char)objects[i][k], i % 251);
    }
    arena_free(a);
}

static void stops_at_the_budget(void **state UNUSED)
{
    struct arena *a = arena_new(100);
    assert_non_null(arena_alloc(a, 100));
    assert_int_equal(arena_used(a), 100);
    assert_false(arena_overflowed(a));
    assert_null(arena_alloc(a, 1));
    assert_true(arena_overflowed(a));
    assert_null(arena_alloc(a, 0));
    assert_null(arena_strdup(a, ""));
    arena_free(a);

    a = arena_new(100);
    assert_null(arena_alloc(a, 101));
    assert_true(arena_overflowed(a));
    assert_non_null(arena_alloc(a, 50)); /* what fits is still given */
    assert_true(arena_overflowed(a));
    arena_free(a);
}

static void small_objects_cost_what_they_take(void **state UNUSED)
{
    struct arena *a = arena_new(1600);
    size_t n = 0;
    while (arena_alloc(a, 1))
        n++;
    assert_int_equal(n, 1600 / alignof(max_align_t));
    arena_free(a);
}

static void survives_absurd_sizes(void **state UNUSED)
{
    static const size_t budgets[] = {0, 1, PLENTY, SIZE_MAX};
    for (size_t i = 0; i < ARRAY_LEN(budgets); i++) {
        struct arena *a = arena_new(budgets[i]);
        volatile size_t huge = SIZE_MAX;
        for (size_t less = 0; less < 40; less++)
            assert_null(arena_alloc(a, huge - less));
        assert_null(arena_strndup(a, "", huge));
        assert_true(arena_overflowed(a));
        arena_free(a);
    }
}

static void starts_anew_after_a_reset(void **state UNUSED)
{
    struct arena *a = arena_new(50000);
    char *first = arena_alloc(a, 64);
    for (int round = 0; round < 3; round++) {
        arena_reset(a);
        assert_int_equal(arena_used(a), 0);
        assert_false(arena_overflowed(a));
        char *p = arena_alloc(a, 64);
        assert_ptr_equal(p, first); /* the first block is kept */
        assert_true(is_zero(p, 64));
        memset(p, 0xff, 64);
        char *q;
        while ((q = arena_alloc(a, 1000))) { /* on through further blocks, to the end */
            assert_true(is_zero(q, 1000));
            memset(q, 0xff, 1000);
        }
        assert_true(arena_overflowed(a));
    }
    arena_free(a);
}

static void a_large_object_wastes_no_block(void **state UNUSED)
{
    struct arena *a = arena_new(PLENTY);
    char *before = arena_alloc(a, 16);
    assert_non_null(arena_alloc(a, 100000));
    char *after = arena_alloc(a, 16);
    assert_in_range(after - before, 16, 64); /* neighbours still */
    arena_free(a);
}

static void copies_strings(void **state UNUSED)
{
    struct arena *a = arena_new(PLENTY);
    assert_string_equal(arena_strdup(a, ""), "");
    assert_string_equal(arena_strdup(a, "sushi"), "sushi");
    assert_string_equal(arena_strndup(a, "hibachi grill", 7), "hibachi");
    assert_string_equal(arena_strndup(a, NULL, 0), "");
    arena_free(a);
}

static void prints_any_length(void **state UNUSED)
{
    static const int widths[] = {1, 254, 255, 256, 257, 20000};
    struct arena *a = arena_new(PLENTY);
    for (size_t i = 0; i < ARRAY_LEN(widths); i++) {
        char *text = arena_printf(a, "%*d", widths[i], 7);
        assert_non_null(text);
        assert_int_equal(strlen(text), widths[i]);
        assert_int_equal(text[widths[i] - 1], '7');
    }
    arena_free(a);

    a = arena_new(1000);
    assert_null(arena_printf(a, "%*d", 1000, 7)); /* no room for the NUL */
    assert_true(arena_overflowed(a));
    assert_non_null(arena_printf(a, "%*d", 999, 7));
    arena_free(a);
}

static void runs_deferred_last_in_first_out(void **state UNUSED)
{
    struct arena *a = arena_new(PLENTY);
    assert_int_equal(arena_defer(a, note, (char[]){'a'}), ERR_OK);
    assert_int_equal(arena_defer(a, note, (char[]){'b'}), ERR_OK);
    assert_string_equal(order, "");
    arena_reset(a);
    assert_string_equal(order, "ba");
    assert_int_equal(arena_defer(a, note, (char[]){'c'}), ERR_OK);
    arena_free(a);
    assert_string_equal(order, "bac");
}

static void a_deferred_call_that_does_not_fit_runs_at_once(void **state UNUSED)
{
    struct arena *a = arena_new(1);
    assert_int_equal(arena_defer(a, note, (char[]){'x'}), ERR_TOO_LARGE);
    assert_string_equal(order, "x");
    arena_free(a);
    assert_string_equal(order, "x");
}

static void defer_again(void *arena)
{
    static char letter = 'z';
    assert_non_null(arena_alloc(arena, 100));
    assert_int_equal(arena_defer(arena, note, &letter), ERR_OK);
}

static void a_destructor_may_use_the_arena(void **state UNUSED)
{
    struct arena *a = arena_new(PLENTY);
    assert_int_equal(arena_defer(a, defer_again, a), ERR_OK);
    arena_free(a);
    assert_string_equal(order, "z");
}

static void nothing_is_fine_to_free(void **state UNUSED)
{
    arena_free(NULL);
}

#ifdef __SANITIZE_ADDRESS__
static void the_sanitizer_sees_overruns(void **state UNUSED)
{
    struct arena *a = arena_new(PLENTY);
    static const size_t sizes[] = {1, 7, 16, 100, 10000};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        char *p = arena_alloc(a, sizes[i]);
        assert_non_null(arena_alloc(a, 1));
        assert_false(__asan_address_is_poisoned(p + sizes[i] - 1));
        assert_true(__asan_address_is_poisoned(p + sizes[i]));
        char *s = arena_strndup(a, "0123456789", i + 1);
        assert_false(__asan_address_is_poisoned(s + i + 1));
        assert_true(__asan_address_is_poisoned(s + i + 2));
    }
    char *p = arena_alloc(a, 8);
    arena_reset(a);
    assert_true(__asan_address_is_poisoned(p));
    arena_free(a);
}
#endif

/* Every object that was deferred is released exactly once, whatever fails. */
static void release(void *count)
{
    ++*(int *)count;
}

static bool scenario(void *arg UNUSED)
{
    int deferred = 0, released = 0;
    bool ok = true;
    struct arena *a = arena_new(PLENTY);
    if (!a)
        return false;
    for (int i = 0; i < 4; i++) {
        deferred++;
        ok &= arena_defer(a, release, &released) == ERR_OK;
        ok &= arena_alloc(a, 4000) != NULL;
        ok &= arena_alloc(a, 40000) != NULL;
        ok &= arena_printf(a, "%5000d", i) != NULL;
    }
    assert_int_equal(ok, !arena_overflowed(a));
    arena_free(a);
    assert_int_equal(released, deferred);
    return ok;
}

static void survives_torture(void **state UNUSED)
{
    torture(scenario, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_zeroed_aligned_memory),
        cmocka_unit_test(keeps_objects_apart),
        cmocka_unit_test(stops_at_the_budget),
        cmocka_unit_test(small_objects_cost_what_they_take),
        cmocka_unit_test(survives_absurd_sizes),
        cmocka_unit_test(starts_anew_after_a_reset),
        cmocka_unit_test(a_large_object_wastes_no_block),
        cmocka_unit_test(copies_strings),
        cmocka_unit_test(prints_any_length),
        cmocka_unit_test_setup(runs_deferred_last_in_first_out, forget),
        cmocka_unit_test_setup(a_deferred_call_that_does_not_fit_runs_at_once, forget),
        cmocka_unit_test_setup(a_destructor_may_use_the_arena, forget),
        cmocka_unit_test(nothing_is_fine_to_free),
#ifdef __SANITIZE_ADDRESS__
        cmocka_unit_test(the_sanitizer_sees_overruns),
#endif
        cmocka_unit_test(survives_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
