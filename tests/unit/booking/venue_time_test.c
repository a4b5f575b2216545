/* Dates and local times, held against the C library where it knows better. */
#include "torture.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "venue_time.h"

static void dates_and_back(void **state UNUSED)
{
    char previous[DATE_SIZE] = "";
    for (int32_t day = -25567; day <= 84005; day++) { /* 1900-01-01 to 2199-12-31 */
        char text[DATE_SIZE], expected[DATE_SIZE];
        time_t t = (time_t)day * 86400;
        struct tm tm;
        assert_non_null(gmtime_r(&t, &tm));
        strftime(expected, sizeof(expected), "%Y-%m-%d", &tm);
        date_print(day, text);
        assert_string_equal(text, expected);
        assert_int_equal(date_days(text), day);
        if (day >= 0)
            assert_int_equal(weekday_of(day), (tm.tm_wday + 6) % 7);
        assert_true(strcmp(previous, text) < 0);
        memcpy(previous, text, sizeof(previous));
    }
}

static void months_begin_and_end(void **state UNUSED)
{
    static const struct {
        const char *day, *first, *last;
    } cases[] = {
        {"2026-02-14", "2026-02-01", "2026-02-28"}, {"2028-02-29", "2028-02-01", "2028-02-29"},
        {"2026-12-31", "2026-12-01", "2026-12-31"}, {"2026-04-01", "2026-04-01", "2026-04-30"},
        {"2026-01-31", "2026-01-01", "2026-01-31"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char text[DATE_SIZE];
        date_print(month_first(date_days(cases[i].day)), text);
        assert_string_equal(text, cases[i].first);
        date_print(month_last(date_days(cases[i].day)), text);
        assert_string_equal(text, cases[i].last);
    }
}

static void clocks_and_back(void **state UNUSED)
{
    for (int32_t m = 0; m < MINUTES_PER_DAY; m++) {
        char text[CLOCK_SIZE];
        clock_print(m, text);
        assert_int_equal(clock_minutes(text), m);
    }
}

static void utc_is_printed(void **state UNUSED)
{
    char text[UTC_MINUTE_SIZE];
    utc_minute_print(date_days("2026-03-01") * MINUTES_PER_DAY + 18 * 60, text);
    assert_string_equal(text, "2026-03-01T18:00:00Z");
}

/* Los Angeles in 2026: forward on 8 March at 10:00 UTC, back on 1 November at 9:00 UTC. */
static void zone_of_los_angeles(struct zone *z)
{
    char text[120];
    int32_t forward = date_days("2026-03-08") * MINUTES_PER_DAY + 600;
    int32_t back = date_days("2026-11-01") * MINUTES_PER_DAY + 540;
    snprintf(text, sizeof(text), "0 -480 %d -420 %d -480", forward, back);
    assert_int_equal(zone_parse(text, z), ERR_OK);
}

static void local_times_become_utc(void **state UNUSED)
{
    static const struct {
        const char *date, *clock, *utc; /* NULL: there is no such time */
    } cases[] = {
        {"2026-03-08", "01:59", "2026-03-08T09:59:00Z"},
        {"2026-03-08", "02:00", NULL},
        {"2026-03-08", "02:59", NULL},
        {"2026-03-08", "03:00", "2026-03-08T10:00:00Z"},
        {"2026-07-04", "18:00", "2026-07-05T01:00:00Z"},
        {"2026-11-01", "00:59", "2026-11-01T07:59:00Z"},
        {"2026-11-01", "01:00", "2026-11-01T08:00:00Z"}, /* the first of two */
        {"2026-11-01", "01:59", "2026-11-01T08:59:00Z"},
        {"2026-11-01", "02:00", "2026-11-01T10:00:00Z"},
        {"2026-12-24", "18:00", "2026-12-25T02:00:00Z"},
        {"1969-12-31", "10:00", "1969-12-31T18:00:00Z"}, /* before the first row */
    };
    struct zone z;
    zone_of_los_angeles(&z);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        int32_t utc;
        char text[UTC_MINUTE_SIZE];
        int32_t local = date_days(cases[i].date) * MINUTES_PER_DAY + clock_minutes(cases[i].clock);
        bool there = zone_to_utc(&z, local, &utc);
        assert_int_equal(there, cases[i].utc != NULL);
        if (!there)
            continue;
        if (utc >= 0) {
            utc_minute_print(utc, text);
            assert_string_equal(text, cases[i].utc);
        }
        assert_int_equal(zone_to_local(&z, utc), local);
    }
}

/* Every minute of a year: each local time that exists reads back, in the order of UTC. */
static void no_time_is_lost(void **state UNUSED)
{
    struct zone z;
    zone_of_los_angeles(&z);
    int32_t from = date_days("2026-01-01") * MINUTES_PER_DAY, previous = 0, skipped = 0;
    for (int32_t local = from; local < from + 365 * MINUTES_PER_DAY; local++) {
        int32_t utc;
        if (!zone_to_utc(&z, local, &utc)) {
            skipped++;
            continue;
        }
        assert_int_equal(zone_to_local(&z, utc), local);
        assert_true(utc > previous);
        previous = utc;
    }
    assert_int_equal(skipped, 60);
}

static void what_is_no_zone_is_refused(void **state UNUSED)
{
    static const char *const texts[] = {
        "",
        "x",
        "1",
        "1 2 3",
        "5 60 5 0",
        "5 60 4 0",
        "1 2000",
        "1 2 x",
        "99999999999 0",
        "-2147483639 -480",
        "1 0 2 0 3 0 4 0 5 0 6 0 7 0 8 0 9 0 10 0 11 0 12 0 13 0 14 0 15 0 16 0 17 0"};
    struct zone z = {.n = 42};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        assert_int_equal(zone_parse(texts[i], &z), ERR_MALFORMED);
        assert_int_equal(z.n, 42);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dates_and_back),
        cmocka_unit_test(months_begin_and_end),
        cmocka_unit_test(clocks_and_back),
        cmocka_unit_test(utc_is_printed),
        cmocka_unit_test(local_times_become_utc),
        cmocka_unit_test(no_time_is_lost),
        cmocka_unit_test(what_is_no_zone_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
