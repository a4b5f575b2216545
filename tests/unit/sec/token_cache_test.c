/* The cache of verified tokens changes no answer, only its price; revocations reach what is in it.
 */
#include "torture.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/token.h"

#define SESSION_A "018e2c5e-0000-7000-8000-00000000000a"
#define SESSION_B "018e2c5e-0000-7000-8000-00000000000b"
#define EXPECT(issuer, audience, at_s) (&(struct token_expect){issuer, audience, at_s})
#define N_REVOCATIONS 8192 /* that are remembered one by one */

static struct token_keys *keys, *other_keys;
static struct token_cache *cache;
static int64_t now_s;

static struct token_keys *generate(void)
{
    struct buf text = BUF_INIT(4096);
    struct token_keys *made = NULL;
    const char *why;
    assert_int_equal(token_key_generate(&text), ERR_OK);
    assert_int_equal(token_keys_parse(text.data, &made, &why), ERR_OK);
    buf_free(&text);
    return made;
}

static int set_up_keys(void **state UNUSED)
{
    now_s = clock_wall_us() / USEC_PER_SEC;
    keys = generate();
    other_keys = generate();
    return 0;
}

static int tear_down_keys(void **state UNUSED)
{
    token_keys_free(keys);
    token_keys_free(other_keys);
    return 0;
}

static int set_up(void **state UNUSED)
{
    cache = token_cache_new(4);
    return cache ? 0 : -1;
}

static int tear_down(void **state UNUSED)
{
    token_cache_free(cache);
    return 0;
}

static const char *user_name(int n)
{
    static char text[UUID_SIZE];
    snprintf(text, sizeof text, "018e2c5e-0000-7000-8000-%012d", n);
    return text;
}

/* In static memory, one a user below 8. */
static const char *token_of_generation(int user, const char *session, int64_t issued_s,
                                       int64_t generation)
{
    static char texts[8][4097];
    struct caller c = {.role = "customer",
                       .generation = generation,
                       .issued_s = issued_s,
                       .expires_s = issued_s + 900};
    struct buf out = BUF_INIT(4096);
    memcpy(c.user_id, user_name(user), UUID_SIZE);
    memcpy(c.session_id, session, UUID_SIZE);
    assert_int_equal(token_sign(keys, "iss", "aud", &c, &out), ERR_OK);
    memcpy(texts[user % 8], out.data, out.len + 1);
    buf_free(&out);
    return texts[user % 8];
}

static const char *token_of(int user, const char *session, int64_t issued_s)
{
    return token_of_generation(user, session, issued_s, 0);
}

static enum err revoke_session(const char *user_id, const char *session_id, int64_t at_s)
{
    return token_cache_revoke(
        cache, &(struct token_revocation){
                   .user_id = user_id, .session_id = session_id, .generation = -1, .at_s = at_s});
}

/* kept NULL: no session is spared. */
static enum err revoke_user(const char *user_id, const char *kept, int64_t generation, int64_t at_s)
{
    return token_cache_revoke(
        cache, &(struct token_revocation){
                   .user_id = user_id, .session_id = kept, .generation = generation, .at_s = at_s});
}

static enum err verify(const char *token, int64_t at_s)
{
    struct caller c;
    return token_verify(keys, cache, EXPECT("iss", "aud", at_s), str_of(token), &c);
}

static void the_second_look_gives_the_same_caller(void **state UNUSED)
{
    const char *token = token_of(1, SESSION_A, now_s);
    struct caller one = {.known = false}, two = {.known = false};
    assert_int_equal(token_verify(keys, cache, EXPECT("iss", "aud", now_s), str_of(token), &one),
                     ERR_OK);
    assert_int_equal(token_verify(keys, cache, EXPECT("iss", "aud", now_s), str_of(token), &two),
                     ERR_OK);
    assert_true(two.known);
    assert_string_equal(two.user_id, one.user_id);
    assert_string_equal(two.session_id, one.session_id);
    assert_string_equal(two.role, one.role);
    assert_memory_equal(two.scopes, one.scopes, sizeof one.scopes);
    assert_int_equal(two.issued_s, one.issued_s);
    assert_int_equal(two.expires_s, one.expires_s);
}

static void a_known_token_expires_all_the_same(void **state UNUSED)
{
    const char *token = token_of(1, SESSION_A, now_s);
    assert_int_equal(verify(token, now_s), ERR_OK);
    assert_int_equal(verify(token, now_s + 899), ERR_OK);
    assert_int_equal(verify(token, now_s + 900), ERR_TOKEN_EXPIRED);
}

static void a_known_token_is_good_for_its_keys_issuer_and_audience_only(void **state UNUSED)
{
    struct str token = str_of(token_of(1, SESSION_A, now_s));
    struct caller c;
    assert_int_equal(token_verify(keys, cache, EXPECT("iss", "aud", now_s), token, &c), ERR_OK);
    assert_int_equal(token_verify(keys, cache, EXPECT("iss", "au", now_s), token, &c),
                     ERR_UNAUTHORIZED);
    assert_int_equal(token_verify(keys, cache, EXPECT("issa", "ud", now_s), token, &c),
                     ERR_UNAUTHORIZED);
    assert_int_equal(token_verify(other_keys, cache, EXPECT("iss", "aud", now_s), token, &c),
                     ERR_UNAUTHORIZED);
}

static void the_cache_is_bounded_and_stays_right(void **state UNUSED)
{
    for (int round = 0; round < 3; round++) {
        for (int user = 0; user < 8; user++) { /* twice as many as it holds */
            struct caller c;
            const char *token = token_of(user, SESSION_A, now_s);
            for (int look = 0; look < 2; look++) {
                assert_int_equal(
                    token_verify(keys, cache, EXPECT("iss", "aud", now_s), str_of(token), &c),
                    ERR_OK);
                assert_string_equal(c.user_id, user_name(user));
            }
        }
    }
}

static void a_revoked_session_is_refused_and_the_others_are_not(void **state UNUSED)
{
    const char *a = token_of(1, SESSION_A, now_s), *b = token_of(2, SESSION_B, now_s);
    assert_int_equal(verify(a, now_s), ERR_OK); /* cached when it is revoked */
    assert_int_equal(revoke_session(user_name(1), SESSION_A, now_s), ERR_OK);
    assert_int_equal(revoke_session(user_name(2), SESSION_A, now_s), ERR_OK);
    assert_int_equal(verify(a, now_s), ERR_UNAUTHORIZED);
    assert_int_equal(verify(b, now_s), ERR_OK);
    assert_int_equal(verify(token_of(3, SESSION_A, now_s), now_s), ERR_OK);
}

/* Also one that a slow request issued after the time that the session ended at. */
static void a_session_that_ended_never_comes_back(void **state UNUSED)
{
    assert_int_equal(revoke_session(user_name(1), SESSION_A, now_s - 10), ERR_OK);
    assert_int_equal(verify(token_of(1, SESSION_A, now_s), now_s), ERR_UNAUTHORIZED);
    assert_int_equal(verify(token_of_generation(1, SESSION_A, now_s, 7), now_s), ERR_UNAUTHORIZED);
}

static void revoking_a_user_ends_every_token_of_earlier_generations(void **state UNUSED)
{
    assert_int_equal(revoke_user(user_name(1), NULL, 3, now_s), ERR_OK);
    assert_int_equal(verify(token_of_generation(1, SESSION_A, now_s, 2), now_s), ERR_UNAUTHORIZED);
    assert_int_equal(verify(token_of_generation(1, SESSION_B, now_s - 1, 0), now_s),
                     ERR_UNAUTHORIZED);
    assert_int_equal(verify(token_of_generation(2, SESSION_A, now_s, 2), now_s), ERR_OK);
    static const char none[UUID_SIZE] = "";
    assert_int_equal(verify(token_of_generation(1, none, now_s, 2), now_s), ERR_UNAUTHORIZED);
    /* Who signs in again in the same second stays in. */
    assert_int_equal(verify(token_of_generation(1, SESSION_B, now_s, 3), now_s), ERR_OK);
}

static void one_session_may_be_spared(void **state UNUSED)
{
    assert_int_equal(revoke_user(user_name(1), SESSION_A, 3, now_s), ERR_OK);
    assert_int_equal(verify(token_of_generation(1, SESSION_A, now_s, 2), now_s), ERR_OK);
    assert_int_equal(verify(token_of_generation(1, SESSION_B, now_s, 2), now_s), ERR_UNAUTHORIZED);
    /* What ended its token before is not undone. */
    assert_int_equal(verify(token_of_generation(1, SESSION_A, now_s - 1, 1), now_s),
                     ERR_UNAUTHORIZED);
    assert_int_equal(revoke_user(user_name(1), NULL, 4, now_s), ERR_OK);
    assert_int_equal(verify(token_of_generation(1, SESSION_A, now_s, 3), now_s), ERR_UNAUTHORIZED);
}

static void an_older_revocation_does_not_undo_a_newer_one(void **state UNUSED)
{
    assert_int_equal(revoke_user(user_name(1), NULL, 2, now_s), ERR_OK);
    assert_int_equal(revoke_user(user_name(1), SESSION_A, 1, now_s - 500), ERR_OK);
    assert_int_equal(verify(token_of_generation(1, SESSION_A, now_s - 1, 1), now_s),
                     ERR_UNAUTHORIZED);
}

static void too_many_revocations_refuse_more_never_less(void **state UNUSED)
{
    const char *old = token_of(1, SESSION_A, now_s - 100);
    assert_int_equal(revoke_user(user_name(7), NULL, 1, now_s - 51), ERR_OK);
    for (int i = 0; i < N_REVOCATIONS - 1; i++)
        assert_int_equal(revoke_user(user_name(100 + i), NULL, 1, now_s), ERR_OK);
    assert_int_equal(verify(old, now_s), ERR_OK);
    assert_int_equal(verify(token_of(7, SESSION_A, now_s - 51), now_s), ERR_UNAUTHORIZED);
    /* One more: the first makes room, and everybody with a token as old as its must refresh. */
    assert_int_equal(revoke_user(user_name(99), NULL, 1, now_s), ERR_OK);
    assert_int_equal(verify(token_of(7, SESSION_A, now_s - 51), now_s), ERR_UNAUTHORIZED);
    assert_int_equal(verify(old, now_s), ERR_UNAUTHORIZED);
    assert_int_equal(verify(token_of(1, SESSION_A, now_s - 50), now_s), ERR_OK);
    assert_int_equal(verify(token_of(99, SESSION_A, now_s - 1), now_s), ERR_UNAUTHORIZED);
    assert_int_equal(verify(token_of(100 + N_REVOCATIONS - 2, SESSION_A, now_s - 1), now_s),
                     ERR_UNAUTHORIZED);
}

static void revocations_of_yesterday_make_room_for_nothing(void **state UNUSED)
{
    int64_t yesterday_s = now_s - 24 * 60 * 60 - 10;
    for (int i = 0; i < 2 * N_REVOCATIONS; i++)
        assert_int_equal(revoke_user(user_name(100 + i), NULL, 1, yesterday_s), ERR_OK);
    assert_int_equal(verify(token_of(1, SESSION_A, now_s - 800), now_s), ERR_OK);
}

static void ids_that_are_none_are_refused(void **state UNUSED)
{
    static const char id[] = "018e2c5e-0000-7000-8000-00000000000a0";
    assert_int_equal(revoke_user(id, NULL, 1, now_s), ERR_INVALID);
    assert_int_equal(revoke_user(SESSION_A, id, 1, now_s), ERR_INVALID);
    assert_int_equal(revoke_session(SESSION_A, id, now_s), ERR_INVALID);
    assert_int_equal(revoke_session(SESSION_A, NULL, now_s), ERR_INVALID); /* neither nor */
}

static void a_cache_for_nothing_holds_one(void **state UNUSED)
{
    struct token_cache *tiny = token_cache_new(0);
    struct caller c;
    assert_non_null(tiny);
    for (int user = 0; user < 4; user++) {
        const char *token = token_of(user, SESSION_A, now_s);
        assert_int_equal(token_verify(keys, tiny, EXPECT("iss", "aud", now_s), str_of(token), &c),
                         ERR_OK);
        assert_int_equal(token_verify(keys, tiny, EXPECT("iss", "aud", now_s), str_of(token), &c),
                         ERR_OK);
    }
    token_cache_free(tiny);
    token_cache_free(NULL);
}

static bool fill(void *arg UNUSED)
{
    struct token_cache *c = token_cache_new(16);
    const struct token_revocation r = {.user_id = SESSION_A, .generation = 1, .at_s = now_s};
    bool ok = c && token_cache_revoke(c, &r) == ERR_OK;
    token_cache_free(c);
    return ok;
}

static void it_survives_failing_allocations(void **state UNUSED)
{
    torture(fill, NULL);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(the_second_look_gives_the_same_caller),
        EACH(a_known_token_expires_all_the_same),
        EACH(a_known_token_is_good_for_its_keys_issuer_and_audience_only),
        EACH(the_cache_is_bounded_and_stays_right),
        EACH(a_revoked_session_is_refused_and_the_others_are_not),
        EACH(a_session_that_ended_never_comes_back),
        EACH(revoking_a_user_ends_every_token_of_earlier_generations),
        EACH(one_session_may_be_spared),
        EACH(an_older_revocation_does_not_undo_a_newer_one),
        EACH(too_many_revocations_refuse_more_never_less),
        EACH(revocations_of_yesterday_make_room_for_nothing),
        EACH(ids_that_are_none_are_refused),
        EACH(a_cache_for_nothing_holds_one),
        cmocka_unit_test(it_survives_failing_allocations),
    };
    return cmocka_run_group_tests(tests, set_up_keys, tear_down_keys);
}
