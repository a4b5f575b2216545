/* What POST /api/v1/bookings/quote takes and gives. */
#ifndef PROTO_BOOKING_QUOTE_API_H
#define PROTO_BOOKING_QUOTE_API_H

#include <stdint.h>

#include "common/field.h"

struct quote_wish_in {
    int64_t guest_count, adults, children; /* -1: not given */
    const char *venue_zip, *station_id, *date, *event_type, *promo_code;
    const struct json *addons, *items;
};

extern const struct field_table quote_wish_in, quote_out;

#endif
