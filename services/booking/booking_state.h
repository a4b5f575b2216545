/* The states of a booking and the moves between them. The same as the tables booking.states and
 * booking.state_moves, which hold the database to it; a test compares them. */
#ifndef BOOKING_STATE_H
#define BOOKING_STATE_H

#include <stdbool.h>

enum booking_state {
    BOOKING_PENDING,
    BOOKING_CONFIRMED,
    BOOKING_SEATED,
    BOOKING_COMPLETED,
    BOOKING_CANCELLED,
    BOOKING_NO_SHOW,
    BOOKING_STATE_MAX /* none of them */
};

const char *booking_state_name(enum booking_state s);
/* BOOKING_STATE_MAX when there is none of that name. */
enum booking_state booking_state_find(const char *name);
bool booking_may_move(enum booking_state from, enum booking_state to);
/* Counts against a second booking of the same customer at the same time. */
bool booking_is_active(enum booking_state s);
/* Keeps the time of its chef. */
bool booking_blocks(enum booking_state s);

#endif
