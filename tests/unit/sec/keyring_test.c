/* Signed and sealed texts come back as they went out, and nothing else comes back. */
#include "torture.h"

#include <string.h>

#include "common/crypto.h"

#define KEY_A "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define KEY_B "b2:_wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"

static struct arena *arena;
static struct keyring *ring;

static int set_up(void **state UNUSED)
{
    arena = arena_new(1 << 20);
    return arena && keyring_parse(KEY_A "," KEY_B, &ring) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state UNUSED)
{
    keyring_free(ring);
    arena_free(arena);
    return 0;
}

typedef enum err write_fn(const struct keyring *, const char *, struct arena *, struct str,
                          const char **);
typedef enum err read_fn(const struct keyring *, const char *, struct arena *, struct str,
                         struct str *);

/* Both forms keep the same promises. */
static const struct {
    write_fn *write;
    read_fn *read;
    const char *version;
} forms[] = {{keyring_sign, keyring_verify, "v1.a."}, {keyring_seal, keyring_unseal, "e1.a."}};

static void what_went_out_comes_back(void **state UNUSED)
{
    static const struct str payloads[] = {STR(""), STR("x"), STR("{\"a\":1}"), STR("\0\xff\0")};
    for (size_t f = 0; f < ARRAY_LEN(forms); f++) {
        for (size_t i = 0; i < ARRAY_LEN(payloads); i++) {
            const char *text = NULL;
            struct str back = STR("?");
            assert_int_equal(forms[f].write(ring, "quote", arena, payloads[i], &text), ERR_OK);
            assert_int_equal(strncmp(text, forms[f].version, 5), 0);
            assert_int_equal(forms[f].read(ring, "quote", arena, str_of(text), &back), ERR_OK);
            assert_true(str_eq(back, payloads[i]));
        }
    }
}

/* Computed by another program (Python's hmac, twice). */
static void the_signed_form_does_not_change(void **state UNUSED)
{
    const char *text = NULL;
    assert_int_equal(keyring_sign(ring, "quote", arena, STR("hello"), &text), ERR_OK);
    assert_string_equal(text, "v1.a.aGVsbG8.S6kAw1JsxHm_P5DL91KJn6U5PHw9IbS11GHNuUufWB8");
}

static void every_changed_character_is_noticed(void **state UNUSED)
{
    for (size_t f = 0; f < ARRAY_LEN(forms); f++) {
        const char *text = NULL;
        assert_int_equal(forms[f].write(ring, "quote", arena, STR("hello"), &text), ERR_OK);
        char *bad = arena_strdup(arena, text);
        assert_non_null(bad);
        for (size_t i = 0; i < strlen(text); i++) {
            struct str back = STR("untouched");
            bad[i] = text[i] == 'A' ? 'B' : 'A';
            assert_int_equal(forms[f].read(ring, "quote", arena, str_of(bad), &back), ERR_INVALID);
            assert_true(str_eq(back, STR("untouched")));
            bad[i] = text[i];
            assert_int_equal(forms[f].read(ring, "quote", arena, (struct str){text, i}, &back),
                             ERR_INVALID);
        }
        assert_int_equal(forms[f].read(ring, "quote", arena, str_of(bad), &(struct str){0}),
                         ERR_OK);
    }
}

static void a_text_is_good_for_its_purpose_and_form_only(void **state UNUSED)
{
    for (size_t f = 0; f < ARRAY_LEN(forms); f++) {
        const char *text = NULL;
        struct str back;
        assert_int_equal(forms[f].write(ring, "quote", arena, STR("hello"), &text), ERR_OK);
        assert_int_equal(forms[f].read(ring, "cursor", arena, str_of(text), &back), ERR_INVALID);
        assert_int_equal(forms[f].read(ring, "", arena, str_of(text), &back), ERR_INVALID);
        assert_int_equal(forms[!f].read(ring, "quote", arena, str_of(text), &back), ERR_INVALID);
    }
}

static void what_is_not_of_the_form_is_refused(void **state UNUSED)
{
    static const struct str texts[] = {
        STR(""),
        STR("."),
        STR("...."),
        STR("v1.a.aGVsbG8"),
        STR("v1.a.aGVsbG8."),
        STR("v2.a.aGVsbG8.AAAA"),
        STR("v1.zz.aGVsbG8.AAAA"),
        STR("v1..aGVsbG8.AAAA"),
        STR("e1.a.."),
        STR("e1.a.AAAA.AAAA"),
        STR("v1.a.\0.AAAA"),
    };
    for (size_t f = 0; f < ARRAY_LEN(forms); f++) {
        for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
            struct str back;
            assert_int_equal(forms[f].read(ring, "quote", arena, texts[i], &back), ERR_INVALID);
        }
    }
}

static void keys_are_changed_without_downtime(void **state UNUSED)
{
    struct keyring *old, *both, *new;
    assert_int_equal(keyring_parse(KEY_A, &old), ERR_OK);
    assert_int_equal(keyring_parse(KEY_B "," KEY_A, &both), ERR_OK);
    assert_int_equal(keyring_parse(KEY_B, &new), ERR_OK);
    for (size_t f = 0; f < ARRAY_LEN(forms); f++) {
        const char *before = NULL, *after = NULL;
        struct str back;
        assert_int_equal(forms[f].write(old, "quote", arena, STR("hello"), &before), ERR_OK);
        assert_int_equal(forms[f].read(both, "quote", arena, str_of(before), &back), ERR_OK);
        assert_int_equal(forms[f].write(both, "quote", arena, STR("hello"), &after), ERR_OK);
        assert_int_equal(strncmp(after + 2, ".b2.", 4), 0);
        assert_int_equal(forms[f].read(new, "quote", arena, str_of(after), &back), ERR_OK);
        assert_int_equal(forms[f].read(new, "quote", arena, str_of(before), &back), ERR_INVALID);
    }
    keyring_free(old);
    keyring_free(both);
    keyring_free(new);
}

static void a_sealed_text_moves_to_the_newest_key(void **state UNUSED)
{
    struct keyring *old, *both, *new;
    const char *before = NULL, *after = NULL;
    struct str back;
    assert_int_equal(keyring_parse(KEY_A, &old), ERR_OK);
    assert_int_equal(keyring_parse(KEY_B "," KEY_A, &both), ERR_OK);
    assert_int_equal(keyring_parse(KEY_B, &new), ERR_OK);
    assert_string_equal(keyring_newest(both), "b2");
    assert_int_equal(keyring_seal(old, "totp", arena, STR("hello"), &before), ERR_OK);
    assert_int_equal(keyring_reseal(both, "cursor", arena, str_of(before), &after), ERR_INVALID);
    assert_int_equal(keyring_reseal(new, "totp", arena, str_of(before), &after), ERR_INVALID);
    assert_null(after);
    assert_int_equal(keyring_reseal(both, "totp", arena, str_of(before), &after), ERR_OK);
    assert_int_equal(keyring_unseal(new, "totp", arena, str_of(after), &back), ERR_OK);
    assert_true(str_eq(back, STR("hello")));
    keyring_free(old);
    keyring_free(both);
    keyring_free(new);
}

/* The same id with another key: what a restore from the wrong backup looks like. */
static void the_id_alone_does_not_open(void **state UNUSED)
{
    struct keyring *other;
    assert_int_equal(keyring_parse("a:_wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", &other),
                     ERR_OK);
    for (size_t f = 0; f < ARRAY_LEN(forms); f++) {
        const char *text = NULL;
        struct str back;
        assert_int_equal(forms[f].write(ring, "quote", arena, STR("hello"), &text), ERR_OK);
        assert_int_equal(forms[f].read(other, "quote", arena, str_of(text), &back), ERR_INVALID);
    }
    keyring_free(other);
}

static void the_same_text_is_sealed_differently_each_time(void **state UNUSED)
{
    const char *one = NULL, *two = NULL;
    assert_int_equal(keyring_seal(ring, "totp", arena, STR("secret"), &one), ERR_OK);
    assert_int_equal(keyring_seal(ring, "totp", arena, STR("secret"), &two), ERR_OK);
    assert_string_not_equal(one, two);
}

static void joined_texts_are_opened_together(void **state UNUSED)
{
    const char *one, *two;
    struct str plain;
    assert_int_equal(keyring_seal(ring, "p", arena, STR("no nuts"), &one), ERR_OK);
    assert_int_equal(keyring_seal(ring, "p", arena, STR("vegan\ncake"), &two), ERR_OK);
    const char *joined = arena_printf(arena, "%s\n%s\n%s", one, two, one);
    assert_int_equal(keyring_unseal(ring, "p", arena, str_of(joined), &plain), ERR_OK);
    assert_true(str_eq(plain, STR("no nuts\nvegan\ncake\nno nuts")));
    assert_int_equal(keyring_reseal(ring, "p", arena, str_of(joined), &one), ERR_OK);
    assert_null(strchr(one, '\n'));
    joined = arena_printf(arena, "%s\nx", one);
    assert_int_equal(keyring_unseal(ring, "p", arena, str_of(joined), &plain), ERR_INVALID);
    assert_int_equal(keyring_unseal(ring, "p", arena, STR(""), &plain), ERR_INVALID);
}

static void a_ring_that_is_not_one_is_refused(void **state UNUSED)
{
    static const char *const texts[] = {
        "",
        ",",
        "a",
        "a:",
        KEY_A ",",
        "," KEY_A,
        KEY_A ",," KEY_B,
        KEY_A "," KEY_A, /* an id twice */
        KEY_A " ",       /* a stray character */
        KEY_A "=",       /* padding */
        "A" KEY_A,       /* capital in the id */
        ":AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "abcdefghijklmnopq:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg",   /* 31 bytes */
        "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8A", /* 33 bytes */
        "a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh9",  /* spare bits set */
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct keyring *r = NULL;
        assert_int_equal(keyring_parse(texts[i], &r), ERR_INVALID);
        assert_null(r);
    }
}

static void a_ring_has_at_most_eight_keys(void **state UNUSED)
{
    char text[512] = "";
    struct keyring *r = NULL;
    for (char id = 'a'; id < 'a' + 9; id++) {
        char *at = text + strlen(text);
        if (at > text)
            *at++ = ',';
        memcpy(at, KEY_A, sizeof KEY_A);
        *at = id;
        assert_int_equal(keyring_parse(text, &r), id < 'a' + 8 ? ERR_OK : ERR_INVALID);
        if (id < 'a' + 8)
            keyring_free(r);
    }
    keyring_free(NULL);
}

static void a_text_has_a_ceiling(void **state UNUSED)
{
    static char big[1 << 20];
    const char *text = NULL;
    struct str back;
    memset(big, 'x', sizeof big);
    for (size_t f = 0; f < ARRAY_LEN(forms); f++) {
        struct str payload = {big, sizeof big};
        assert_int_equal(forms[f].write(ring, "p", arena, payload, &text), ERR_TOO_LARGE);
        assert_int_equal(forms[f].read(ring, "p", arena, payload, &back), ERR_INVALID);
        assert_null(text);
    }
}

static bool round_trip(void *arg UNUSED)
{
    struct keyring *r = NULL;
    const char *text = NULL;
    struct str back;
    struct arena *a = arena_new(65536);
    bool ok = a && keyring_parse(KEY_A, &r) == ERR_OK;
    for (size_t f = 0; ok && f < ARRAY_LEN(forms); f++)
        ok = forms[f].write(r, "p", a, STR("hello"), &text) == ERR_OK &&
             forms[f].read(r, "p", a, str_of(text), &back) == ERR_OK;
    keyring_free(r);
    arena_free(a);
    return ok;
}

static void it_survives_failing_allocations(void **state UNUSED)
{
    torture(round_trip, NULL);
}

static void a_full_arena_is_an_error(void **state UNUSED)
{
    const char *text = NULL;
    for (size_t budget = 1; !text; budget += 16) {
        struct arena *a = arena_new(budget);
        enum err e = keyring_seal(ring, "p", a, STR("hello"), &text);
        assert_true(e == ERR_OK ? text != NULL : e == ERR_NO_MEMORY && !text);
        arena_free(a);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_went_out_comes_back),
        cmocka_unit_test(the_signed_form_does_not_change),
        cmocka_unit_test(every_changed_character_is_noticed),
        cmocka_unit_test(a_text_is_good_for_its_purpose_and_form_only),
        cmocka_unit_test(what_is_not_of_the_form_is_refused),
        cmocka_unit_test(keys_are_changed_without_downtime),
        cmocka_unit_test(a_sealed_text_moves_to_the_newest_key),
        cmocka_unit_test(the_id_alone_does_not_open),
        cmocka_unit_test(the_same_text_is_sealed_differently_each_time),
        cmocka_unit_test(joined_texts_are_opened_together),
        cmocka_unit_test(a_ring_that_is_not_one_is_refused),
        cmocka_unit_test(a_ring_has_at_most_eight_keys),
        cmocka_unit_test(a_text_has_a_ceiling),
        cmocka_unit_test(it_survives_failing_allocations),
        cmocka_unit_test(a_full_arena_is_an_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
