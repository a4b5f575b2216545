/* The state table of bookings, as data. A move is made in one place, booking.booking_set_state().
 */
#include "booking_state.h"

#include <stddef.h>
#include <string.h>

#define TO(state) (1u << BOOKING_##state)

static const struct {
    const char *name;
    bool active, blocks;
    unsigned to; /* bits: the states that may follow */
} states[BOOKING_STATE_MAX] = {
    [BOOKING_PENDING] = {"pending", true, true, TO(CONFIRMED) | TO(CANCELLED)},
    [BOOKING_CONFIRMED] = {"confirmed", true, true, TO(SEATED) | TO(CANCELLED) | TO(NO_SHOW)},
    [BOOKING_SEATED] = {"seated", true, true, TO(COMPLETED)},
    [BOOKING_COMPLETED] = {"completed", false, true, 0},
    [BOOKING_CANCELLED] = {"cancelled", false, false, 0},
    [BOOKING_NO_SHOW] = {"no_show", false, false, 0},
};

const char *booking_state_name(enum booking_state s)
{
    return s < BOOKING_STATE_MAX ? states[s].name : NULL;
}

enum booking_state booking_state_find(const char *name)
{
    enum booking_state s = BOOKING_PENDING;
    while (s < BOOKING_STATE_MAX && strcmp(states[s].name, name) != 0)
        s++;
    return s;
}

bool booking_may_move(enum booking_state from, enum booking_state to)
{
    return from < BOOKING_STATE_MAX && to < BOOKING_STATE_MAX && (states[from].to & (1u << to));
}

bool booking_is_active(enum booking_state s)
{
    return s < BOOKING_STATE_MAX && states[s].active;
}

bool booking_blocks(enum booking_state s)
{
    return s < BOOKING_STATE_MAX && states[s].blocks;
}
