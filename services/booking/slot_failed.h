/* When the time that somebody wants cannot be had: what every route that takes a chef's time does
 * then. It says what is free instead, and, when there is somebody to follow up with, leaves a word
 * in the event log (booking.failed). */
#ifndef BOOKING_SLOT_FAILED_H
#define BOOKING_SLOT_FAILED_H

#include <stdbool.h>
#include <stdint.h>

#include "common/req.h"

/* What was tried: the first member of the ctx of such a route. */
struct slot_try {
    const char *station_id; /* NULL: not known yet */
    const char *event_date, *event_time;
    int32_t duration_minutes, travel_minutes;
    bool lead; /* somebody to follow up with: r->in_json says whom */
};

step_fn slot_lead, slot_search, slot_refuse;

/* The last rows of such a route. Trouble with the event log or the search hides no answer. */
/* clang-format off */
#define SLOT_FAILED                                                                                \
    CATCH(ERR_SLOT_TAKEN, slot_lead),                                                              \
    CATCH(ERR_SLOT_TAKEN, slot_search),                                                            \
    CATCH(ERR_SLOT_TAKEN, slot_refuse),                                                            \
    CATCH(ERR_NO_CHEF, slot_lead),                                                                 \
    CATCH(ERR_NO_CHEF, slot_search),                                                               \
    CATCH(ERR_NO_CHEF, slot_refuse),                                                               \
    CATCH(ERR_TOO_SOON, slot_lead),                                                                \
    CATCH(ERR_TOO_SOON, slot_refuse),                                                              \
    CATCH(ERR_OUT_OF_AREA, slot_lead),                                                             \
    CATCH(ERR_OUT_OF_AREA, slot_refuse),                                                           \
    CATCH(ERR_UNAVAILABLE, slot_refuse),                                                           \
    CATCH(ERR_TIMEOUT, slot_refuse),                                                               \
    CATCH(ERR_BUSY, slot_refuse)
/* clang-format on */

#endif
