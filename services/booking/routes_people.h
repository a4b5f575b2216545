/* The steps of chefs and customers, for routes.c. */
#ifndef BOOKING_ROUTES_PEOPLE_H
#define BOOKING_ROUTES_PEOPLE_H

#include "common/req.h"

#include "booking_people_api.h"

extern const struct step chef_list_steps[], chef_get_steps[], chef_create_steps[],
    chef_update_steps[], chef_week_get_steps[], chef_week_set_steps[], chef_exception_list_steps[],
    chef_exception_add_steps[], chef_exception_remove_steps[], customer_list_steps[],
    customer_get_steps[], customer_create_steps[], customer_update_steps[], customer_delete_steps[],
    customer_restore_steps[], customer_merge_steps[], customer_me_steps[],
    customer_me_update_steps[];

#endif
