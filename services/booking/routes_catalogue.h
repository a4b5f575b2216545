/* The catalogue's steps, for routes.c, and what its files share. */
#ifndef BOOKING_ROUTES_CATALOGUE_H
#define BOOKING_ROUTES_CATALOGUE_H

#include "common/req.h"

#include "booking_catalogue_api.h"
#include "booking_quote_api.h"
#include "quote_http.h"

extern const struct step station_list_steps[], station_get_steps[], station_create_steps[],
    station_update_steps[], menu_list_steps[], addon_list_steps[], menu_all_steps[],
    menu_get_steps[], menu_create_steps[], menu_update_steps[], pricing_get_steps[],
    price_history_steps[], price_set_steps[], price_peak_create_steps[], price_peak_update_steps[],
    price_peak_end_steps[];

/* Refuses who may do it at some stations only. */
step_fn everywhere_only;

#endif
