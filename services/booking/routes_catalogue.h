/* The catalogue's steps, for routes.c. */
#ifndef BOOKING_ROUTES_CATALOGUE_H
#define BOOKING_ROUTES_CATALOGUE_H

#include "booking_quote_api.h"
#include "quote_http.h"

#endif
