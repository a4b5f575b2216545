/* Changes that may change the price: PATCH and reschedule. They read what the booking was made
 * from, make a quote of it with the change, and write both if the booking is still the one that was
 * read.
 *
 * Who says which version he means (If-Match) gets 412 when it is another one by now; for who does
 * not, it is read again, at most three times. */
#include <stddef.h>
#include <string.h>

#include "booking_core_api.h"
#include "booking_sql.h"
#include "booking_state.h"
#include "price.h"
#include "routes_core.h"
#include "slot_failed.h"

#define TRIES 3

struct change {
    struct slot_try tried; /* first */
    struct price price;
    const char *version;      /* that is changed */
    const struct json *patch; /* of a PATCH */
    int tries;
};
_Static_assert(sizeof(struct change) <= CORE_CTX_BYTES, "room");

/* --- reading ---------------------------------------------------------------------------------- */

static enum step_rc wish_load(struct req *r)
{
    struct change *c = r->ctx;
    c->tries++;
    return req_pg(r, &sql_booking_wish, PG_ARGS(req_sql_ctx(r), r->params[0]));
}

/* The wish that the booking was made from; its strings are those of the rows. */
static enum step_rc wish_read(struct req *r, struct quote_in *in)
{
    struct change *c = r->ctx;
    const struct pg_result *rows = r->rows;
    const struct json *addons;
    if (pg_rows(rows) == 0)
        return req_fail(r, ERR_NOT_FOUND, NULL);
    const char *state = pg_first(rows, "state"), *version = pg_first(rows, "version");
    const char *minutes = pg_first(rows, "duration_minutes"), *list = pg_first(rows, "addons");
    const char *adults = pg_first(rows, "adults"), *children = pg_first(rows, "children");
    int64_t duration;
    in->station_id = pg_first(rows, "station_id");
    in->venue_zip = pg_first(rows, "venue_zip");
    in->date = pg_first(rows, "event_date");
    in->event_type = pg_first(rows, "event_type");
    in->promo_code = pg_first(rows, "promo_code");
    c->tried.event_time = pg_first(rows, "event_time");
    if (!state || !version || !minutes || !list || !adults || !children || !in->station_id ||
        !in->venue_zip || !in->date || !c->tried.event_time ||
        str_to_i64(str_of(adults), 0, QUOTE_MAX_GUESTS, &in->adults) != ERR_OK ||
        str_to_i64(str_of(children), 0, QUOTE_MAX_GUESTS, &in->children) != ERR_OK ||
        str_to_i64(str_of(minutes), 1, INT32_MAX, &duration) != ERR_OK)
        return req_fail(r, ERR_INTERNAL, NULL);
    enum err e = json_parse(r->arena, str_of(list), &addons, NULL);
    if (e != ERR_OK)
        return req_fail(r, e == ERR_MALFORMED ? ERR_INTERNAL : e, NULL);
    /* What cannot be cancelled any more cannot be changed either. */
    if (!booking_may_move(booking_state_find(state), BOOKING_CANCELLED))
        return req_fail(r, ERR_STATE_CONFLICT, "A booking that is %s cannot be changed.", state);
    price_items(in, addons);
    c->tried.station_id = in->station_id;
    c->tried.event_date = in->date;
    c->tried.duration_minutes = (int32_t)duration;
    c->version = r->if_match ? r->if_match : version;
    return STEP_NEXT;
}

static enum step_rc price_now(struct req *r, struct quote_in *in)
{
    struct change *c = r->ctx;
    enum step_rc rc = price_make(r, in, NULL, &c->price);
    c->tried.travel_minutes = c->price.travel_minutes;
    return rc;
}

static enum step_rc changed_meanwhile(struct req *r)
{
    const struct change *c = r->ctx;
    if (r->if_match || c->tries >= TRIES)
        return req_fail_caught(r);
    return req_goto(r, wish_load);
}

/* --- reschedule ------------------------------------------------------------------------------- */

static enum step_rc reschedule_price(struct req *r)
{
    const struct booking_reschedule_in *to = r->in;
    struct change *c = r->ctx;
    struct quote_in in = {.n_items = 0};
    enum step_rc rc = wish_read(r, &in);
    if (rc != STEP_NEXT)
        return rc;
    in.date = to->event_date;
    c->tried.event_date = to->event_date;
    c->tried.event_time = to->event_time;
    if (to->duration_minutes)
        c->tried.duration_minutes = (int32_t)to->duration_minutes;
    return price_now(r, &in);
}

static enum step_rc reschedule_write(struct req *r)
{
    const struct change *c = r->ctx;
    return req_pg(r, &sql_booking_reschedule,
                  PG_ARGS(req_sql_ctx(r), r->params[0], c->version, r->in_json, c->price.json));
}

/* clang-format off */
const struct step booking_reschedule_steps[] = {
    STEP(booking_version),
    STEP(wish_load),
    STEP(reschedule_price),
    STEP(reschedule_write),
    STEP(ring_bus),
    STEP(reply_row),
    SLOT_FAILED,
    CATCH(ERR_PRECONDITION_FAILED, changed_meanwhile),
    STEP_END,
};
/* clang-format on */

/* --- PATCH ------------------------------------------------------------------------------------ */

static int64_t patched_number(const struct json *patch, const char *name, int64_t was)
{
    const struct json *j = json_get(patch, name);
    int64_t value;
    return j && json_i64(j, &value) == ERR_OK ? value : was;
}

static const char *patched_text(const struct json *patch, const char *name, const char *was)
{
    const struct json *j = json_get(patch, name);
    if (!j)
        return was;
    return json_type(j) == JSON_STRING ? json_string(j) : NULL;
}

static bool has_price(const struct json *patch)
{
    static const char *const fields[] = {"adults", "children", "venue_zip", "addons", "event_type"};
    for (size_t i = 0; i < ARRAY_LEN(fields); i++)
        if (json_get(patch, fields[i]))
            return true;
    return false;
}

static enum step_rc update_read(struct req *r)
{
    struct change *c = r->ctx;
    enum err e = json_parse(r->arena, str_of(r->in_json), &c->patch, NULL);
    if (e != ERR_OK)
        return req_fail(r, e == ERR_MALFORMED ? ERR_INTERNAL : e, NULL);
    return json_count(c->patch) > 0 ? STEP_NEXT
                                    : req_fail(r, ERR_INVALID, "There is nothing to change.");
}

static enum step_rc update_price(struct req *r)
{
    struct change *c = r->ctx;
    struct quote_in in = {.n_items = 0};
    enum step_rc rc = wish_read(r, &in);
    if (rc != STEP_NEXT || !has_price(c->patch))
        return rc;
    in.adults = patched_number(c->patch, "adults", in.adults);
    in.children = patched_number(c->patch, "children", in.children);
    in.event_type = patched_text(c->patch, "event_type", in.event_type);
    in.venue_zip = price_zip(r, patched_text(c->patch, "venue_zip", in.venue_zip));
    if (!in.venue_zip)
        return req_fail(r, ERR_NO_MEMORY, NULL);
    if (in.adults + in.children < 1 || in.adults + in.children > QUOTE_MAX_GUESTS)
        return req_fail_field(r, "/adults", "Must be 1 to 50 with the children");
    if (json_get(c->patch, "addons"))
        price_items(&in, json_get(c->patch, "addons"));
    return price_now(r, &in);
}

static enum step_rc update_write(struct req *r)
{
    const struct change *c = r->ctx;
    return req_pg(r, &sql_booking_update,
                  PG_ARGS(req_sql_ctx(r), r->params[0], c->version, r->in_json, c->price.json));
}

/* clang-format off */
const struct step booking_update_steps[] = {
    STEP(booking_version),
    STEP(update_read),
    STEP(wish_load),
    STEP(update_price),
    STEP(update_write),
    STEP(ring_bus),
    STEP(reply_row),
    STEP_END,
};
/* clang-format on */
