/* What is put into a box comes out with its private key, and with nothing else. */
#include "torture.h"

#include <string.h>

#include "common/crypto.h"

#define KNOWN_PRIVATE "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8"
#define KNOWN_BOX \
    "b1.NYBy1jZYgNGu6jKa35EhODhR7SGijjt16WXQ0s0WYlQ.AAECAwQFBgcICQoLSxEthe8V04BPzSGh4pHKrJeLcqwr"

static struct arena *arena;
static char public_key[BOX_KEY_SIZE], private_key[BOX_KEY_SIZE];

static int set_up(void **state UNUSED)
{
    arena = arena_new(8 << 20);
    return arena && box_keys_make(public_key, private_key) == ERR_OK ? 0 : -1;
}

static int tear_down(void **state UNUSED)
{
    arena_free(arena);
    return 0;
}

static const char *sealed(const char *purpose, struct str plain)
{
    const char *text = NULL;
    assert_int_equal(box_seal(public_key, purpose, arena, plain, &text), ERR_OK);
    return text;
}

static void what_went_in_comes_out(void **state UNUSED)
{
    static const struct str plains[] = {STR(""), STR("x"), STR("{\"a\":1}"), STR("\0\xff\0")};
    for (size_t i = 0; i < ARRAY_LEN(plains); i++) {
        const char *text = sealed("export", plains[i]);
        struct str back = STR("?");
        assert_int_equal(strncmp(text, "b1.", 3), 0);
        assert_int_equal(box_open(private_key, "export", arena, str_of(text), &back), ERR_OK);
        assert_true(str_eq(back, plains[i]));
    }
    assert_string_not_equal(sealed("export", STR("x")), sealed("export", STR("x")));
}

/* Made by another program (Python's cryptography: X25519, HMAC, AES-GCM). */
static void the_form_does_not_change(void **state UNUSED)
{
    struct str back = STR("?");
    assert_int_equal(box_open(KNOWN_PRIVATE, "export", arena, STR(KNOWN_BOX), &back), ERR_OK);
    assert_true(str_eq(back, STR("hello")));
}

static void every_changed_character_is_noticed(void **state UNUSED)
{
    char *bad = arena_strdup(arena, sealed("export", STR("hello")));
    assert_non_null(bad);
    size_t n = strlen(bad);
    for (size_t i = 0; i < n; i++) {
        struct str back = STR("untouched");
        char was = bad[i];
        /* The last bits of a key's text are in none of its bytes, and its highest one says nothing
         * (RFC 7748, 5): the tag covers both, since the key's bytes are hashed. */
        bad[i] = was == 'A' ? 'B' : 'A';
        assert_int_equal(box_open(private_key, "export", arena, str_of(bad), &back), ERR_INVALID);
        assert_true(str_eq(back, STR("untouched")));
        bad[i] = was;
        assert_int_equal(box_open(private_key, "export", arena, (struct str){bad, i}, &back),
                         ERR_INVALID);
    }
}

static void another_key_or_purpose_does_not_open_it(void **state UNUSED)
{
    const char *text = sealed("export", STR("hello"));
    char other_public[BOX_KEY_SIZE], other_private[BOX_KEY_SIZE];
    struct str back = STR("untouched");
    assert_int_equal(box_keys_make(other_public, other_private), ERR_OK);
    assert_string_not_equal(other_public, public_key);
    assert_int_equal(box_open(other_private, "export", arena, str_of(text), &back), ERR_INVALID);
    assert_int_equal(box_open(public_key, "export", arena, str_of(text), &back), ERR_INVALID);
    assert_int_equal(box_open(private_key, "export2", arena, str_of(text), &back), ERR_INVALID);
    assert_true(str_eq(back, STR("untouched")));
}

static void what_is_no_key_is_refused(void **state UNUSED)
{
    static const char *const keys[] = {
        "", "AAAA", "not base64url at all, but as long as a key", /* a point of low order: */
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    const char *text = sealed("export", STR("hello"));
    struct str back;
    for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
        const char *out = NULL;
        assert_int_equal(box_seal(keys[i], "export", arena, STR("x"), &out), ERR_INVALID);
        assert_int_equal(box_open(keys[i], "export", arena, str_of(text), &back), ERR_INVALID);
        assert_null(out);
    }
}

static void a_text_that_is_too_long_is_refused(void **state UNUSED)
{
    size_t n = (1 << 19) + 1;
    char *long_text = arena_alloc(arena, n);
    const char *out = NULL;
    assert_non_null(long_text);
    assert_int_equal(box_seal(public_key, "export", arena, (struct str){long_text, n}, &out),
                     ERR_TOO_LARGE);
    const char *most = sealed("export", (struct str){long_text, n - 1});
    struct str back;
    assert_int_equal(box_open(private_key, "export", arena, str_of(most), &back), ERR_OK);
    assert_int_equal(back.n, n - 1);
}

static void a_full_arena_is_an_error(void **state UNUSED)
{
    const char *text = sealed("export", STR("hello")), *out = NULL;
    struct arena *small = arena_new(16);
    struct str back;
    assert_non_null(small);
    assert_int_equal(box_seal(public_key, "export", small, STR("hello"), &out), ERR_NO_MEMORY);
    assert_int_equal(box_open(private_key, "export", small, str_of(text), &back), ERR_NO_MEMORY);
    arena_free(small);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_went_in_comes_out),
        cmocka_unit_test(the_form_does_not_change),
        cmocka_unit_test(every_changed_character_is_noticed),
        cmocka_unit_test(another_key_or_purpose_does_not_open_it),
        cmocka_unit_test(what_is_no_key_is_refused),
        cmocka_unit_test(a_text_that_is_too_long_is_refused),
        cmocka_unit_test(a_full_arena_is_an_error),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
