/* What the routes of stations, menu and prices give. PostgreSQL builds these bodies; the rows here
 * describe them. */
#include "booking_catalogue_api.h"

#define REQ FIELD_REQUIRED
#define NIL (FIELD_REQUIRED | FIELD_NULLABLE)
#define TABLE(symbol, schema, fields) \
    const struct field_table symbol = {.name = (schema), .rows = (fields), .n = ARRAY_LEN(fields)}

/* clang-format 14 cannot lay out rows of unequal length. */
/* clang-format off */

#define OUT(n, t, f, text) .name = (n), .type = (t), .flags = (f), .offset = FIELD_NOWHERE, .prose = (text)
#define ID_OUT(n, text) {OUT(n, FIELD_UUID, REQ, text)}
#define ID_OR_NULL_OUT(n, text) {OUT(n, FIELD_UUID, NIL, text)}
#define INT_OUT(n, text) {OUT(n, FIELD_INT, REQ, text)}
#define TEXT_OUT(n, text) {OUT(n, FIELD_STR, REQ, text)}
#define TEXT_OR_NULL_OUT(n, text) {OUT(n, FIELD_STR, NIL, text)}
#define DAY_OR_NULL_OUT(n, text) {OUT(n, FIELD_DATE, NIL, text)}
#define TIME_OUT(n, text) {OUT(n, FIELD_TIMESTAMP, REQ, text)}
#define BOOL_OUT(n, text) {OUT(n, FIELD_BOOL, REQ, text)}
#define LIST_OUT(n, table, text) {OUT(n, FIELD_LIST, REQ, text), .sub = &(table)}
#define TEXTS_OUT(n, text) {OUT(n, FIELD_LIST, REQ, text), .item = FIELD_STR}
#define STAFF_INT_OUT(n, text) {OUT(n, FIELD_INT, 0, "Staff: " text)}
#define WEEKDAYS "mon|tue|wed|thu|fri|sat|sun"

/* --- stations --------------------------------------------------------------------------------- */

static const struct field station_fields[] = {
    ID_OUT("id", "The station"),
    TEXT_OUT("code", "Short name"),
    TEXT_OUT("name", "Name"),
    TEXT_OUT("time_zone", "IANA name"),
    TEXT_OR_NULL_OUT("phone", "E.164"),
    TEXT_OUT("city", "Town"),
    TEXT_OUT("state", "Of the United States"),
    BOOL_OUT("active", "Is it open?"),
    {OUT("email", FIELD_STR, FIELD_NULLABLE, "Staff: e-mail address")},
    {OUT("address", FIELD_STR, 0, "Staff: street")},
    {OUT("zip", FIELD_STR, 0, "Staff: ZIP code")},
    {OUT("first_start", FIELD_TIME, 0, "Staff: earliest start of an event by its clock")},
    {OUT("last_start", FIELD_TIME, 0, "Staff: latest start of an event")},
    {OUT("lat_e5", FIELD_INT, 0, "Staff: latitude in 1e-5 degrees"), .min = -9000000, .max = 9000000},
    {OUT("lon_e5", FIELD_INT, 0, "Staff: longitude in 1e-5 degrees"), .min = -18000000, .max = 18000000},
    STAFF_INT_OUT("radius_miles", "serves venues up to here by road"),
    STAFF_INT_OUT("travel_mph", "average speed on the way"),
    STAFF_INT_OUT("capacity", "events at once"),
    STAFF_INT_OUT("setup_minutes", "before an event"),
    STAFF_INT_OUT("teardown_minutes", "after an event"),
    STAFF_INT_OUT("lead_time_hours", "least time between booking and start"),
    STAFF_INT_OUT("max_ahead_days", "how far ahead can be booked"),
    STAFF_INT_OUT("version", "as in the ETag"),
    {OUT("created_at", FIELD_TIMESTAMP, 0, "Staff: when it was made")},
    {OUT("updated_at", FIELD_TIMESTAMP, 0, "Staff: last change")},
};
TABLE(station_out, "Station", station_fields);

/* --- menu and prices -------------------------------------------------------------------------- */

static const struct field menu_item_fields[] = {
    ID_OUT("id", "The item"),
    TEXT_OUT("code", "What quotes call it"),
    {OUT("kind", FIELD_ENUM, REQ, "A dish of the menu, or an add-on"), .choices = "dish|addon"},
    TEXT_OUT("name", "Name"),
    TEXT_OUT("description", "In a sentence"),
    TEXT_OUT("category", "Where it stands on the menu"),
    {OUT("unit", FIELD_ENUM, REQ, "What the price is for"), .choices = "per_event|per_guest|each"},
    INT_OUT("price_cents", "Of an add-on; of a dish what a portion costs more than the usual; tax included"),
    TEXT_OUT("currency", "ISO 4217"),
    INT_OUT("max_quantity", "Most of it at one event"),
    TEXTS_OUT("dietary_tags", "vegan, gluten_free, shellfish ..."),
    INT_OUT("position", "Order on the menu"),
    BOOL_OUT("active", "Is it offered?"),
    INT_OUT("version", "As in the ETag"),
    TIME_OUT("updated_at", "Last change"),
};
TABLE(menu_item_out, "MenuItem", menu_item_fields);

static const struct field price_rule_fields[] = {
    ID_OR_NULL_OUT("station_id", "For one station only; null: everywhere"),
    {OUT("effective_from", FIELD_DATE, REQ, "Events from this day on")},
    {OUT("value", FIELD_INT, NIL, "In the code's unit; null ends a station's own value")},
};
static TABLE(price_rule_out, "PriceRule", price_rule_fields);

static const struct field price_fields[] = {
    TEXT_OUT("code", "What it is called in quotes"),
    TEXT_OUT("label", "In words"),
    {OUT("unit", FIELD_ENUM, REQ, "Of the values"), .choices = "cents|miles|basis_points"},
    INT_OUT("min_value", "Least value"),
    INT_OUT("max_value", "Greatest value"),
    INT_OUT("default_value", "Where no rule is in force"),
    INT_OUT("value", "In force today where a station has no own one"),
    LIST_OUT("rules", price_rule_out, "By station and day; each until the next one"),
};
TABLE(price_out, "Price", price_fields);

static const struct field price_peak_fields[] = {
    ID_OUT("id", "The peak"),
    TEXT_OUT("label", "What the customer reads"),
    ID_OR_NULL_OUT("station_id", "For one station only; null: everywhere"),
    {OUT("weekdays", FIELD_LIST, REQ, "Days of the week"), .item = FIELD_ENUM, .choices = WEEKDAYS},
    DAY_OR_NULL_OUT("first_day", "First day"),
    DAY_OR_NULL_OUT("last_day", "Last day"),
    INT_OUT("surcharge_bp", "Basis points of everything but travel"),
    BOOL_OUT("active", "Does it count?"),
    INT_OUT("version", "As in the ETag"),
    TIME_OUT("updated_at", "Last change"),
};
TABLE(price_peak_out, "PricePeak", price_peak_fields);

static const struct field item_price_fields[] = {
    ID_OUT("id", "The item"),
    TEXT_OUT("code", "What quotes call it"),
    {OUT("kind", FIELD_ENUM, REQ, "A dish of the menu, or an add-on"), .choices = "dish|addon"},
    TEXT_OUT("name", "Name"),
    {OUT("unit", FIELD_ENUM, REQ, "What the price is for"), .choices = "per_event|per_guest|each"},
    INT_OUT("price_cents", "Tax included"),
    BOOL_OUT("active", "Is it offered?"),
    INT_OUT("version", "For If-Match"),
};
static TABLE(item_price_out, "ItemPrice", item_price_fields);

static const struct field pricing_fields[] = {
    TEXT_OUT("currency", "ISO 4217"),
    LIST_OUT("prices", price_out, "What a price list consists of"),
    LIST_OUT("peaks", price_peak_out, "Dates that cost more; the greatest surcharge of a date counts"),
    LIST_OUT("items", item_price_out, "Dishes and add-ons, those not offered too"),
    INT_OUT("version", "Of the catalogue, as quotes name it"),
};
TABLE(pricing_out, "Pricing", pricing_fields);

static const struct field price_change_fields[] = {
    INT_OUT("id", "The change"),
    TIME_OUT("changed_at", "When"),
    ID_OR_NULL_OUT("changed_by", "Whose account"),
    {OUT("entity", FIELD_ENUM, REQ, "What was changed"), .choices = "rule|peak|item"},
    TEXT_OUT("code", "Code of the price or item, id of the peak"),
    ID_OR_NULL_OUT("station_id", "For one station only"),
    {OUT("old", FIELD_ANY, NIL, "Before; null: it is new")},
    {OUT("new", FIELD_ANY, REQ, "After")},
    TEXT_OUT("reason", "Why"),
};
TABLE(price_change_out, "PriceChange", price_change_fields);
/* clang-format on */
