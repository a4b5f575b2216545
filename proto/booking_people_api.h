/* The bodies and queries of booking's people: chefs and customers. Structs hold what the service's
 * C code reads; the rest goes to PostgreSQL as one JSON parameter. */
#ifndef PROTO_BOOKING_PEOPLE_API_H
#define PROTO_BOOKING_PEOPLE_API_H

#include "common/field.h"

struct chef_exception_in {
    const char *first_day, *last_day;
};

struct customer_delete_in {
    const char *reason;
};

extern const struct field_table chef_create_in, chef_update_in, chef_week_in, chef_exception_in,
    customer_create_in, customer_update_in, customer_me_in, customer_delete_in, customer_merge_in;

extern const struct field_table chef_list_query, chef_exception_query, customer_list_query;

extern const struct field_table chef_out, chef_week_out, chef_exception_out, customer_out;

#endif
