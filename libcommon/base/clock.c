/* The two clocks. The mapping of the offset file is the process's and stays until another one
 * replaces it.
 *
 * The surprise: the offset is read from the mapped page at each call, so whoever writes the file
 * moves the time of every process that maps it, at once and without a message. The file must not
 * be cut short while it is mapped: the page would be gone (SIGBUS). */
#include "common/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const int64_t no_offset;
static const int64_t *offset = &no_offset;

static int64_t read_clock(clockid_t id)
{
    struct timespec ts;
    clock_gettime(id, &ts);
    return ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / 1000;
}

int64_t clock_wall_us(void)
{
    return read_clock(CLOCK_REALTIME) + __atomic_load_n(offset, __ATOMIC_RELAXED);
}

int64_t clock_mono_us(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

static enum err map_file(int fd, const int64_t **ret_map)
{
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size < (off_t)sizeof **ret_map)
        return ERR_INVALID;
    void *p = mmap(NULL, sizeof **ret_map, PROT_READ, MAP_SHARED, fd, 0);
    if (p == MAP_FAILED)
        return ERR_NO_MEMORY;
    *ret_map = p;
    return ERR_OK;
}

enum err clock_map_offset(const char *path)
{
    /* O_NONBLOCK: opening a pipe must not wait for its writer. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_UNAVAILABLE;
    const int64_t *map;
    enum err e = map_file(fd, &map);
    close(fd);
    if (e != ERR_OK)
        return e;
    if (offset != &no_offset)
        munmap((void *)(uintptr_t)offset, sizeof *offset);
    offset = map;
    return ERR_OK;
}

/* The proleptic Gregorian date of a day counted from 1970-01-01. Years are counted from March, so
 * that the leap day is the last of its year; an era is 400 of them, 146097 days. */
static void civil_from_days(int64_t days, int64_t *ret_year, int *ret_month, int *ret_day)
{
    days += 719468; /* from 0000-03-01 */
    int64_t era = (days >= 0 ? days : days - 146096) / 146097;
    int64_t day_of_era = days - era * 146097;
    int64_t year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    int64_t month = (5 * day_of_year + 2) / 153; /* 0 is March */
    *ret_day = (int)(day_of_year - (153 * month + 2) / 5 + 1);
    *ret_month = (int)(month < 10 ? month + 3 : month - 9);
    *ret_year = year_of_era + era * 400 + (month >= 10);
}

/* Writes value with leading zeros; without snprintf because every log line has a time. */
static char *put_digits(char *out, int64_t value, int width)
{
    for (int i = width - 1; i >= 0; i--) {
        out[i] = (char)('0' + value % 10);
        value /= 10;
    }
    return out + width;
}

void clock_rfc3339(int64_t wall_us, char ret_text[RFC3339_SIZE])
{
    static const int64_t first = INT64_C(-62167219200) * USEC_PER_SEC;    /* 0000-01-01 */
    static const int64_t last = INT64_C(253402300800) * USEC_PER_SEC - 1; /* the end of 9999 */
    wall_us = wall_us < first ? first : wall_us > last ? last : wall_us;

    int64_t us_per_day = 86400 * USEC_PER_SEC;
    int64_t days = (wall_us - first) / us_per_day - 719528; /* that many from `first` to 1970 */
    int64_t us = (wall_us - first) % us_per_day;
    int64_t s = us / USEC_PER_SEC;
    int64_t year;
    int month, day;
    civil_from_days(days, &year, &month, &day);

    char *out = put_digits(ret_text, year, 4);
    *out++ = '-';
    out = put_digits(out, month, 2);
    *out++ = '-';
    out = put_digits(out, day, 2);
    *out++ = 'T';
    out = put_digits(out, s / 3600, 2);
    *out++ = ':';
    out = put_digits(out, s / 60 % 60, 2);
    *out++ = ':';
    out = put_digits(out, s % 60, 2);
    *out++ = '.';
    out = put_digits(out, us % USEC_PER_SEC, 6);
    *out++ = 'Z';
    *out = '\0';
}
