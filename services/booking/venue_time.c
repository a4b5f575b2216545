/* Dates and local times. The calendar is the proleptic Gregorian one; the arithmetic counts years
 * from March, so that the leap day comes last (H. Hinnant, "chrono-compatible low-level date
 * algorithms"). */
#include "venue_time.h"

#include <string.h>

#define DAYS_0000_TO_1970 719468 /* from 0000-03-01 */
#define DAYS_PER_ERA 146097      /* 400 years */

static int32_t digits(const char *text, int n)
{
    int32_t value = 0;
    for (int i = 0; i < n; i++)
        value = value * 10 + (text[i] - '0');
    return value;
}

static void put_digits(char *to, int32_t value, int n)
{
    while (n-- > 0) {
        to[n] = (char)('0' + value % 10);
        value /= 10;
    }
}

int32_t date_days(const char *text)
{
    int32_t year = digits(text, 4), month = digits(text + 5, 2), day = digits(text + 8, 2);
    year -= month <= 2;
    int32_t era = year / 400, year_of_era = year % 400;
    int32_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    int32_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    return era * DAYS_PER_ERA + day_of_era - DAYS_0000_TO_1970;
}

int32_t clock_minutes(const char *text)
{
    return digits(text, 2) * 60 + digits(text + 3, 2);
}

void date_print(int32_t days, char ret_text[DATE_SIZE])
{
    int32_t z = days + DAYS_0000_TO_1970;
    int32_t era = z / DAYS_PER_ERA, day_of_era = z % DAYS_PER_ERA;
    int32_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int32_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int32_t shifted = (5 * day_of_year + 2) / 153;
    int32_t month = shifted + (shifted < 10 ? 3 : -9);
    int32_t year = year_of_era + era * 400 + (month <= 2);
    put_digits(ret_text, year, 4);
    ret_text[4] = ret_text[7] = '-';
    put_digits(ret_text + 5, month, 2);
    put_digits(ret_text + 8, day_of_year - (153 * shifted + 2) / 5 + 1, 2);
    ret_text[10] = '\0';
}

void clock_print(int32_t minutes, char ret_text[CLOCK_SIZE])
{
    int32_t of_day = minutes % MINUTES_PER_DAY;
    put_digits(ret_text, of_day / 60, 2);
    ret_text[2] = ':';
    put_digits(ret_text + 3, of_day % 60, 2);
    ret_text[5] = '\0';
}

void utc_minute_print(int32_t utc, char ret_text[UTC_MINUTE_SIZE])
{
    date_print(utc / MINUTES_PER_DAY, ret_text);
    ret_text[10] = 'T';
    clock_print(utc, ret_text + 11);
    memcpy(ret_text + 16, ":00Z", 5);
}

int weekday_of(int32_t days)
{
    return (days + 3) % 7; /* 1970-01-01 was a Thursday */
}

int32_t month_first(int32_t day)
{
    char date[DATE_SIZE];
    date_print(day, date);
    return day - digits(date + 8, 2) + 1;
}

int32_t month_last(int32_t day)
{
    return month_first(month_first(day) + 31) - 1;
}

bool int_next(const char **text, int32_t *ret_value)
{
    const char *p = *text;
    while (*p == ' ')
        p++;
    bool minus = *p == '-';
    p += minus;
    if (*p < '0' || *p > '9')
        return false;
    int32_t value = 0;
    for (; *p >= '0' && *p <= '9'; p++) {
        value = value * 10 + (*p - '0');
        if (value > INT_NEXT_MAX)
            return false;
    }
    *ret_value = minus ? -value : value;
    *text = p;
    return true;
}

enum err zone_parse(const char *text, struct zone *ret_zone)
{
    struct zone z = {.n = 0};
    while (z.n < ZONE_MAX_OFFSETS && int_next(&text, &z.offsets[z.n].from)) {
        if (!int_next(&text, &z.offsets[z.n].minutes) ||
            z.offsets[z.n].minutes < -MINUTES_PER_DAY || z.offsets[z.n].minutes > MINUTES_PER_DAY ||
            (z.n > 0 && z.offsets[z.n].from <= z.offsets[z.n - 1].from))
            return ERR_MALFORMED;
        z.n++;
    }
    if (z.n == 0 || *text != '\0')
        return ERR_MALFORMED;
    *ret_zone = z;
    return ERR_OK;
}

int32_t zone_to_local(const struct zone *z, int32_t utc)
{
    size_t i = z->n - 1;
    while (i > 0 && utc < z->offsets[i].from)
        i--;
    return utc + z->offsets[i].minutes;
}

bool zone_to_utc(const struct zone *z, int32_t local, int32_t *ret_utc)
{
    for (size_t i = 0; i < z->n; i++) {
        int32_t utc = local - z->offsets[i].minutes;
        if ((i == 0 || utc >= z->offsets[i].from) &&
            (i + 1 == z->n || utc < z->offsets[i + 1].from)) {
            *ret_utc = utc;
            return true;
        }
    }
    return false;
}
