/* The route table of booking: its parts in one array. */
#include "booking.h"
#include "booking_core_api.h"
#include "routes_catalogue.h"
#include "routes_core.h"
#include "routes_people.h"

/* The files have macros of their own, which stand between rows: clang-format cannot read that. */
/* clang-format off */
const struct route booking_routes[] = {
#include "routes_catalogue.inc"
#include "routes_core.inc"
#include "routes_people.inc"
};
/* clang-format on */
const size_t booking_n_routes = ARRAY_LEN(booking_routes);

const struct pg_constraint booking_constraints[] = {
#include "constraints_catalogue.inc"
#include "constraints_core.inc"
};
const size_t booking_n_constraints = ARRAY_LEN(booking_constraints);
