/* Randomness, as far as one can test it, and the form of UUIDs. */
#include "torture.h"

#include <string.h>
#include <unistd.h>
#include <sys/wait.h>

#include "common/rng.h"
#include "common/str.h"

/* A byte that stays 0 in 20 draws is one that is not drawn: by chance once in 2^160. */
static void fills_every_byte(void **state UNUSED)
{
    unsigned char seen[1000] = {0}, drawn[1001] = {0};
    for (int round = 0; round < 20; round++) {
        rng_bytes(drawn, sizeof seen);
        for (size_t i = 0; i < sizeof seen; i++)
            seen[i] |= drawn[i];
    }
    assert_null(memchr(seen, 0, sizeof seen));
    assert_int_equal(drawn[sizeof seen], 0);
    rng_bytes(NULL, 0);
}

static void a_fork_draws_something_else(void **state UNUSED)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    uint64_t ours, theirs;
    pid_t child = fork();
    assert_true(child >= 0);
    rng_bytes(&ours, sizeof ours);
    if (child == 0) {
        ssize_t written = write(fds[1], &ours, sizeof ours);
        _exit(written == sizeof ours ? 0 : 1);
    }
    assert_int_equal(read(fds[0], &theirs, sizeof theirs), sizeof theirs);
    assert_true(ours != theirs);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    close(fds[0]);
    close(fds[1]);
}

static void stays_below_the_bound(void **state UNUSED)
{
    static const uint64_t bounds[] = {1, 2, 3, 10, UINT32_MAX, UINT64_MAX / 2 + 2, UINT64_MAX};
    for (size_t i = 0; i < ARRAY_LEN(bounds); i++) {
        for (int round = 0; round < 200; round++)
            assert_true(rng_below(bounds[i]) < bounds[i]);
    }
}

/* 5 values in 5000 draws: each about 1000 times, within more than 7 standard deviations. */
static void values_are_even(void **state UNUSED)
{
    int count[5] = {0};
    for (int i = 0; i < 5000; i++)
        count[rng_below(5)]++;
    for (int i = 0; i < 5; i++)
        assert_in_range(count[i], 800, 1200);
}

static void uuids_have_their_form(void **state UNUSED)
{
    char text[UUID_SIZE];
    for (int i = 0; i < 100; i++) {
        uuid_v7(INT64_C(0x017f22e279b0), text); /* the example of RFC 9562, appendix A.6 */
        assert_true(str_is_uuid(str_of(text)));
        assert_true(str_starts(str_of(text), STR("017f22e2-79b0-7")));
        assert_non_null(strchr("89ab", text[19]));
        for (const char *p = text; *p; p++)
            assert_false(*p >= 'A' && *p <= 'F');
    }
}

static void uuids_follow_time(void **state UNUSED)
{
    char last[UUID_SIZE] = "", next[UUID_SIZE];
    for (int64_t ms = INT64_C(1772388000000); ms < INT64_C(1772388001000); ms += 7) {
        uuid_v7(ms, next);
        assert_true(strcmp(last, next) < 0);
        memcpy(last, next, sizeof last);
    }
    uuid_v7(1772388000000, last);
    uuid_v7(1772388000000, next);
    assert_string_not_equal(last, next);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fills_every_byte),      cmocka_unit_test(a_fork_draws_something_else),
        cmocka_unit_test(stays_below_the_bound), cmocka_unit_test(values_are_even),
        cmocka_unit_test(uuids_have_their_form), cmocka_unit_test(uuids_follow_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
