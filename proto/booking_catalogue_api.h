/* What the routes of stations, menu and prices take and give. Structs hold what the service's C
 * code reads; the rest goes to PostgreSQL as one JSON parameter. */
#ifndef PROTO_BOOKING_CATALOGUE_API_H
#define PROTO_BOOKING_CATALOGUE_API_H

#include "common/field.h"

struct menu_update_in {
    const char *reason;
};

struct price_set_in {
    const char *code, *effective_from;
};

extern const struct field_table station_create_in, station_update_in, menu_create_in,
    menu_update_in, price_set_in, price_peak_create_in, price_peak_update_in, price_peak_end_in;

extern const struct field_table menu_query, price_history_query;

extern const struct field_table station_out, menu_item_out, pricing_out, price_out, price_peak_out,
    price_change_out;

#endif
