/* The link to a booking that its customer gets by mail: who has it needs no account to read,
 * reschedule and cancel the booking. It is signed and nowhere kept; booking.link_opens() says until
 * when it works. */
#ifndef BOOKING_LINK_H
#define BOOKING_LINK_H

#include "common/arena.h"
#include "common/compiler.h"
#include "common/err.h"
#include "common/service.h"

struct link {
    const char *token; /* for "Authorization: Link TOKEN" */
    const char *url;   /* of the page that takes it; the token is in the fragment, which browsers
                          send nowhere */
};

/* version is the booking's link_version, as text. Both texts live in the arena. */
MUSTCHECK enum err link_make(const struct svc *svc, struct arena *a, const char *booking_id,
                             const char *version, struct link *ret_link);

#endif
