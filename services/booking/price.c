/* Prices of bookings. What is wrong with a wish is said by the quote; a place that nobody serves is
 * told apart, because somebody will want to follow up on it. */
#include "price.h"

#include <string.h>

#include "common/clock.h"

#include "booking.h"

const char *price_zip(struct req *r, const char *zip)
{
    return arena_strndup(r->arena, zip, 5);
}

void price_items(struct quote_in *in, const struct json *addons)
{
    in->n_items = 0;
    if (!addons)
        return;
    for (const struct json *item = json_first(addons); item && in->n_items < QUOTE_MAX_ITEMS;
         item = json_next(item)) {
        const struct json *quantity = json_get(item, "quantity");
        struct quote_item *to = &in->items[in->n_items++];
        to->code = json_string(json_get(item, "code"));
        if (!quantity || json_i64(quantity, &to->quantity) != ERR_OK)
            to->quantity = 0;
    }
}

static enum step_rc refuse(struct req *r, const struct field_issues *issues)
{
    for (size_t i = 0; i < issues->n; i++)
        if (strcmp(issues->list[i].pointer, "/venue_zip") == 0)
            return req_fail(r, ERR_OUT_OF_AREA, "%s", issues->list[i].reason);
    enum step_rc rc = STEP_FAIL;
    for (size_t i = 0; i < issues->n; i++)
        rc = req_fail_field(r, issues->list[i].pointer, issues->list[i].reason);
    return rc;
}

enum step_rc price_make(struct req *r, struct quote_in *in, const char *signed_quote,
                        struct price *ret_price)
{
    const struct catalogue *catalogue;
    struct field_issues issues = {.n = 0};
    char now[RFC3339_SIZE];
    struct quote *q = arena_alloc(r->arena, sizeof(*q));
    if (!q)
        return req_fail(r, ERR_NO_MEMORY, NULL);
    enum err e = booking_catalogue(r->svc, r->arena, &catalogue);
    if (e != ERR_OK)
        return req_fail(r, e, NULL);
    clock_rfc3339(r->now_us, now);
    memcpy(in->today, now, sizeof(in->today) - 1);
    e = signed_quote ? quote_verify(r, signed_quote, in, q)
                     : quote_make(catalogue, in, r->arena, q, &issues);
    if (e == ERR_INVALID && issues.n > 0)
        return refuse(r, &issues);
    if (e != ERR_OK)
        return req_fail(r, e, NULL);
    ret_price->json = quote_json(r->arena, q);
    ret_price->station_id = arena_strdup(r->arena, q->station_id);
    ret_price->travel_minutes = (int32_t)q->travel_minutes;
    if (!ret_price->json || !ret_price->station_id)
        return req_fail(r, ERR_TOO_LARGE, NULL);
    return STEP_NEXT;
}
