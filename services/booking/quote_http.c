/* POST /api/v1/bookings/quote: from the catalogue in memory, without a round trip. */
#include "quote_http.h"

#include <string.h>

#include "common/clock.h"

#include "booking.h"
#include "booking_quote_api.h"
#include "price.h"
#include "quote.h"

/* guest_count alone are adults; with adults or children it must be their sum. */
static bool guests_take(const struct req *r, const struct json *body, struct quote_in *wish)
{
    const struct quote_wish_in *in = r->in;
    bool has_count = json_get(body, "guest_count"), has_parts = json_get(body, "adults");
    wish->children = in->children;
    wish->adults = has_parts ? in->adults : in->guest_count - in->children;
    return wish->adults >= 0 && (has_count || has_parts) &&
           (!has_count || wish->adults + wish->children == in->guest_count);
}

static enum step_rc wish_take(struct req *r, struct quote_in *wish)
{
    const struct quote_wish_in *in = r->in;
    const struct json *body;
    enum err e = json_parse(r->arena, str_of(r->in_json), &body, NULL);
    if (e != ERR_OK)
        return req_fail(r, e, NULL);
    if (!guests_take(r, body, wish))
        return req_fail_field(r, "/guest_count", "Must be the number of adults and children");
    wish->venue_zip = price_zip(r, in->venue_zip);
    wish->station_id = in->station_id;
    wish->date = in->date;
    wish->event_type = in->event_type;
    wish->promo_code = in->promo_code;
    char now[RFC3339_SIZE];
    clock_rfc3339(r->now_us, now);
    memcpy(wish->today, now, sizeof(wish->today) - 1);
    price_items(wish, in->items);
    const struct json *item = in->addons ? json_first(in->addons) : NULL;
    for (; item && wish->n_items < QUOTE_MAX_ITEMS; item = json_next(item))
        wish->items[wish->n_items++].code = json_string(item);
    return wish->venue_zip ? STEP_NEXT : req_fail(r, ERR_TOO_LARGE, NULL);
}

/* A day is over everywhere 12 hours after its end in UTC. */
static bool is_past(const struct req *r, const char *date)
{
    char text[RFC3339_SIZE];
    clock_rfc3339(r->now_us - 12 * 3600 * USEC_PER_SEC, text);
    return strncmp(date, text, 10) < 0;
}

static enum step_rc quote_reply(struct req *r, const struct quote_in *wish, const struct quote *q)
{
    const char *signed_text;
    enum err e = quote_sign(r, wish, q, &signed_text);
    if (e != ERR_OK)
        return req_fail(r, e, NULL);
    char expires[RFC3339_SIZE];
    clock_rfc3339(r->now_us + QUOTE_VALID_S * USEC_PER_SEC, expires);
    struct buf b = BUF_INIT(2 * QUOTE_MAX_TEXT);
    struct json_writer w = JSON_WRITER(&b);
    json_open(&w, NULL, '{');
    quote_write(&w, q);
    json_put_cstr(&w, "quote", signed_text);
    json_put_cstr(&w, "expires_at", expires);
    json_close(&w, '}');
    const char *text = arena_take(r->arena, &b);
    return text ? req_reply(r, 0, str_of(text)) : req_fail(r, ERR_TOO_LARGE, NULL);
}

static enum step_rc quote_create(struct req *r)
{
    const struct catalogue *catalogue;
    struct quote_in *wish = arena_alloc(r->arena, sizeof(*wish));
    struct quote *q = arena_alloc(r->arena, sizeof(*q));
    struct field_issues issues = {.err = ERR_INVALID};
    enum err e = wish && q ? booking_catalogue(r->svc, r->arena, &catalogue) : ERR_TOO_LARGE;
    if (e != ERR_OK)
        return req_fail(r, e, NULL);
    enum step_rc rc = wish_take(r, wish);
    if (rc != STEP_NEXT)
        return rc;
    if (wish->date && is_past(r, wish->date))
        return req_fail_field(r, "/date", "Is in the past");
    e = quote_make(catalogue, wish, r->arena, q, &issues);
    for (size_t i = 0; i < issues.n; i++)
        rc = req_fail_field(r, issues.list[i].pointer, issues.list[i].reason);
    if (e != ERR_OK)
        return issues.n ? rc : req_fail(r, e, NULL);
    return quote_reply(r, wish, q);
}

const struct step quote_create_steps[] = {STEP(quote_create), STEP_END};
