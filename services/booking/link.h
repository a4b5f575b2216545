/* Links that people without an account get: who has one may do with a booking, or with an entry of
 * the waitlist, what its customer may do. They are signed and nowhere kept; SQL says until when
 * they work (booking.link_opens(), waitlist_remove.sql). */
#ifndef BOOKING_LINK_H
#define BOOKING_LINK_H

#include "common/arena.h"
#include "common/compiler.h"
#include "common/err.h"
#include "common/req.h"
#include "common/service.h"

struct link {
    const char *token; /* for "Authorization: Link TOKEN" */
    const char *url;   /* of the page that takes it; the token is in the fragment, which browsers
                          send nowhere */
};

/* The texts live in the arena. version is the booking's link_version, as text. */
MUSTCHECK enum err link_to_booking(const struct svc *svc, struct arena *a, const char *id,
                                   const char *version, struct link *ret_link);
MUSTCHECK enum err link_to_waitlist(const struct svc *svc, struct arena *a, const char *id,
                                    struct link *ret_link);

/* The last steps of what strangers make, as reply_row(): a stranger's reply gets the member `link`.
 * It is no part of what is kept under the key: the first link to a thing is made again from its id.
 */
enum step_rc reply_with_booking_link(struct req *r);
enum step_rc reply_with_waitlist_link(struct req *r);

#endif
