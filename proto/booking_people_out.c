/* What the routes of chefs and customers give. PostgreSQL builds these bodies; the rows here
 * describe them. */
#include "booking_people_api.h"

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
#define LONG_TEXT_OUT(n, text) {OUT(n, FIELD_STR, REQ, text), .max = 2000}
#define TIME_OUT(n, text) {OUT(n, FIELD_TIMESTAMP, REQ, text)}
#define BOOL_OUT(n, text) {OUT(n, FIELD_BOOL, REQ, text)}
#define LIST_OUT(n, table, text) {OUT(n, FIELD_LIST, REQ, text), .sub = &(table)}
#define TEXTS_OUT(n, text) {OUT(n, FIELD_LIST, REQ, text), .item = FIELD_STR}
#define WEEKDAYS "mon|tue|wed|thu|fri|sat|sun"

/* --- chefs ------------------------------------------------------------------------------------ */

static const struct field chef_fields[] = {
    ID_OUT("id", "The chef"),
    ID_OR_NULL_OUT("user_id", "His account"),
    ID_OUT("station_id", "Whom he works for"),
    TEXT_OUT("name", "Full name"),
    TEXT_OR_NULL_OUT("email", "E-mail address"),
    TEXT_OR_NULL_OUT("phone", "E.164"),
    LONG_TEXT_OUT("bio", "What customers read about him"),
    TEXTS_OUT("skills", "teppanyaki, sushi, vegan ..."),
    TEXTS_OUT("languages", "en, es, ja ..."),
    INT_OUT("max_events_per_day", "Most events on one day"),
    TEXT_OR_NULL_OUT("home_zip", "Where he lives"),
    BOOL_OUT("active", "Does he work for us?"),
    INT_OUT("version", "As in the ETag"),
    TIME_OUT("created_at", "When he came"),
    TIME_OUT("updated_at", "Last change"),
};
TABLE(chef_out, "Chef", chef_fields);

static const struct field window_fields[] = {
    {OUT("weekday", FIELD_ENUM, REQ, "Day of the week"), .choices = WEEKDAYS},
    {OUT("from", FIELD_TIME, REQ, "By the station's clock")},
    {OUT("until", FIELD_TIME, REQ, "On the next day, when not after from")},
};
static TABLE(window_out, "ChefWindow", window_fields);

static const struct field chef_week_fields[] = {
    ID_OUT("chef_id", "The chef"),
    TEXT_OUT("time_zone", "Of the station (IANA)"),
    LIST_OUT("windows", window_out, "When the chef usually works"),
    INT_OUT("version", "As in the ETag"),
};
TABLE(chef_week_out, "ChefWeek", chef_week_fields);

static const struct field chef_exception_fields[] = {
    ID_OUT("id", "The exception"),
    ID_OUT("chef_id", "The chef"),
    {OUT("first_day", FIELD_DATE, REQ, "First day")},
    {OUT("last_day", FIELD_DATE, REQ, "Last day")},
    {OUT("kind", FIELD_ENUM, REQ, "Works on these days, or does not"),
     .choices = "available|unavailable|time_off"},
    {OUT("from", FIELD_TIME, NIL, "Of available days; null: all day")},
    {OUT("until", FIELD_TIME, NIL, "On the next day, when not after from")},
    TEXT_OUT("reason", "For the colleagues"),
    TIME_OUT("created_at", "When it was made"),
};
TABLE(chef_exception_out, "ChefException", chef_exception_fields);

/* --- customers -------------------------------------------------------------------------------- */

static const struct field customer_fields[] = {
    ID_OUT("id", "The customer"),
    ID_OR_NULL_OUT("user_id", "His account"),
    ID_OR_NULL_OUT("station_id", "Whose customer it is"),
    TEXT_OUT("name", "Full name; empty until the owner of the account says it"),
    TEXT_OR_NULL_OUT("email", "E-mail address"),
    TEXT_OR_NULL_OUT("phone", "E.164"),
    TEXT_OR_NULL_OUT("address_line1", "Street"),
    TEXT_OR_NULL_OUT("address_line2", "Flat, building"),
    TEXT_OR_NULL_OUT("city", "Town"),
    TEXT_OR_NULL_OUT("state", "Of the United States"),
    TEXT_OR_NULL_OUT("zip", "ZIP code"),
    {OUT("dietary_notes", FIELD_STR, NIL | FIELD_SEALED, "Allergies and wishes")},
    INT_OUT("version", "As in the ETag"),
    TIME_OUT("created_at", "First contact"),
    TIME_OUT("updated_at", "Last change"),
    {OUT("deleted_at", FIELD_TIMESTAMP, NIL, "When it was deleted")},
    TEXT_OR_NULL_OUT("deleted_reason", "Why it was deleted"),
    ID_OR_NULL_OUT("merged_into", "The same person's other row, which goes on"),
};
TABLE(customer_out, "Customer", customer_fields);
/* clang-format on */
