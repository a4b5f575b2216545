/* What an event costs: see quote.h. Pure: from a catalogue and a wish to lines, without I/O.
 *
 * No sum can overflow: the catalogue bounds every price (1e8 cents) and the wish every quantity, so
 * a line stays below 1e12 and all lines below 1e14 cents. */
#include "quote.h"

#include <math.h>
#include <string.h>

#define BP 10000 /* basis points in a whole */
#define EARTH_RADIUS_MILES 3958.7613
#define QUANTITY_MAX 1000

struct maker {
    const struct catalogue *c;
    const struct quote_in *in;
    struct arena *a;
    struct quote *q;
    struct field_issues *issues;
    const struct station *station;
    const char *day; /* whose prices count */
};

static void issue(struct maker *m, const char *pointer, const char *reason)
{
    field_issue_add(m->issues, pointer, reason);
}

/* Half up; n >= 0 and d > 0. */
static int64_t divide(int64_t n, int64_t d)
{
    return (n + d / 2) / d;
}

int64_t quote_distance_x100(struct place from, struct place to, int64_t road_factor_bp)
{
    double radians = acos(-1.0) / 180.0 / 100000.0;
    double lat1 = from.lat_e5 * radians, lat2 = to.lat_e5 * radians;
    double dlat = lat2 - lat1, dlon = (double)(to.lon_e5 - from.lon_e5) * radians;
    double h =
        sin(dlat / 2) * sin(dlat / 2) + cos(lat1) * cos(lat2) * sin(dlon / 2) * sin(dlon / 2);
    double miles = 2 * EARTH_RADIUS_MILES * asin(sqrt(fmin(1.0, h)));
    return (int64_t)llround(miles * 100.0 * (double)road_factor_bp / BP);
}

/* --- where -------------------------------------------------------------------------------------
 */

static int64_t road_x100(const struct maker *m, const struct station *s, const struct place *venue)
{
    return quote_distance_x100(s->at, *venue, catalogue_price(m->c, PRICE_ROAD_FACTOR, s, m->day));
}

static const struct station *nearest(const struct maker *m, const struct place *venue)
{
    const struct station *best = NULL;
    int64_t best_x100 = 0;
    for (size_t i = 0; i < catalogue_n_stations(m->c); i++) {
        const struct station *s = catalogue_station(m->c, i);
        if (!s->active)
            continue;
        int64_t x100 = road_x100(m, s, venue);
        if (x100 <= s->radius_miles * 100 && (!best || x100 < best_x100)) {
            best = s;
            best_x100 = x100;
        }
    }
    return best;
}

static void place_find(struct maker *m)
{
    struct quote *q = m->q;
    const struct place *venue = catalogue_zip_find(m->c, m->in->venue_zip);
    if (!venue) {
        issue(m, "/venue_zip", "We do not know this ZIP code, or do not cook there yet");
        return;
    }
    m->station =
        m->in->station_id ? catalogue_station_find(m->c, m->in->station_id) : nearest(m, venue);
    if (!m->station) {
        if (m->in->station_id)
            issue(m, "/station_id", "There is no such station");
        else
            issue(m, "/venue_zip", "This is too far from all of our stations");
        return;
    }
    q->distance_miles_x100 = road_x100(m, m->station, venue);
    if (q->distance_miles_x100 > m->station->radius_miles * 100) {
        issue(m, "/venue_zip", "This is too far from the station");
        return;
    }
    memcpy(q->station_id, m->station->id, sizeof(q->station_id));
    int64_t minutes_x100 = divide(q->distance_miles_x100 * 60, m->station->travel_mph);
    q->travel_minutes = (minutes_x100 + 499) / 500 * 5;
}

/* --- lines -------------------------------------------------------------------------------------
 */

/* fmt fills the line's `why`; on a full arena the quote fails as a whole, see quote_make(). */
static void line_add(struct maker *m, struct quote_line line)
{
    if (line.amount_cents == 0 && line.quantity == 0)
        return;
    m->q->lines[m->q->n_lines++] = line;
    m->q->subtotal_cents += line.amount_cents;
}

static void guests_add(struct maker *m, enum price_code code, const char *label, int64_t n,
                       const char *why)
{
    int64_t unit = catalogue_price(m->c, code, m->station, m->day);
    line_add(m, (struct quote_line){.code = price_code_name(code),
                                    .label = label,
                                    .why = why,
                                    .quantity = n,
                                    .unit_cents = unit,
                                    .amount_cents = n * unit});
}

static int64_t usual_quantity(const struct maker *m, const struct item *item)
{
    return item->unit == UNIT_GUEST ? m->in->adults + m->in->children : 1;
}

static const char *item_why(const struct item *item)
{
    switch (item->unit) {
    case UNIT_EVENT:
        return "Once for the event";
    case UNIT_GUEST:
        return item->addon ? "For every guest" : "Beyond the usual price of a guest";
    case UNIT_EACH:
    case UNIT_MAX:
        break;
    }
    return "Each";
}

static void item_add(struct maker *m, size_t i)
{
    const struct quote_item *wish = &m->in->items[i];
    const struct item *item = catalogue_item_find(m->c, wish->code);
    char *pointer = arena_printf(m->a, "/addons/%zu", i);
    if (!pointer)
        return;
    if (!item) {
        issue(m, pointer, "This is not on the menu");
        return;
    }
    for (size_t j = 0; j < i; j++) {
        if (strcmp(m->in->items[j].code, wish->code) == 0) {
            issue(m, pointer, "This is already in the list");
            return;
        }
    }
    int64_t n = wish->quantity ? wish->quantity : usual_quantity(m, item);
    if (n < 1 || n > MIN(item->max_quantity, QUANTITY_MAX)) {
        issue(m, pointer, "We do not have that many");
        return;
    }
    line_add(m, (struct quote_line){.code = item->code,
                                    .label = item->name,
                                    .why = item_why(item),
                                    .quantity = n,
                                    .unit_cents = item->price_cents,
                                    .amount_cents = n * item->price_cents});
}

static void minimum_add(struct maker *m)
{
    int64_t least = catalogue_price(m->c, PRICE_MINIMUM_SPEND, m->station, m->day);
    int64_t missing = least - m->q->subtotal_cents;
    if (missing <= 0)
        return;
    line_add(m, (struct quote_line){
                    .code = "minimum_spend",
                    .label = "Up to the minimum",
                    .why = arena_printf(m->a, "An event costs at least $%lld.%02lld",
                                        (long long)(least / 100), (long long)(least % 100)),
                    .quantity = 1,
                    .unit_cents = missing,
                    .amount_cents = missing});
}

static void peak_add(struct maker *m)
{
    m->q->peak_checked = m->in->date != NULL;
    const struct peak *p = m->in->date ? catalogue_peak(m->c, m->station, m->in->date) : NULL;
    if (!p || p->surcharge_bp == 0)
        return;
    int64_t amount = divide(m->q->subtotal_cents * p->surcharge_bp, BP);
    line_add(m, (struct quote_line){.code = "peak",
                                    .label = p->label,
                                    .why = arena_printf(m->a, "%lld.%02lld %% on this date",
                                                        (long long)(p->surcharge_bp / 100),
                                                        (long long)(p->surcharge_bp % 100)),
                                    .quantity = 1,
                                    .unit_cents = amount,
                                    .amount_cents = amount});
}

static void travel_add(struct maker *m)
{
    struct quote *q = m->q;
    int64_t free_miles = catalogue_price(m->c, PRICE_TRAVEL_FREE, m->station, m->day);
    int64_t per_mile = catalogue_price(m->c, PRICE_TRAVEL_PER_MILE, m->station, m->day);
    int64_t beyond_x100 = q->distance_miles_x100 - free_miles * 100;
    if (beyond_x100 <= 0 || per_mile == 0)
        return;
    q->travel_fee_cents = divide(beyond_x100 * per_mile, 100);
    q->lines[q->n_lines++] = (struct quote_line){
        .code = "travel_fee",
        .label = "Travel",
        .why = arena_printf(m->a, "%lld.%02lld miles beyond the first %lld",
                            (long long)(beyond_x100 / 100), (long long)(beyond_x100 % 100),
                            (long long)free_miles),
        .quantity = 1,
        .unit_cents = q->travel_fee_cents,
        .amount_cents = q->travel_fee_cents,
    };
}

static void deposit_set(struct maker *m)
{
    struct quote *q = m->q;
    int64_t fixed = catalogue_price(m->c, PRICE_DEPOSIT, m->station, m->day);
    int64_t share = catalogue_price(m->c, PRICE_DEPOSIT_SHARE, m->station, m->day);
    q->deposit_cents = MIN(q->total_cents, MAX(fixed, divide(q->total_cents * share, BP)));
}

/* --- the whole ---------------------------------------------------------------------------------
 */

static void wish_check(struct maker *m)
{
    const struct quote_in *in = m->in;
    int64_t guests = in->adults + in->children;
    if (in->adults < 0 || in->children < 0 || guests < 1 || guests > QUOTE_MAX_GUESTS)
        issue(m, "/adults", "There must be 1 to 50 guests");
    if (in->promo_code)
        issue(m, "/promo_code", "This code is not known");
    if (in->n_items > QUOTE_MAX_ITEMS)
        issue(m, "/addons", "There are too many");
}

static void lines_make(struct maker *m)
{
    guests_add(m, PRICE_ADULT, "Adults", m->in->adults, "Each adult");
    guests_add(m, PRICE_CHILD, "Children", m->in->children, "Each child");
    for (size_t i = 0; i < m->in->n_items; i++)
        item_add(m, i);
    minimum_add(m);
    peak_add(m);
    travel_add(m);
    m->q->total_cents = m->q->subtotal_cents + m->q->travel_fee_cents;
    deposit_set(m);
}

enum err quote_make(const struct catalogue *c, const struct quote_in *in, struct arena *a,
                    struct quote *ret_quote, struct field_issues *issues)
{
    struct quote *q = arena_alloc(a, sizeof(*q));
    if (!q)
        return ERR_TOO_LARGE;
    struct maker m = {
        .c = c, .in = in, .a = a, .q = q, .issues = issues, .day = in->date ? in->date : in->today};
    wish_check(&m);
    place_find(&m);
    if (issues->n == 0)
        lines_make(&m);
    if (arena_overflowed(a))
        return ERR_TOO_LARGE;
    if (issues->n)
        return ERR_INVALID;
    q->currency = QUOTE_CURRENCY;
    q->catalogue_version = catalogue_version(c);
    q->adults = in->adults;
    q->children = in->children;
    q->venue_zip = in->venue_zip;
    q->date = in->date;
    q->event_type = in->event_type;
    *ret_quote = *q;
    return ERR_OK;
}
