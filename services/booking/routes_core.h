/* The core's steps, for routes.c, and what its files share. */
#ifndef BOOKING_ROUTES_CORE_H
#define BOOKING_ROUTES_CORE_H

#include <stddef.h>

#include "common/bus.h"
#include "common/req.h"

extern const struct step availability_get_steps[], hold_create_steps[], hold_release_steps[],
    booking_create_steps[], booking_get_steps[], booking_list_steps[], booking_update_steps[],
    booking_delete_steps[], booking_restore_steps[], booking_move_steps[], booking_cancel_steps[],
    booking_reschedule_steps[], booking_assign_steps[], booking_note_list_steps[],
    booking_note_add_steps[], booking_history_steps[], calendar_get_steps[], feed_create_steps[],
    feed_list_steps[], feed_revoke_steps[], feed_get_steps[], booking_calendar_steps[],
    booking_link_send_steps[], waitlist_create_steps[], waitlist_list_steps[],
    waitlist_remove_steps[], dashboard_steps[], equipment_list_steps[], equipment_create_steps[],
    equipment_update_steps[];

/* The end of a feed's path, after its token. */
#define CALENDAR_FEED_SUFFIX ".ics"

/* Kind of the cached dashboards; dropped by whatever happens to a booking. */
#define DASHBOARD_CACHE "dashboard"

/* Room for the ctx of any of them; each file asserts its own. */
#define CORE_CTX_BYTES 192

/* Refuses an If-Match that cannot be a version of ours. */
step_fn booking_version;
/* The hold that a token names; on failure the request has failed. */
enum step_rc hold_token_read(struct req *r, const char *token, const char **ret_id);

#endif
