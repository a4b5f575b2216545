/* iCalendar (RFC 5545): a chef's events as a feed that calendars subscribe to. Pure. */
#ifndef BOOKING_ICAL_H
#define BOOKING_ICAL_H

#include <stdint.h>

#include "common/buf.h"

enum ical_status { ICAL_TENTATIVE, ICAL_CONFIRMED, ICAL_CANCELLED };

/* One event. Texts are UTF-8; NULL or "" leaves the property out, but for uid and summary. */
struct ical_event {
    const char *uid;                        /* the same for ever */
    int64_t starts_us, ends_us, changed_us; /* microseconds since the epoch */
    int64_t sequence;                       /* grows with every change */
    enum ical_status status;
    const char *summary, *location, *description;
};

/* A calendar is an opening, its events and a close. stamp_us is the time of writing. */
void ical_open(struct buf *out, const char *name);
void ical_event(struct buf *out, const struct ical_event *e, int64_t stamp_us);
void ical_close(struct buf *out);

/* Appends one content line: folded at 75 octets, never inside a character, ended by CRLF. The value
 * is taken as it is. */
void ical_line(struct buf *out, const char *name, const char *value);
/* The same with a TEXT value: backslash, comma, semicolon and line ends are escaped, other control
 * characters are left out. */
void ical_text(struct buf *out, const char *name, const char *value);

#endif
