/* What an event costs, and why: pure functions from a catalogue and a wish to a list of lines. The
 * steps of the route are in quote_http.c.
 *
 * All money is integer cents and tax is included. Shares are basis points; whatever falls between
 * two cents is rounded half up, once a line. */
#ifndef BOOKING_QUOTE_H
#define BOOKING_QUOTE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/compiler.h"
#include "common/err.h"
#include "common/field.h"
#include "common/json.h"
#include "common/req.h"
#include "common/rng.h"

#include "catalogue.h"

#define QUOTE_CURRENCY "USD"
#define QUOTE_VALID_S (24 * 60 * 60)
#define QUOTE_MAX_GUESTS 50
#define QUOTE_MAX_ITEMS 30
#define QUOTE_MAX_LINES (QUOTE_MAX_ITEMS + 8)
#define QUOTE_MAX_TEXT 16384 /* bytes of a signed quote */

struct quote_item {
    const char *code;
    int64_t quantity; /* 0: the usual one: 1 an event, all guests, or 1 */
};

/* The wish, validated by its field table where it came from outside. */
struct quote_in {
    const char *station_id; /* NULL: the nearest one that serves the venue */
    const char *venue_zip;
    const char *date; /* ISO, of the event, where the venue is; NULL: not known yet */
    const char *event_type;
    const char *promo_code;
    int64_t adults, children;
    struct quote_item items[QUOTE_MAX_ITEMS];
    size_t n_items;
    char today[11]; /* ISO, UTC: prices of an event without a date */
};

/* A sum is explained by its lines: amount_cents is quantity x unit_cents, but for shares. */
struct quote_line {
    const char *code, *label, *why;
    int64_t quantity, unit_cents, amount_cents;
};

struct quote {
    struct quote_line lines[QUOTE_MAX_LINES];
    size_t n_lines;
    int64_t subtotal_cents; /* all lines but travel */
    int64_t travel_fee_cents;
    int64_t total_cents;
    int64_t deposit_cents;
    const char *currency;
    int64_t catalogue_version;
    char station_id[UUID_SIZE];
    int64_t distance_miles_x100; /* station to venue by road */
    int64_t travel_minutes;      /* one way, rounded up to five */
    int64_t adults, children;
    const char *venue_zip, *date, *event_type; /* date may be NULL */
    bool peak_checked;                         /* false without a date */
};

/* Pure. Strings in *ret live in the arena or are those of the wish or the catalogue: hold it.
 * ERR_INVALID: *issues says what is wrong with the wish. */
MUSTCHECK enum err quote_make(const struct catalogue *c, const struct quote_in *in, struct arena *a,
                              struct quote *ret_quote, struct field_issues *issues);

/* Appends the quote as members of the open object: what the API shows, and what a booking keeps as
 * its price. */
void quote_write(struct json_writer *w, const struct quote *q);
/* The same as an object in the arena; NULL when it is exhausted. */
const char *quote_json(struct arena *a, const struct quote *q);
/* The reverse of quote_json(). ERR_MALFORMED when it is not one. */
MUSTCHECK enum err quote_parse(struct arena *a, const struct json *doc, struct quote *ret_quote);

/* Who keeps the signed text may book at this price until QUOTE_VALID_S later, whatever the
 * catalogue says then. */
MUSTCHECK enum err quote_sign(struct req *r, const struct quote_in *in, const struct quote *q,
                              const char **ret_text);
/* Reads a signed quote back for a wish. ERR_QUOTE_INVALID: not ours, or changed; ERR_QUOTE_EXPIRED;
 * ERR_QUOTE_MISMATCH: made for another wish (guests, venue, date, items, promo code; the station,
 * when the wish names one). */
MUSTCHECK enum err quote_verify(struct req *r, const char *text, const struct quote_in *in,
                                struct quote *ret_quote);

/* Miles by road x 100: great-circle distance times the factor. */
int64_t quote_distance_x100(struct place from, struct place to, int64_t road_factor_bp);

#endif
