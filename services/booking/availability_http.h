/* Reading which times are free, for the route that shows them and for those that offer others. */
#ifndef BOOKING_AVAILABILITY_HTTP_H
#define BOOKING_AVAILABILITY_HTTP_H

#include <stdint.h>

#include "common/req.h"

#include "availability.h"

/* Kind of the cached replies, before the station's id. Dropped by whatever changes its free times.
 */
#define AVAILABILITY_CACHE "availability:"

struct availability_ask {
    int32_t first_day, last_day; /* both included */
    int32_t duration_minutes, travel_minutes;
};

/* Starts the statement; days as above. */
enum step_rc availability_load(struct req *r, const char *station_id, int32_t first_day,
                               int32_t last_day);
/* Counts with what it gave (r->rows). ERR_NOT_FOUND: there is no such station. */
MUSTCHECK
enum err availability_read(struct req *r, const struct availability_ask *ask,
                           struct avail **ret_avail);

#endif
