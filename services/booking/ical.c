/* iCalendar (RFC 5545), written into a buffer whose errors stick: the caller checks it once.
 *
 * A line is folded while it is written, so that no copy of it is needed: the folder counts octets
 * and opens a new line before a character that would not fit. All times are UTC, so there is no
 * VTIMEZONE; a calendar shows them in the zone of its owner. */
#include "ical.h"

#include <stddef.h>
#include <stdio.h>

#include "common/clock.h"
#include "common/compiler.h"
#include "common/str.h"

#define LINE_OCTETS 75 /* without the CRLF, RFC 5545 section 3.1 */

struct folder {
    struct buf *out;
    size_t octets; /* on the line so far */
};

static size_t char_octets(const char *p)
{
    unsigned char lead = (unsigned char)p[0];
    size_t n = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    size_t i = 1;
    while (i < n && ((unsigned char)p[i] & 0xc0) == 0x80)
        i++;
    return i; /* a cut character ends at the NUL, not behind it */
}

static void fold(struct folder *f, const char *p, size_t n)
{
    if (f->octets + n > LINE_OCTETS) {
        buf_adds(f->out, "\r\n ");
        f->octets = 1;
    }
    buf_add(f->out, p, n);
    f->octets += n;
}

static void fold_all(struct folder *f, const char *text)
{
    while (*text != '\0') {
        size_t n = char_octets(text);
        fold(f, text, n);
        text += n;
    }
}

/* RFC 5545 section 3.3.11. An escape stays on one line. */
static void fold_escaped(struct folder *f, const char *text)
{
    while (*text != '\0') {
        size_t n = char_octets(text);
        char escape[2] = {'\\', *text};
        if (*text == '\n') {
            escape[1] = 'n';
            fold(f, escape, 2);
        } else if (*text == '\\' || *text == ',' || *text == ';') {
            fold(f, escape, 2);
        } else if ((unsigned char)*text >= ' ' && *text != 0x7f) {
            fold(f, text, n);
        }
        text += n;
    }
}

void ical_line(struct buf *out, const char *name, const char *value)
{
    struct folder f = {.out = out};
    fold_all(&f, name);
    fold(&f, ":", 1);
    fold_all(&f, value);
    buf_adds(out, "\r\n");
}

void ical_text(struct buf *out, const char *name, const char *value)
{
    if (value == NULL || *value == '\0')
        return;
    struct folder f = {.out = out};
    fold_all(&f, name);
    fold(&f, ":", 1);
    fold_escaped(&f, value);
    buf_adds(out, "\r\n");
}

/* 2026-03-01T18:00:00.123456Z without its punctuation and fraction is 20260301T180000Z. */
static void line_time(struct buf *out, const char *name, int64_t us)
{
    char rfc3339[RFC3339_SIZE], basic[RFC3339_SIZE];
    size_t n = 0;
    clock_rfc3339(us, rfc3339);
    for (const char *p = rfc3339; *p != '\0' && *p != '.' && *p != 'Z'; p++) {
        if (*p != '-' && *p != ':')
            basic[n++] = *p;
    }
    basic[n++] = 'Z';
    basic[n] = '\0';
    ical_line(out, name, basic);
}

void ical_open(struct buf *out, const char *name)
{
    ical_line(out, "BEGIN", "VCALENDAR");
    ical_line(out, "VERSION", "2.0");
    ical_line(out, "PRODID", "-//My Hibachi//Booking//EN");
    ical_line(out, "CALSCALE", "GREGORIAN");
    ical_line(out, "METHOD", "PUBLISH");
    ical_text(out, "NAME", name);         /* RFC 7986 */
    ical_text(out, "X-WR-CALNAME", name); /* what most calendars read */
    ical_line(out, "REFRESH-INTERVAL;VALUE=DURATION", "PT15M");
}

void ical_event(struct buf *out, const struct ical_event *e, int64_t stamp_us)
{
    static const char *const statuses[] = {"TENTATIVE", "CONFIRMED", "CANCELLED"};
    char sequence[24];

    snprintf(sequence, sizeof(sequence), "%lld", (long long)e->sequence);
    ical_line(out, "BEGIN", "VEVENT");
    ical_text(out, "UID", e->uid);
    line_time(out, "DTSTAMP", stamp_us);
    line_time(out, "DTSTART", e->starts_us);
    line_time(out, "DTEND", e->ends_us);
    line_time(out, "LAST-MODIFIED", e->changed_us);
    ical_line(out, "SEQUENCE", sequence);
    ical_line(out, "STATUS", statuses[e->status]);
    ical_text(out, "SUMMARY", e->summary);
    ical_text(out, "LOCATION", e->location);
    ical_text(out, "DESCRIPTION", e->description);
    ical_line(out, "END", "VEVENT");
}

void ical_close(struct buf *out)
{
    ical_line(out, "END", "VCALENDAR");
}
