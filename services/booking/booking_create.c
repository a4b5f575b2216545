/* POST /api/v1/bookings. Anybody may book; what must be said depends on who asks: nobody knows a
 * visitor, so he says how to reach him; a signed-in customer is known; staff book for a customer or
 * a contact. */
#include <stddef.h>

#include "booking_core_api.h"
#include "booking_sql.h"
#include "link.h"
#include "price.h"
#include "routes_core.h"
#include "slot_failed.h"
#include "venue_time.h"

#define FIRST_START (11 * 60) /* no station starts earlier, or at LAST_START and later */
#define LAST_START (23 * 60)

struct create {
    struct slot_try tried; /* first */
    struct price price;
    const char *hold_id; /* NULL: none */
    const char *source;
    char duration[8];
};
_Static_assert(sizeof(struct create) <= CORE_CTX_BYTES, "room");

static bool is_staff(const struct req *r)
{
    return r->scope == SCOPE_STATION || r->scope == SCOPE_ALL;
}

static enum step_rc contact_check(struct req *r, const struct booking_create_in *in)
{
    const struct json *c = in->contact;
    bool name = c && json_get(c, "name"), email = c && json_get(c, "email"),
         phone = c && json_get(c, "phone");
    if (r->scope == SCOPE_OWN || (is_staff(r) && in->customer_id))
        return STEP_NEXT;
    if (!name)
        return req_fail_field(r, "/contact/name", "say whose event it is");
    if (is_staff(r))
        return email || phone ? STEP_NEXT
                              : req_fail_field(r, "/contact", "needs an e-mail address or a phone");
    if (!email)
        return req_fail_field(r, "/contact/email", "say how to reach you");
    return phone ? STEP_NEXT : req_fail_field(r, "/contact/phone", "say how to reach you");
}

static enum step_rc staff_fields_check(struct req *r, const struct booking_create_in *in)
{
    static const char *const reason = "only staff may set this";
    if (is_staff(r))
        return STEP_NEXT;
    if (in->assistant_ids)
        return req_fail_field(r, "/assistant_ids", reason);
    if (in->equipment_ids)
        return req_fail_field(r, "/equipment_ids", reason);
    if (in->skills)
        return req_fail_field(r, "/skills", reason);
    if (in->source)
        return req_fail_field(r, "/source", reason);
    return in->customer_id && r->scope != SCOPE_OWN ? req_fail_field(r, "/customer_id", reason)
                                                    : STEP_NEXT;
}

static enum step_rc create_check(struct req *r)
{
    const struct booking_create_in *in = r->in;
    struct create *c = r->ctx;
    int32_t at = clock_minutes(in->event_time);
    if (at < FIRST_START || at >= LAST_START)
        return req_fail_field(r, "/event_time", "Must be from 11:00 and before 23:00");
    if (in->adults + in->children < 1 || in->adults + in->children > QUOTE_MAX_GUESTS)
        return req_fail_field(r, "/adults", "Must be 1 to 50 with the children");
    enum step_rc rc = contact_check(r, in);
    if (rc == STEP_NEXT)
        rc = staff_fields_check(r, in);
    c->source = in->source ? in->source : is_staff(r) ? "staff" : "web";
    c->tried = (struct slot_try){
        .station_id = in->station_id,
        .event_date = in->event_date,
        .event_time = in->event_time,
        .duration_minutes =
            in->duration_minutes ? (int32_t)in->duration_minutes : BOOKING_DEFAULT_MINUTES,
        .lead = in->contact || r->caller.known,
    };
    snprintf(c->duration, sizeof(c->duration), "%d", (int)c->tried.duration_minutes);
    return rc;
}

static enum step_rc create_price(struct req *r)
{
    const struct booking_create_in *in = r->in;
    struct create *c = r->ctx;
    struct quote_in wish = {
        .station_id = in->station_id,
        .venue_zip = price_zip(r, in->venue_zip),
        .date = in->event_date,
        .event_type = in->event_type,
        .promo_code = in->promo_code,
        .adults = in->adults,
        .children = in->children,
    };
    price_items(&wish, in->addons);
    if (!wish.venue_zip)
        return req_fail(r, ERR_NO_MEMORY, NULL);
    enum step_rc rc = price_make(r, &wish, in->quote, &c->price);
    if (rc == STEP_NEXT) {
        c->tried.station_id = c->price.station_id;
        c->tried.travel_minutes = c->price.travel_minutes;
    }
    return rc;
}

static enum step_rc create_hold(struct req *r)
{
    const struct booking_create_in *in = r->in;
    struct create *c = r->ctx;
    return in->hold_token ? hold_token_read(r, in->hold_token, &c->hold_id) : STEP_NEXT;
}

static enum step_rc create_write(struct req *r)
{
    const struct create *c = r->ctx;
    return req_pg(
        r, &sql_booking_create,
        PG_ARGS(req_sql_ctx(r), r->in_json, c->price.json, c->hold_id, c->source, c->duration));
}

/* clang-format off */
const struct step booking_create_steps[] = {
    STEP(create_check),
    STEP(create_price),
    STEP(create_hold),
    STEP(create_write),
    STEP(ring_bus),
    STEP(reply_with_booking_link),
    CATCH(ERR_KEY_REPLAY, stored_load),
    CATCH(ERR_KEY_REPLAY, stored_mark),
    CATCH(ERR_KEY_REPLAY, reply_with_booking_link),
    SLOT_FAILED,
    STEP_END,
};
/* clang-format on */
