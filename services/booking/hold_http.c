/* Holds: a time that is kept for minutes. Whoever has the token, a signed text that names the hold,
 * may book with it or give it back; nothing else proves whose it is. */
#include <stddef.h>

#include "common/clock.h"

#include "booking.h"
#include "booking_core_api.h"
#include "booking_sql.h"
#include "price.h"
#include "routes_core.h"
#include "slot_failed.h"

struct hold {
    struct slot_try tried; /* first */
    char id[UUID_SIZE];
    const char *token;
    char duration[8], travel[8];
};
_Static_assert(sizeof(struct hold) <= CORE_CTX_BYTES, "room");

enum step_rc hold_token_read(struct req *r, const char *token, const char **ret_id)
{
    struct str payload;
    if (req_unsign(r, "hold", token, &payload) != ERR_OK || !str_is_uuid(payload))
        return req_fail_field(r, "/hold_token", "is not a token of ours");
    *ret_id = arena_strndup(r->arena, payload.p, payload.n);
    return *ret_id ? STEP_NEXT : req_fail(r, ERR_NO_MEMORY, NULL);
}

/* A quote for the smallest event says who comes there, and how long he drives. */
static enum step_rc create_place(struct req *r)
{
    const struct hold_create_in *in = r->in;
    struct hold *h = r->ctx;
    struct price price;
    struct quote_in wish = {
        .station_id = in->station_id,
        .venue_zip = price_zip(r, in->venue_zip),
        .date = in->event_date,
        .adults = 1,
    };
    if (!wish.venue_zip)
        return req_fail(r, ERR_NO_MEMORY, NULL);
    h->tried = (struct slot_try){
        .event_date = in->event_date,
        .event_time = in->event_time,
        .duration_minutes =
            in->duration_minutes ? (int32_t)in->duration_minutes : BOOKING_DEFAULT_MINUTES,
    };
    enum step_rc rc = price_make(r, &wish, NULL, &price);
    if (rc != STEP_NEXT)
        return rc;
    h->tried.station_id = price.station_id;
    h->tried.travel_minutes = price.travel_minutes;
    snprintf(h->duration, sizeof(h->duration), "%d", (int)h->tried.duration_minutes);
    snprintf(h->travel, sizeof(h->travel), "%d", (int)price.travel_minutes);
    return STEP_NEXT;
}

static enum step_rc create_token(struct req *r)
{
    struct hold *h = r->ctx;
    uuid_v7(r->now_us / USEC_PER_MSEC, h->id);
    enum err e = req_sign(r, "hold", str_of(h->id), &h->token);
    return e == ERR_OK ? STEP_NEXT : req_fail(r, e, NULL);
}

static enum step_rc create_write(struct req *r)
{
    const struct booking_config *config = booking_config(r->svc);
    const struct hold *h = r->ctx;
    const char *holder = r->caller.known ? arena_printf(r->arena, "u:%s", r->caller.user_id)
                                         : arena_printf(r->arena, "ip:%s", r->ip);
    const char *limits =
        arena_printf(r->arena, "{\"minutes\":%lld,\"per_holder\":%lld}",
                     (long long)config->hold_minutes, (long long)config->holds_per_caller);
    if (!holder || !limits)
        return req_fail(r, ERR_NO_MEMORY, NULL);
    return req_pg(r, &sql_hold_create,
                  PG_ARGS(req_sql_ctx(r), r->in_json, h->duration, h->tried.station_id, h->travel,
                          h->id, h->token, holder, limits));
}

/* clang-format off */
const struct step hold_create_steps[] = {
    STEP(create_place),
    STEP(create_token),
    STEP(create_write),
    STEP(ring_bus),
    STEP(reply_row),
    SLOT_FAILED,
    STEP_END,
};
/* clang-format on */

static enum step_rc release_write(struct req *r)
{
    const char *id;
    struct str payload;
    if (req_unsign(r, "hold", r->params[0], &payload) != ERR_OK || !str_is_uuid(payload))
        return req_fail(r, ERR_NOT_FOUND, NULL);
    id = arena_strndup(r->arena, payload.p, payload.n);
    if (!id)
        return req_fail(r, ERR_NO_MEMORY, NULL);
    return req_pg(r, &sql_hold_release, PG_ARGS(req_sql_ctx(r), id));
}

/* clang-format off */
const struct step hold_release_steps[] = {
    STEP(release_write),
    STEP(ring_bus),
    STEP(reply_row),
    STEP_END,
};
/* clang-format on */
