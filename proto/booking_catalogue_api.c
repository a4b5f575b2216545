/* What the routes of stations, menu and prices take. What they give is in booking_catalogue_out.c.
 */
#include "booking_catalogue_api.h"

#define REQ FIELD_REQUIRED
#define NIL FIELD_NULLABLE
#define PASSED_ON .offset = FIELD_NOWHERE
#define TEXT(S, member) .offset = FIELD_AT(struct S, member, const char *)
#define TABLE(symbol, schema, fields) \
    const struct field_table symbol = {.name = (schema), .rows = (fields), .n = ARRAY_LEN(fields)}
#define TABLE_BOUND(symbol, S, schema, fields) \
    const struct field_table symbol = {        \
        .name = (schema), .rows = (fields), .n = ARRAY_LEN(fields), .bytes = sizeof(struct S)}

/* clang-format 14 cannot lay out rows of unequal length. */
/* clang-format off */

#define STATES                                                                                     \
    "AL|AK|AZ|AR|CA|CO|CT|DE|DC|FL|GA|HI|ID|IL|IN|IA|KS|KY|LA|ME|MD|MA|MI|MN|MS|MO|MT|NE|NV|NH|NJ|" \
    "NM|NY|NC|ND|OH|OK|OR|PA|PR|RI|SC|SD|TN|TX|UT|VT|VA|WA|WV|WI|WY"
#define PRICE_CODES                                                                                \
    "adult_price|child_price|minimum_spend|travel_free_miles|travel_per_mile|road_factor|deposit|" \
    "deposit_share"
#define WEEKDAYS "mon|tue|wed|thu|fri|sat|sun"

#define STR_IN(n, f, least, most, text)                                                            \
    .name = (n), .type = FIELD_STR, .flags = (f), .min = (least), .max = (most), .prose = (text), PASSED_ON
#define INT_IN(n, f, least, most, text)                                                            \
    .name = (n), .type = FIELD_INT, .flags = (f), .min = (least), .max = (most), .prose = (text), PASSED_ON
#define SLUG_IN(n, f, text) STR_IN(n, f, 1, 40, text), .pattern = "slug"
#define OF_TYPE(n, t, f, text) .name = (n), .type = (t), .flags = (f), .prose = (text), PASSED_ON
#define SLUGS_IN(n, text)                                                                          \
    .name = (n), .type = FIELD_LIST, .item = FIELD_STR, .pattern = "slug", .max = 20, .prose = (text), PASSED_ON
#define ACTIVE_IN(text) OF_TYPE("active", FIELD_BOOL, 0, text)
#define REASON_IN(f) STR_IN("reason", f, 10, 500, "Why; kept with the change")

/* --- stations --------------------------------------------------------------------------------- */

/* flags: REQ for what a new one must have, 0 for a change. */
#define STATION_FIELDS(f)                                                                          \
    {STR_IN("name", f, 1, 100, "Name")},                                                           \
    {STR_IN("time_zone", f, 1, 64, "IANA name"), .example = "\"America/Los_Angeles\""},            \
    {OF_TYPE("phone", FIELD_PHONE, NIL, "E.164, or a US number")},                                 \
    {OF_TYPE("email", FIELD_EMAIL, NIL, "E-mail address")},                                        \
    {STR_IN("address", 0, 1, 200, "Street")},                                                      \
    {STR_IN("city", 0, 1, 100, "Town")},                                                           \
    {OF_TYPE("state", FIELD_ENUM, 0, "Of the United States"), .choices = STATES},                                                                                 \
    {STR_IN("zip", f, 0, 5, "Its centre is where the station is, unless lat_e5 and lon_e5 say"),   \
     .pattern = "zip", .example = "\"95112\""},                                                     \
    {INT_IN("lat_e5", 0, -9000000, 9000000, "Latitude in 1e-5 degrees")},                          \
    {INT_IN("lon_e5", 0, -18000000, 18000000, "Longitude in 1e-5 degrees")},                       \
    {INT_IN("radius_miles", 0, 1, 500, "Serves venues up to here by road")},                       \
    {INT_IN("travel_mph", 0, 5, 80, "Average speed on the way")},                                  \
    {INT_IN("capacity", 0, 1, 1000, "Events at once")},                                            \
    {INT_IN("setup_minutes", 0, 0, 240, "Before an event")},                                       \
    {INT_IN("teardown_minutes", 0, 0, 240, "After an event")},                                     \
    {INT_IN("lead_time_hours", 0, 0, 720, "Least time between booking and start")},                \
    {INT_IN("max_ahead_days", 0, 1, 1000, "How far ahead can be booked")},                         \
    {OF_TYPE("first_start", FIELD_TIME, 0, "Earliest start of an event, from 11:00")},             \
    {OF_TYPE("last_start", FIELD_TIME, 0, "Latest start of an event, until 23:00")},               \
    {ACTIVE_IN("Is it open?")},

static const struct field station_create_fields[] = {
    {SLUG_IN("code", REQ, "Short name, unique, for ever")},
    STATION_FIELDS(REQ)
};
TABLE(station_create_in, "StationCreate", station_create_fields);
static const struct field station_update_fields[] = {STATION_FIELDS(0)};
TABLE(station_update_in, "StationUpdate", station_update_fields);

/* --- menu ------------------------------------------------------------------------------------- */

#define MENU_FIELDS(f)                                                                             \
    {STR_IN("name", f, 1, 100, "Name")},                                                           \
    {STR_IN("description", 0, 0, 1000, "In a sentence")},                                          \
    {SLUG_IN("category", f, "Where it stands on the menu: protein, drinks ...")},                  \
    {OF_TYPE("unit", FIELD_ENUM, f, "What the price is for"), .choices = "per_event|per_guest|each"}, \
    {INT_IN("price_cents", f, 0, 1000000, "Of an add-on; of a dish what a portion costs more than the usual")}, \
    {INT_IN("max_quantity", 0, 1, 1000, "Most of it at one event")},                               \
    {SLUGS_IN("dietary_tags", "vegan, gluten_free, shellfish ...")},                               \
    {INT_IN("position", 0, 0, 10000, "Order on the menu")},                                        \
    {ACTIVE_IN("Is it offered?")},

static const struct field menu_create_fields[] = {
    {SLUG_IN("code", REQ, "What quotes call it, unique")},
    {OF_TYPE("kind", FIELD_ENUM, REQ, "A dish of the menu, or an add-on"), .choices = "dish|addon"},
    MENU_FIELDS(REQ)
    {REASON_IN(0)},
};
TABLE(menu_create_in, "MenuItemCreate", menu_create_fields);
static const struct field menu_update_fields[] = {
    MENU_FIELDS(0)
    {.name = "reason", .type = FIELD_STR, .min = 10, .max = 500, TEXT(menu_update_in, reason),
     .prose = "Why; required with price_cents or unit, and kept with the change"},
};
TABLE_BOUND(menu_update_in, menu_update_in, "MenuItemUpdate", menu_update_fields);

/* --- prices ----------------------------------------------------------------------------------- */

static const struct field price_set_fields[] = {
    {.name = "code", .type = FIELD_ENUM, .flags = REQ, .choices = PRICE_CODES, TEXT(price_set_in, code),
     .prose = "Which price"},
    {INT_IN("value", REQ | NIL, 0, 10000000, "In the code's unit, within its bounds; null ends a station's own value")},
    {OF_TYPE("station_id", FIELD_UUID, NIL, "For one station only")},
    {.name = "effective_from", .type = FIELD_DATE, TEXT(price_set_in, effective_from),
     .prose = "Events from this day on; today (UTC) when not given", .example = "\"2027-01-01\""},
    {REASON_IN(REQ)},
};
TABLE_BOUND(price_set_in, price_set_in, "PriceSet", price_set_fields);

#define PEAK_FIELDS(f)                                                                             \
    {STR_IN("label", f, 1, 100, "What the customer reads")},                                       \
    {.name = "weekdays", .type = FIELD_LIST, .item = FIELD_ENUM, .choices = WEEKDAYS, .max = 7, PASSED_ON, \
     .prose = "Days of the week; with days, those within them"},                                   \
    {OF_TYPE("first_day", FIELD_DATE, NIL, "First day")},                                          \
    {OF_TYPE("last_day", FIELD_DATE, NIL, "Last day")},                                            \
    {INT_IN("surcharge_bp", f, 0, 10000, "Basis points of everything but travel: 1500 is 15 %")},  \
    {REASON_IN(REQ)},

static const struct field price_peak_create_fields[] = {
    {OF_TYPE("station_id", FIELD_UUID, NIL, "For one station only")},
    PEAK_FIELDS(REQ)
};
TABLE(price_peak_create_in, "PricePeakCreate", price_peak_create_fields);
static const struct field price_peak_update_fields[] = {
    PEAK_FIELDS(0)
    {ACTIVE_IN("Does it count?")},
};
TABLE(price_peak_update_in, "PricePeakUpdate", price_peak_update_fields);
static const struct field price_peak_end_fields[] = {{REASON_IN(REQ)}};
TABLE(price_peak_end_in, "PricePeakEnd", price_peak_end_fields);

/* --- queries ---------------------------------------------------------------------------------- */

static const struct field menu_query_fields[] = {
    {OF_TYPE("kind", FIELD_ENUM, 0, "Dishes or add-ons only"), .choices = "dish|addon"},
};
TABLE(menu_query, "MenuQuery", menu_query_fields);

static const struct field price_history_query_fields[] = {
    {STR_IN("code", 0, 1, 40, "Code of the price or item, id of the peak")},
    {OF_TYPE("entity", FIELD_ENUM, 0, "What was changed"), .choices = "rule|peak|item"},
};
TABLE(price_history_query, "PriceHistoryQuery", price_history_query_fields);
/* clang-format on */
