/* Which starts are free, and for how many chefs. Pure: what it counts with comes as text from one
 * statement, sql/availability_load.sql.
 *
 * A chef is free for a start when his working hours have the whole event and nothing that he has to
 * do overlaps the event with its ways, set-up and pack-up. The same rule in SQL takes the chef of a
 * booking (booking.chefs_idle(), booking.chef_works()); a test holds them against each other. */
#ifndef BOOKING_AVAILABILITY_H
#define BOOKING_AVAILABILITY_H

#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/compiler.h"
#include "common/err.h"
#include "common/json.h"

#include "venue_time.h"

#define AVAIL_MAX_DAYS 92
#define AVAIL_STEP_MINUTES 30
#define AVAIL_MAX_SPANS 100000 /* of all chefs */

/* A start. All in minutes. */
struct avail_slot {
    int32_t utc, local, local_end;
    int32_t chefs; /* free ones */
};

struct avail_wish {
    int32_t first_day, last_day; /* both included */
    int32_t duration;
    int32_t before, after;           /* ways, set-up and pack-up beside the event */
    int32_t earliest, latest;        /* UTC: starts outside are not offered */
    int32_t first_start, last_start; /* of a day; the last one is not offered itself */
    int32_t capacity;                /* events at once */
};

/* A chef, as the statement tells. Times are minutes, days count from the epoch. */
struct avail_chef {
    const char *week;       /* "from until ...": since Monday 00:00, not overlapping, in order */
    const char *exceptions; /* "first_day end_day from until ...": -1 -1: does not work */
    const char *busy;       /* "from until day is_event ..." in UTC */
    int32_t max_events;     /* a day */
};

struct avail;

/* ERR_TOO_LARGE: arena or bounds. Everything lives in the arena. */
MUSTCHECK
enum err avail_new(struct arena *a, const struct zone *zone, const struct avail_wish *wish,
                   struct avail **ret_avail);
/* ERR_MALFORMED when a text is not in the form above; ERR_TOO_LARGE. */
MUSTCHECK
enum err avail_add_chef(struct avail *v, const struct avail_chef *chef);
/* After the last chef: takes out what exceeds the station's capacity. */
void avail_finish(struct avail *v);

const struct avail_slot *avail_slots(const struct avail *v, size_t *ret_n);
/* Up to `max` free starts for somebody who wanted `local`: those of that day by nearness, then
 * those of the following days by nearness to that time of day. */
size_t avail_nearest(const struct avail *v, int32_t local, const struct avail_slot **ret_list,
                     size_t max);

/* One start as members of the open object: date, time, starts_at, chefs. */
void avail_slot_write(struct json_writer *w, const struct avail_slot *s);

#endif
