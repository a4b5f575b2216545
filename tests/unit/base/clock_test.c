/* The clocks, the file that shifts one of them, and timestamps. */
#include "torture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"

static char dir[64];

static int make_dir(void **state UNUSED)
{
    snprintf(dir, sizeof dir, "/tmp/clock_test.XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state UNUSED)
{
    return rmdir(dir);
}

static void path_of(const char *name, char ret_path[128])
{
    snprintf(ret_path, 128, "%s/%s", dir, name);
}

static int write_file(const char *path, const void *data, size_t n)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, n), n);
    return fd;
}

/* How far the wall clock is from the system's, in whole minutes. */
static int64_t shift_minutes(void)
{
    int64_t shift_us = clock_wall_us() - time(NULL) * USEC_PER_SEC;
    return (shift_us + (shift_us < 0 ? -30 : 30) * USEC_PER_SEC) / (60 * USEC_PER_SEC);
}

static void shows_the_time(void **state UNUSED)
{
    assert_int_equal(shift_minutes(), 0);
    int64_t last = clock_mono_us();
    for (int i = 0; i < 1000; i++) {
        int64_t now = clock_mono_us();
        assert_true(now >= last);
        last = now;
    }
}

static void follows_the_offset_file(void **state UNUSED)
{
    char path[128];
    path_of("offset", path);
    int64_t hour = 3600 * USEC_PER_SEC;
    int fd = write_file(path, &hour, sizeof hour);
    int64_t mono = clock_mono_us();
    assert_int_equal(clock_map_offset(path), ERR_OK);
    assert_int_equal(shift_minutes(), 60);
    assert_true(clock_mono_us() - mono < 60 * USEC_PER_SEC); /* not shifted */

    int64_t back = -2 * hour; /* the file is mapped: writing it is enough */
    assert_int_equal(pwrite(fd, &back, sizeof back, 0), sizeof back);
    assert_int_equal(shift_minutes(), -120);
    close(fd);

    char other[128];
    path_of("other", other);
    int64_t none = 0;
    close(write_file(other, &none, sizeof none));
    assert_int_equal(clock_map_offset(other), ERR_OK);
    assert_int_equal(shift_minutes(), 0);
    unlink(path);
    unlink(other);
}

static void refuses_what_is_no_offset_file(void **state UNUSED)
{
    char path[128];
    path_of("missing", path);
    assert_int_equal(clock_map_offset(path), ERR_NOT_FOUND);
    path_of("short", path);
    close(write_file(path, "1234567", 7));
    assert_int_equal(clock_map_offset(path), ERR_INVALID);
    unlink(path);
    path_of("pipe", path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(clock_map_offset(path), ERR_INVALID); /* and does not wait for a writer */
    unlink(path);
    assert_int_equal(clock_map_offset(dir), ERR_INVALID);
    assert_int_equal(clock_map_offset("/proc/1/nothing/here"), ERR_NOT_FOUND);
    assert_int_equal(shift_minutes(), 0);
}

static void prints_rfc3339(void **state UNUSED)
{
    static const struct {
        int64_t wall_us;
        const char *text;
    } cases[] = {
        {0, "1970-01-01T00:00:00.000000Z"},
        {-1, "1969-12-31T23:59:59.999999Z"},
        {INT64_C(951827696123456), "2000-02-29T12:34:56.123456Z"},
        {INT64_C(951868800000000), "2000-03-01T00:00:00.000000Z"},
        {INT64_C(1772388000000001), "2026-03-01T18:00:00.000001Z"},
        {INT64_C(1798761599999999), "2026-12-31T23:59:59.999999Z"},
        {INT64_C(4107542400000000), "2100-03-01T00:00:00.000000Z"},
        {INT64_MIN, "0000-01-01T00:00:00.000000Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999999Z"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[RFC3339_SIZE];
        clock_rfc3339(cases[i].wall_us, text);
        assert_string_equal(text, cases[i].text);
    }
}

/* Every day of four centuries, against the C library. */
static void agrees_with_the_c_library(void **state UNUSED)
{
    for (int64_t day = -25567; day < 120000; day++) {
        time_t s = day * 86400 + day % 86400 * (day > 0);
        struct tm tm;
        char expected[RFC3339_SIZE], text[RFC3339_SIZE];
        assert_non_null(gmtime_r(&s, &tm));
        strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S.000000Z", &tm);
        clock_rfc3339(s * USEC_PER_SEC, text);
        assert_string_equal(text, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shows_the_time),
        cmocka_unit_test(follows_the_offset_file),
        cmocka_unit_test(refuses_what_is_no_offset_file),
        cmocka_unit_test(prints_rfc3339),
        cmocka_unit_test(agrees_with_the_c_library),
    };
    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
