/* What a booking costs: the wish for a quote, from a body or from what is stored, and its price as
 * the database keeps it. */
#ifndef BOOKING_PRICE_H
#define BOOKING_PRICE_H

#include <stdint.h>

#include "common/json.h"
#include "common/req.h"

#include "quote.h"

struct price {
    const char *json; /* the quote, as booking.book() and its like take it */
    const char *station_id;
    int32_t travel_minutes; /* one way */
};

/* The five digits of a ZIP code that may have nine. NULL: the arena is full. */
const char *price_zip(struct req *r, const char *zip);
/* [{code, quantity}], validated: fills in->items. NULL: none. */
void price_items(struct quote_in *in, const struct json *addons);
/* From a signed quote, or, when that is NULL, from today's catalogue. On failure the request has
 * failed: ERR_OUT_OF_AREA when nobody serves the venue. STEP_NEXT: *ret_price is set. */
enum step_rc price_make(struct req *r, struct quote_in *in, const char *signed_quote,
                        struct price *ret_price);

#endif
