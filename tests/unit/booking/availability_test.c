/* Which starts are free, and for how many. */
#include "torture.h"

#include <stdio.h>
#include <string.h>

#include "availability.h"

#define DAY "2026-06-15" /* a Monday */
#define UTC "0 0"

static struct arena *arena;

static int setup(void **state UNUSED)
{
    arena = arena_new(64 << 20);
    return arena ? 0 : 1;
}

static int teardown(void **state UNUSED)
{
    arena_free(arena);
    return 0;
}

/* Two hours, one around it for everything else; everything is open. */
static struct avail_wish wish_of(const char *first, const char *last)
{
    return (struct avail_wish){
        .first_day = date_days(first),
        .last_day = date_days(last),
        .duration = 120,
        .before = 60,
        .after = 60,
        .earliest = INT32_MIN,
        .latest = INT32_MAX,
        .first_start = 11 * 60,
        .last_start = 23 * 60,
        .capacity = 100,
    };
}

static struct avail *avail_of(const char *offsets, const struct avail_wish *wish)
{
    struct zone zone;
    struct avail *v;
    assert_int_equal(zone_parse(offsets, &zone), ERR_OK);
    assert_int_equal(avail_new(arena, &zone, wish, &v), ERR_OK);
    return v;
}

static void chef_add(struct avail *v, const char *week, const char *exceptions, const char *busy)
{
    struct avail_chef chef = {
        .week = week, .exceptions = exceptions, .busy = busy, .max_events = 2};
    assert_int_equal(avail_add_chef(v, &chef), ERR_OK);
}

/* "11:00 11:30 ..." of the starts that at least one chef is free for; on one day. */
static const char *free_starts(struct avail *v)
{
    static char text[1000];
    size_t n, at = 0;
    avail_finish(v);
    const struct avail_slot *slots = avail_slots(v, &n);
    text[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        if (slots[i].chefs == 0)
            continue;
        char clock[CLOCK_SIZE];
        clock_print(slots[i].local, clock);
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s", at ? " " : "", clock);
    }
    return text;
}

/* One span of that day as the statement tells: UTC hours, the day it counts for, an event or not.
 */
static const char *span(const char *day, int from_minute, int until_minute, int is_event)
{
    static char texts[4][80];
    static size_t next;
    char *text = texts[next++ % 4];
    int32_t midnight = date_days(day) * MINUTES_PER_DAY;
    snprintf(text, sizeof(texts[0]), "%d %d %d %d", midnight + from_minute, midnight + until_minute,
             date_days(day), is_event);
    return text;
}

static void hours_hold_the_event(void **state UNUSED)
{
    static const struct {
        const char *week, *starts;
    } cases[] = {
        /* Monday from 12:00 to 16:00: the ways there and back lie outside. */
        {"720 960", "12:00 12:30 13:00 13:30 14:00"},
        {"", ""},
        {"2160 2400", ""}, /* Tuesday */
        {"720 839", ""},   /* a minute short */
        {"720 840", "12:00"},
        {"720 840 840 960", "12:00 12:30 13:00 13:30 14:00"}, /* two that meet are one */
        {"720 840 841 960", "12:00"},
        {"1320 1500", "22:00 22:30"},        /* until 01:00 on Tuesday */
        {"8640 10920", "11:00 11:30 12:00"}, /* Sunday to Monday 14:00 */
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct avail_wish wish = wish_of(DAY, DAY);
        struct avail *v = avail_of(UTC, &wish);
        chef_add(v, cases[i].week, "", "");
        assert_string_equal(free_starts(v), cases[i].starts);
    }
}

static void exceptions_replace_the_week(void **state UNUSED)
{
    int32_t day = date_days(DAY);
    char off[60], other[60], later[60];
    snprintf(off, sizeof(off), "%d %d -1 -1", day, day + 1);
    snprintf(other, sizeof(other), "%d %d 1080 1200", day, day + 3);
    snprintf(later, sizeof(later), "%d %d -1 -1", day + 1, day + 2);
    const struct {
        const char *exceptions, *starts;
    } cases[] = {
        {off, ""},
        {other, "18:00"},
        {later, "12:00 12:30 13:00 13:30 14:00"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct avail_wish wish = wish_of(DAY, DAY);
        struct avail *v = avail_of(UTC, &wish);
        chef_add(v, "720 960", cases[i].exceptions, "");
        assert_string_equal(free_starts(v), cases[i].starts);
    }
}

static void what_is_taken_is_taken_with_its_ways(void **state UNUSED)
{
    struct avail_wish wish = wish_of(DAY, DAY);
    struct avail *v = avail_of(UTC, &wish);
    /* Busy from 15:00 to 17:00: an event may end, with its way back, at 15:00, or begin, with its
     * way there, at 17:00. */
    chef_add(v, "660 1380", "", span(DAY, 15 * 60, 17 * 60, 1));
    assert_string_equal(free_starts(v),
                        "11:00 11:30 12:00 18:00 18:30 19:00 19:30 20:00 20:30 21:00");
}

static void a_span_of_the_day_before_counts(void **state UNUSED)
{
    struct avail_wish wish = wish_of(DAY, DAY);
    struct avail *v = avail_of(UTC, &wish);
    chef_add(v, "0 1440", "", span("2026-06-14", 20 * 60, 24 * 60 + 20 * 60, 1));
    assert_string_equal(free_starts(v), "21:00 21:30 22:00");
}

static void a_chef_has_a_limit_a_day(void **state UNUSED)
{
    struct avail_wish wish = wish_of(DAY, "2026-06-16");
    struct avail *v = avail_of(UTC, &wish);
    char two[200];
    snprintf(two, sizeof(two), "%s %s", span(DAY, 0, 60, 1), span(DAY, 120, 180, 0));
    chef_add(v, "0 1440 2100 2280", "", two);
    assert_string_equal(free_starts(v), "11:00 11:30 12:00"); /* of Tuesday */
}

static void capacity_closes_the_station(void **state UNUSED)
{
    struct avail_wish wish = wish_of(DAY, DAY);
    wish.capacity = 2;
    struct avail *v = avail_of(UTC, &wish);
    chef_add(v, "660 1380", "", span(DAY, 12 * 60, 16 * 60, 1));
    chef_add(v, "660 1380", "", span(DAY, 14 * 60, 18 * 60, 1));
    chef_add(v, "660 1380", "", "");
    /* Two run from 14:00 to 16:00. The third chef's event may touch that, not overlap it. */
    assert_string_equal(free_starts(v),
                        "11:00 17:00 17:30 18:00 18:30 19:00 19:30 20:00 20:30 21:00");
    /* As many chefs as events at once: then capacity says nothing. */
    wish.capacity = 3;
    v = avail_of(UTC, &wish);
    chef_add(v, "660 1380", "", span(DAY, 12 * 60, 16 * 60, 1));
    chef_add(v, "660 1380", "", span(DAY, 12 * 60, 16 * 60, 1));
    chef_add(v, "660 840", "", "");
    assert_string_equal(free_starts(v), "11:00 11:30 12:00 17:00 17:30 18:00 18:30 19:00 19:30 "
                                        "20:00 20:30 21:00");
}

static void helping_is_no_event_of_the_station(void **state UNUSED)
{
    struct avail_wish wish = wish_of(DAY, DAY);
    wish.capacity = 1;
    struct avail *v = avail_of(UTC, &wish);
    chef_add(v, "660 1380", "", span(DAY, 12 * 60, 16 * 60, 0));
    chef_add(v, "660 840", "", "");
    assert_string_equal(free_starts(v), "11:00 11:30 12:00 17:00 17:30 18:00 18:30 19:00 19:30 "
                                        "20:00 20:30 21:00");
}

static void too_soon_and_too_late_are_not_offered(void **state UNUSED)
{
    struct avail_wish wish = wish_of(DAY, DAY);
    wish.earliest = date_days(DAY) * MINUTES_PER_DAY + 13 * 60 + 1;
    wish.latest = date_days(DAY) * MINUTES_PER_DAY + 14 * 60;
    struct avail *v = avail_of(UTC, &wish);
    chef_add(v, "0 1440", "", "");
    assert_string_equal(free_starts(v), "13:30 14:00");
}

static void chefs_are_counted(void **state UNUSED)
{
    struct avail_wish wish = wish_of(DAY, DAY);
    struct avail *v = avail_of(UTC, &wish);
    size_t n;
    chef_add(v, "660 840", "", "");
    chef_add(v, "660 810", "", "");
    chef_add(v, "690 1380", "", "");
    avail_finish(v);
    const struct avail_slot *slots = avail_slots(v, &n);
    assert_int_equal(n, 24);
    assert_int_equal(slots[0].chefs, 2);
    assert_int_equal(slots[1].chefs, 3);
    assert_int_equal(slots[2].chefs, 2);
    assert_int_equal(slots[3].chefs, 1);
}

/* In a zone that puts clocks forward over noon, as none does, those starts are not there; and an
 * event that lasts over the change ends later by the clock. */
static void a_clock_change_is_minded(void **state UNUSED)
{
    struct avail_wish wish = wish_of(DAY, DAY);
    char zone[60];
    snprintf(zone, sizeof(zone), "0 0 %d 60", date_days(DAY) * MINUTES_PER_DAY + 12 * 60);
    struct avail *v = avail_of(zone, &wish);
    chef_add(v, "660 840", "", ""); /* 11:00 to 14:00 by the clock: two hours */
    assert_string_equal(free_starts(v), "11:00");
    v = avail_of(zone, &wish);
    chef_add(v, "660 1380", "", "");
    assert_null(strstr(free_starts(v), "12:"));
    assert_non_null(strstr(free_starts(v), "13:00"));
}

static void the_nearest_come_first(void **state UNUSED)
{
    static const char *const expected[] = {"2026-06-15T17:30:00Z", "2026-06-15T18:30:00Z",
                                           "2026-06-15T17:00:00Z", "2026-06-15T19:00:00Z",
                                           "2026-06-16T18:00:00Z"};
    struct avail_wish wish = wish_of(DAY, "2026-06-17");
    struct avail *v = avail_of(UTC, &wish);
    const struct avail_slot *list[5];
    chef_add(v, "1020 1260 2460 2700 3900 4140", "", "");
    avail_finish(v);
    size_t n = avail_nearest(v, date_days(DAY) * MINUTES_PER_DAY + 18 * 60, list, 5);
    assert_int_equal(n, 5);
    for (size_t i = 0; i < n; i++) {
        char text[UTC_MINUTE_SIZE];
        utc_minute_print(list[i]->utc, text);
        assert_string_equal(text, expected[i]);
    }
    v = avail_of(UTC, &wish);
    assert_int_equal(avail_nearest(v, 0, list, 5), 0);
}

static void slots_are_written(void **state UNUSED)
{
    struct avail_slot s = {.utc = date_days("2026-06-16") * MINUTES_PER_DAY + 60,
                           .local = date_days(DAY) * MINUTES_PER_DAY + 18 * 60,
                           .chefs = 3};
    struct buf out = BUF_INIT(1000);
    struct json_writer w = JSON_WRITER(&out);
    avail_slot_write(&w, &s);
    assert_int_equal(buf_err(&out), ERR_OK);
    assert_string_equal(out.data, "\"date\":\"2026-06-15\",\"time\":\"18:00\","
                                  "\"starts_at\":\"2026-06-16T01:00:00Z\",\"chefs\":3");
    buf_free(&out);
}

static void broken_texts_are_refused(void **state UNUSED)
{
    static const struct avail_chef chefs[] = {
        {.week = "x", .exceptions = "", .busy = ""},
        {.week = "1", .exceptions = "", .busy = ""},
        {.week = "5 1", .exceptions = "", .busy = ""},
        {.week = "1 9999999", .exceptions = "", .busy = ""},
        {.week = "", .exceptions = "1 2 3", .busy = ""},
        {.week = "", .exceptions = "x", .busy = ""},
        {.week = "", .exceptions = "", .busy = "1 2 3"},
        {.week = "", .exceptions = "", .busy = "1 2 3 4 x"},
        {.week = "", .exceptions = "0 100000 2140082760 2140082760", .busy = ""},
        {.week = "", .exceptions = "", .busy = "-2147483639 2147483639 1 1"},
    };
    struct avail_wish wish = wish_of(DAY, DAY);
    for (size_t i = 0; i < ARRAY_LEN(chefs); i++) {
        struct avail *v = avail_of(UTC, &wish);
        assert_int_equal(avail_add_chef(v, &chefs[i]), ERR_MALFORMED);
    }
}

static void bounds_hold(void **state UNUSED)
{
    struct zone zone;
    struct avail *v;
    struct avail_wish wish = wish_of(DAY, "2026-06-14");
    assert_int_equal(zone_parse(UTC, &zone), ERR_OK);
    assert_int_equal(avail_new(arena, &zone, &wish, &v), ERR_INVALID);
    wish = wish_of(DAY, "2026-09-15");
    assert_int_equal(avail_new(arena, &zone, &wish, &v), ERR_INVALID);
    wish = wish_of(DAY, "2026-09-14");
    assert_int_equal(avail_new(arena, &zone, &wish, &v), ERR_OK);
    wish.last_start = 2000;
    assert_int_equal(avail_new(arena, &zone, &wish, &v), ERR_INVALID);
}

static bool count(void *arg UNUSED)
{
    struct arena *a = arena_new(4 << 20);
    struct zone zone;
    struct avail *v;
    struct avail_wish wish = wish_of(DAY, "2026-09-14");
    struct avail_chef chef = {.week = "0 10080", .exceptions = "", .max_events = 9};
    chef.busy = span(DAY, 0, 60, 1);
    bool ok = a && zone_parse(UTC, &zone) == ERR_OK && avail_new(a, &zone, &wish, &v) == ERR_OK;
    for (int i = 0; ok && i < 300; i++)
        ok = avail_add_chef(v, &chef) == ERR_OK;
    if (ok)
        avail_finish(v);
    arena_free(a);
    return ok;
}

static void memory_may_run_out(void **state UNUSED)
{
    torture(count, NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(hours_hold_the_event),
        TEST(exceptions_replace_the_week),
        TEST(what_is_taken_is_taken_with_its_ways),
        TEST(a_span_of_the_day_before_counts),
        TEST(a_chef_has_a_limit_a_day),
        TEST(capacity_closes_the_station),
        TEST(helping_is_no_event_of_the_station),
        TEST(too_soon_and_too_late_are_not_offered),
        TEST(chefs_are_counted),
        TEST(a_clock_change_is_minded),
        TEST(the_nearest_come_first),
        TEST(slots_are_written),
        TEST(broken_texts_are_refused),
        TEST(bounds_hold),
        cmocka_unit_test(memory_may_run_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
