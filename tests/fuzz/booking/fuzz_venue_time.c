/* Dates and the offsets of a time zone. The first line is a date, the second a time of day, the
 * third the offsets as PostgreSQL gives them. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/str.h"
#include "venue_time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool property)
{
    if (!property)
        abort();
}

static void check_date(const char *text)
{
    char again[DATE_SIZE];
    int32_t day = date_days(text);
    date_print(day, again);
    require(strcmp(text, again) == 0);
    require(weekday_of(day) == (weekday_of(day - 1) + 1) % 7 || day <= 0);
    require(month_first(day) <= day && day <= month_last(day) &&
            month_last(day) - month_first(day) < 31);
}

/* What the clock shows at some moment is found again, at that moment or an earlier one. */
static void check_zone(const struct zone *z, int32_t utc)
{
    int32_t found, local = zone_to_local(z, utc);
    require(zone_to_utc(z, local, &found));
    require(found <= utc && zone_to_local(z, found) == local);
    if (zone_to_utc(z, utc, &found))
        require(zone_to_local(z, found) == utc);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena *a = arena_new(4 * size + 65536);
    struct str rest = {(const char *)data, size};
    struct str date = str_cut(&rest, '\n'), time = str_cut(&rest, '\n');
    const char *date_text = a ? arena_strndup(a, date.p, date.n) : NULL;
    const char *time_text = a ? arena_strndup(a, time.p, time.n) : NULL;
    const char *offsets = a ? arena_strndup(a, rest.p, rest.n) : NULL;
    int32_t moment = 0;
    struct zone z;
    if (!date_text || !time_text || !offsets)
        abort();
    if (str_is_date(date)) {
        check_date(date_text);
        moment = date_days(date_text) * MINUTES_PER_DAY;
    }
    if (str_is_time(time)) {
        char again[CLOCK_SIZE];
        clock_print(clock_minutes(time_text), again);
        require(strcmp(time_text, again) == 0);
        moment += clock_minutes(time_text);
    }
    if (zone_parse(offsets, &z) == ERR_OK)
        check_zone(&z, moment);
    arena_free(a);
    return 0;
}
