/* Dates and times as they are where the venue is. Pure: the zone's offsets come from PostgreSQL,
 * whose time zone data is the one that bookings are made with.
 *
 * Times are minutes since 1970-01-01 00:00, of UTC or of the venue's clock; days count from the
 * same day. Years 1900-2199. */
#ifndef BOOKING_VENUE_TIME_H
#define BOOKING_VENUE_TIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"

#define MINUTES_PER_DAY 1440
#define DATE_SIZE 11       /* 2026-03-01 */
#define CLOCK_SIZE 6       /* 18:00 */
#define UTC_MINUTE_SIZE 21 /* 2026-03-01T18:00:00Z */

/* text is a valid ISO date, HH:MM: field tables have seen to that. */
int32_t date_days(const char *text);
int32_t clock_minutes(const char *text);
void date_print(int32_t days, char ret_text[DATE_SIZE]);
void clock_print(int32_t minutes, char ret_text[CLOCK_SIZE]); /* of a day, or of a local time */
void utc_minute_print(int32_t utc, char ret_text[UTC_MINUTE_SIZE]);
int weekday_of(int32_t days);     /* 0 is Monday */
int32_t month_first(int32_t day); /* of the month that has the day */
int32_t month_last(int32_t day);

#define ZONE_MAX_OFFSETS 16

/* From `from` (UTC) on the venue's clock is `minutes` ahead of UTC; the first row is valid before,
 * too. */
struct zone {
    struct zone_offset {
        int32_t from, minutes;
    } offsets[ZONE_MAX_OFFSETS];
    size_t n;
};

/* Reads what booking.zone_offsets() gives: "from minutes from minutes ...". ERR_MALFORMED when it
 * is not that, or out of order. */
MUSTCHECK
enum err zone_parse(const char *text, struct zone *ret_zone);
int32_t zone_to_local(const struct zone *z, int32_t utc);
/* False when clocks are put forward over that time. Of two times it is the first. */
bool zone_to_utc(const struct zone *z, int32_t local, int32_t *ret_utc);

/* Reads the next integer of a text of integers and spaces; false at its end or at anything else,
 * also at one beyond the bound: two within it can be added. It is minutes of the year 2350. */
#define INT_NEXT_MAX 200000000
bool int_next(const char **text, int32_t *ret_value);

#endif
