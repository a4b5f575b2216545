/* What the business sells, where and for how much, in memory: stations, ZIP codes, menu, prices and
 * peak dates. The truth is in PostgreSQL; this is the copy that quotes are made from, so that a
 * quote costs no round trip.
 *
 * A catalogue never changes once it is made. A new one replaces it; whoever holds the old one keeps
 * it until its arena ends. */
#ifndef BOOKING_CATALOGUE_H
#define BOOKING_CATALOGUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/arena.h"
#include "common/compiler.h"
#include "common/err.h"
#include "common/rng.h"
#include "common/str.h"

#define CATALOGUE_MAX_STATIONS 200
#define CATALOGUE_MAX_ITEMS 500
#define CATALOGUE_MAX_PRICES 1000 /* rows: values by code, station and first day */
#define CATALOGUE_MAX_PEAKS 500
#define CATALOGUE_MAX_ZIPS 60000 /* the United States have about 42,000 */

/* Positions on Earth are in units of 1e-5 degrees: about one metre. */
struct place {
    int32_t lat_e5, lon_e5;
};

struct station {
    char id[UUID_SIZE];
    const char *code, *name, *time_zone; /* IANA */
    struct place at;
    int64_t radius_miles; /* serves venues up to here by road */
    int64_t travel_mph;   /* average speed of a chef's van */
    int64_t setup_minutes, teardown_minutes;
    int64_t lead_time_hours; /* least time between booking and start */
    bool active;
};

enum item_unit { UNIT_EVENT, UNIT_GUEST, UNIT_EACH, UNIT_MAX };

/* A dish that costs more than the price per guest, or an add-on. */
struct item {
    const char *code, *name;
    bool addon;
    enum item_unit unit;
    int64_t price_cents;
    int64_t max_quantity;
};

/* The values that a price list consists of: rows of booking.price_codes, by name. */
enum price_code {
    PRICE_ADULT,           /* adult_price, cents */
    PRICE_CHILD,           /* child_price, cents */
    PRICE_MINIMUM_SPEND,   /* minimum_spend, cents, of food and add-ons */
    PRICE_TRAVEL_FREE,     /* travel_free_miles, miles */
    PRICE_TRAVEL_PER_MILE, /* travel_per_mile, cents */
    PRICE_ROAD_FACTOR,     /* road_factor, basis points: road miles for miles as the crow flies */
    PRICE_DEPOSIT,         /* deposit, cents */
    PRICE_DEPOSIT_SHARE,   /* deposit_share, basis points of the total; the greater one counts */
    PRICE_CODE_MAX
};

const char *price_code_name(enum price_code code);

/* Dates that cost more. With weekdays and dates: those weekdays within the dates. */
struct peak {
    const char *label;
    const struct station *station; /* NULL: everywhere */
    unsigned weekdays;             /* bit 0 is Monday; 0: any */
    char from[11], until[11];      /* ISO dates, both included; "": open */
    int64_t surcharge_bp;          /* basis points */
};

struct catalogue;

/* Reads what the statement catalogue_load gives: `json` is its column body, `zips` its column zips,
 * lines of "95112 3734500 -12188700" (ZIP, latitude and longitude in 1e-5 degrees) in order.
 * ERR_MALFORMED with a sentence for the log in *ret_why (static memory) when it is not that, or
 * more than the bounds above. The caller owns the first reference. */
MUSTCHECK enum err catalogue_parse(struct str json, struct str zips,
                                   struct catalogue **ret_catalogue, const char **ret_why);
/* Gives a reference back; the last one frees. NULL is fine. */
void catalogue_free(struct catalogue *c);
/* Holds another reference until the arena ends. */
MUSTCHECK enum err catalogue_hold(struct catalogue *c, struct arena *a);

int64_t catalogue_version(const struct catalogue *c);
size_t catalogue_n_stations(const struct catalogue *c);
const struct station *catalogue_station(const struct catalogue *c, size_t i);
/* NULL when there is none, or it is not active. */
const struct station *catalogue_station_find(const struct catalogue *c, const char *id);
/* NULL when there is none. zip is five digits. */
const struct place *catalogue_zip_find(const struct catalogue *c, const char *zip);
/* The active item with that code, or NULL. */
const struct item *catalogue_item_find(const struct catalogue *c, const char *code);
/* The value on a day (ISO date) at a station: its own one, or everybody's. */
int64_t catalogue_price(const struct catalogue *c, enum price_code code, const struct station *s,
                        const char *date);
/* The peak that costs most on that day, or NULL. Peaks are not added up. */
const struct peak *catalogue_peak(const struct catalogue *c, const struct station *s,
                                  const char *date);

#endif
