/* What the routes of chefs and customers take. What they give is in booking_people_out.c. */
#include "booking_people_api.h"

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
#define WEEKDAYS "mon|tue|wed|thu|fri|sat|sun"

#define STR_IN(n, f, least, most, text)                                                            \
    .name = (n), .type = FIELD_STR, .flags = (f), .min = (least), .max = (most), .prose = (text), PASSED_ON
#define INT_IN(n, f, least, most, text)                                                            \
    .name = (n), .type = FIELD_INT, .flags = (f), .min = (least), .max = (most), .prose = (text), PASSED_ON
#define SLUG_IN(n, f, text) STR_IN(n, f, 1, 40, text), .pattern = "slug"
#define ZIP_IN(n, f, text) STR_IN(n, f, 0, 10, text), .pattern = "zip", .example = "\"95112\""
#define OF_TYPE(n, t, f, text) .name = (n), .type = (t), .flags = (f), .prose = (text), PASSED_ON
#define STATE_IN(f) OF_TYPE("state", FIELD_ENUM, f, "Of the United States"), .choices = STATES
#define SLUGS_IN(n, text)                                                                          \
    .name = (n), .type = FIELD_LIST, .item = FIELD_STR, .pattern = "slug", .max = 20, .prose = (text), PASSED_ON
#define ACTIVE_IN(text) OF_TYPE("active", FIELD_BOOL, 0, text)

/* --- chefs ------------------------------------------------------------------------------------ */

#define CHEF_FIELDS(f)                                                                             \
    {OF_TYPE("user_id", FIELD_UUID, NIL, "His account; for administrators to name")},              \
    {OF_TYPE("station_id", FIELD_UUID, f, "Whom he works for")},                                   \
    {STR_IN("name", f, 1, 100, "Full name")},                                                      \
    {OF_TYPE("email", FIELD_EMAIL, NIL, "E-mail address")},                                        \
    {OF_TYPE("phone", FIELD_PHONE, NIL, "E.164, or a US number")},                                 \
    {STR_IN("bio", 0, 0, 2000, "What customers read about him")},                                  \
    {SLUGS_IN("skills", "teppanyaki, sushi, vegan ...")},                                          \
    {SLUGS_IN("languages", "en, es, ja ...")},                                                     \
    {INT_IN("max_events_per_day", 0, 1, 6, "Most events on one day")},                             \
    {ZIP_IN("home_zip", NIL, "Where he lives")},                                                   \
    {ACTIVE_IN("Does he work for us?")},

static const struct field chef_create_fields[] = {CHEF_FIELDS(REQ)};
TABLE(chef_create_in, "ChefCreate", chef_create_fields);
static const struct field chef_update_fields[] = {CHEF_FIELDS(0)};
TABLE(chef_update_in, "ChefUpdate", chef_update_fields);

static const struct field window_fields[] = {
    {OF_TYPE("weekday", FIELD_ENUM, REQ, "Day of the week"), .choices = WEEKDAYS},
    {OF_TYPE("from", FIELD_TIME, REQ, "By the station's clock")},
    {OF_TYPE("until", FIELD_TIME, REQ, "On the next day, when not after from")},
};
static TABLE(window_in, "ChefWindowInput", window_fields);

static const struct field chef_week_fields[] = {
    {.name = "windows", .type = FIELD_LIST, .flags = REQ, .sub = &window_in, .max = 28, PASSED_ON,
     .prose = "When the chef usually works; may not overlap"},
};
TABLE(chef_week_in, "ChefWeekSet", chef_week_fields);

static const struct field chef_exception_fields[] = {
    {.name = "first_day", .type = FIELD_DATE, .flags = REQ, TEXT(chef_exception_in, first_day), .prose = "First day"},
    {.name = "last_day", .type = FIELD_DATE, .flags = REQ, TEXT(chef_exception_in, last_day),
     .prose = "Last day, at most a year later"},
    {OF_TYPE("kind", FIELD_ENUM, REQ, "Works on these days, or does not"),
     .choices = "available|unavailable|time_off"},
    {OF_TYPE("from", FIELD_TIME, 0, "Of available days; all day without")},
    {OF_TYPE("until", FIELD_TIME, 0, "Of available days; on the next day, when not after from")},
    {STR_IN("reason", 0, 0, 500, "For the colleagues")},
};
TABLE_BOUND(chef_exception_in, chef_exception_in, "ChefExceptionCreate", chef_exception_fields);

/* --- customers -------------------------------------------------------------------------------- */

#define CUSTOMER_FIELDS(f)                                                                         \
    {STR_IN("name", f, 1, 100, "Full name")},                                                      \
    {OF_TYPE("email", FIELD_EMAIL, NIL, "E-mail address")},                                        \
    {OF_TYPE("phone", FIELD_PHONE, NIL, "E.164, or a US number")},                                 \
    {STR_IN("address_line1", NIL, 1, 200, "Street")},                                              \
    {STR_IN("address_line2", NIL, 1, 200, "Flat, building")},                                      \
    {STR_IN("city", NIL, 1, 100, "Town")},                                                         \
    {STATE_IN(NIL)},                                                                               \
    {ZIP_IN("zip", NIL, "ZIP code")},                                                              \
    {STR_IN("dietary_notes", NIL | FIELD_SEALED, 1, 2000, "Allergies and wishes")},
#define CUSTOMER_STATION {OF_TYPE("station_id", FIELD_UUID, NIL, "Whose customer it is")}

static const struct field customer_create_fields[] = {CUSTOMER_FIELDS(REQ) CUSTOMER_STATION};
TABLE(customer_create_in, "CustomerCreate", customer_create_fields);
static const struct field customer_update_fields[] = {CUSTOMER_FIELDS(0) CUSTOMER_STATION};
TABLE(customer_update_in, "CustomerUpdate", customer_update_fields);
static const struct field customer_me_fields[] = {CUSTOMER_FIELDS(0)};
TABLE(customer_me_in, "CustomerMeUpdate", customer_me_fields);

static const struct field customer_delete_fields[] = {
    {.name = "reason", .type = FIELD_STR, .flags = REQ, .min = 10, .max = 500,
     TEXT(customer_delete_in, reason), .prose = "Why; kept with the deletion"},
};
TABLE_BOUND(customer_delete_in, customer_delete_in, "CustomerDelete", customer_delete_fields);

static const struct field customer_merge_fields[] = {
    {OF_TYPE("from_id", FIELD_UUID, REQ, "The other customer, whose row goes")},
    {STR_IN("reason", REQ, 10, 400, "Why; kept with it")},
};
TABLE(customer_merge_in, "CustomerMerge", customer_merge_fields);

/* --- queries ---------------------------------------------------------------------------------- */

static const struct field chef_list_query_fields[] = {
    {OF_TYPE("station_id", FIELD_UUID, 0, "One station only")},
    {SLUG_IN("skill", 0, "Those who can")},
    {OF_TYPE("inactive", FIELD_BOOL, 0, "Also those who do not work for us any more")},
};
TABLE(chef_list_query, "ChefListQuery", chef_list_query_fields);

static const struct field chef_exception_query_fields[] = {
    {OF_TYPE("from", FIELD_DATE, 0, "First day of interest")},
    {OF_TYPE("to", FIELD_DATE, 0, "Last day of interest")},
};
TABLE(chef_exception_query, "ChefExceptionQuery", chef_exception_query_fields);

static const struct field customer_list_query_fields[] = {
    {STR_IN("q", 0, 2, 100, "Fragments of name, e-mail address or phone number; the best `limit` matches "
                            "on one page, other filters do not apply")},
    {OF_TYPE("station_id", FIELD_UUID, 0, "One station only")},
    {OF_TYPE("deleted", FIELD_BOOL, 0, "Those who were deleted instead")},
    {OF_TYPE("count", FIELD_BOOL, 0, "Add `total`")},
};
TABLE(customer_list_query, "CustomerListQuery", customer_list_query_fields);
/* clang-format on */
