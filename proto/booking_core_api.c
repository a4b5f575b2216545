/* What the routes of booking's core take. What they give is in booking_core_out.c. */
#include "booking_core_api.h"

#define REQ FIELD_REQUIRED
#define TEXT(S, member) .offset = FIELD_AT(struct S, member, const char *)
#define NUMBER(S, member) .offset = FIELD_AT(struct S, member, int64_t)
#define JSON(S, member) .offset = FIELD_AT(struct S, member, const struct json *)
#define PASSED_ON .offset = FIELD_NOWHERE
#define TABLE(symbol, schema, fields)                          \
    const struct field_table symbol = {.name = (schema),       \
                                       .rows = (fields),       \
                                       .n = ARRAY_LEN(fields), \
                                       .bytes = sizeof(struct symbol)}
#define TABLE_PASSED_ON(symbol, schema, fields) \
    const struct field_table symbol = {.name = (schema), .rows = (fields), .n = ARRAY_LEN(fields)}

/* clang-format 14 cannot lay out rows of unequal length. */
/* clang-format off */

/* --- fields that several bodies have ---------------------------------------------------------- */

#define DATE_FIELD                                                                                 \
    .name = "event_date", .type = FIELD_DATE, .flags = REQ, .example = "\"2026-07-04\"",           \
    .prose = "Day of the event at the venue"
#define TIME_FIELD                                                                                 \
    .name = "event_time", .type = FIELD_TIME, .flags = REQ, .example = "\"18:00\"",                \
    .prose = "Start of the event by the venue's clock: from 11:00, before 23:00"
#define DURATION_FIELD(otherwise)                                                                  \
    .name = "duration_minutes", .type = FIELD_INT, .min = 60, .max = 480,                          \
    .prose = "One to eight hours; " otherwise " when not given"
#define ZIP_FIELD(f)                                                                               \
    .name = "venue_zip", .type = FIELD_STR, .flags = (f), .max = 10, .pattern = "zip",             \
    .prose = "ZIP code of the venue", .example = "\"95112\""
#define ADDRESS_FIELD(f)                                                                           \
    .name = "venue_address", .type = FIELD_STR, .flags = (f), .min = 3, .max = 300,                \
    .prose = "Street and town of the venue"
#define EVENT_TYPE_FIELD(f)                                                                        \
    .name = "event_type", .type = FIELD_STR, .flags = (f), .min = 1, .max = 40, .pattern = "slug", \
    .prose = "birthday, wedding, company ..."
#define TABLE_NUMBER_FIELD(f)                                                                      \
    .name = "table_number", .type = FIELD_STR, .flags = (f), .min = 1, .max = 20,                  \
    .pattern = "table_number", .prose = "Where there are several tables"
#define REQUESTS_FIELD(f)                                                                          \
    .name = "special_requests", .type = FIELD_STR, .flags = (f) | FIELD_SEALED, .max = 2000,                      \
    .prose = "Allergies, wishes, the way in"
#define IDS_FIELD(n, text)                                                                         \
    .name = (n), .type = FIELD_LIST, .item = FIELD_UUID, .max = 10, .prose = (text)
#define CHEF_FIELD(text) .name = "chef_id", .type = FIELD_UUID, .prose = (text)
#define STATION_FIELD(f, text) .name = "station_id", .type = FIELD_UUID, .flags = (f), .prose = (text)

static const struct field contact_fields[] = {
    {.name = "name", .type = FIELD_STR, .min = 1, .max = 100, PASSED_ON, .prose = "Full name"},
    {.name = "email", .type = FIELD_EMAIL, PASSED_ON, .prose = "E-mail address"},
    {.name = "phone", .type = FIELD_PHONE, PASSED_ON, .prose = "E.164, or a US number"},
};
static TABLE_PASSED_ON(contact_in, "BookingContactInput", contact_fields);

static const struct field addon_fields[] = {
    {.name = "code", .type = FIELD_STR, .flags = REQ, .max = 40, .pattern = "slug", PASSED_ON,
     .prose = "Of a dish or add-on of the menu"},
    {.name = "quantity", .type = FIELD_INT, .min = 0, .max = 1000, PASSED_ON,
     .prose = "0 or not given: the usual one"},
};
static TABLE_PASSED_ON(addon_in, "BookingAddonInput", addon_fields);

#define CONTACT_FIELD(text) .name = "contact", .type = FIELD_OBJECT, .sub = &contact_in, .prose = (text)
#define ADDONS_FIELD                                                                               \
    .name = "addons", .type = FIELD_LIST, .sub = &addon_in, .max = 30,                             \
    .prose = "Dishes and add-ons beside the usual meal"

/* --- bookings --------------------------------------------------------------------------------- */

static const struct field booking_create_fields[] = {
    {DATE_FIELD, TEXT(booking_create_in, event_date)},
    {TIME_FIELD, TEXT(booking_create_in, event_time)},
    {DURATION_FIELD("two hours"), NUMBER(booking_create_in, duration_minutes)},
    {.name = "adults", .type = FIELD_INT, .flags = REQ, .min = 0, .max = 50,
     NUMBER(booking_create_in, adults), .prose = "Guests; 1 to 50 with the children"},
    {.name = "children", .type = FIELD_INT, .min = 0, .max = 50,
     NUMBER(booking_create_in, children), .prose = "Guests who pay the children's price"},
    {ADDRESS_FIELD(REQ), PASSED_ON},
    {ZIP_FIELD(REQ), TEXT(booking_create_in, venue_zip)},
    {EVENT_TYPE_FIELD(0), TEXT(booking_create_in, event_type)},
    {TABLE_NUMBER_FIELD(0), PASSED_ON},
    {REQUESTS_FIELD(0), PASSED_ON},
    {ADDONS_FIELD, JSON(booking_create_in, addons)},
    {CONTACT_FIELD("Whom to reach. Without signing in: name, e-mail and phone; staff without "
                   "customer_id: name and one of them"),
     JSON(booking_create_in, contact)},
    {.name = "customer_id", .type = FIELD_UUID, TEXT(booking_create_in, customer_id),
     .prose = "Staff: whose booking it is"},
    {STATION_FIELD(0, "The nearest one that serves the venue when not given"),
     TEXT(booking_create_in, station_id)},
    {CHEF_FIELD("A chef whom the customer wants; else whose turn it is"), PASSED_ON},
    {IDS_FIELD("assistant_ids", "Staff: chefs who help"), JSON(booking_create_in, assistant_ids)},
    {IDS_FIELD("equipment_ids", "Staff: equipment to bring"),
     JSON(booking_create_in, equipment_ids)},
    {.name = "skills", .type = FIELD_LIST, .item = FIELD_STR, .pattern = "slug", .max = 5,
     JSON(booking_create_in, skills), .prose = "Staff: what the chef must be able to do"},
    {.name = "promo_code", .type = FIELD_STR, .min = 1, .max = 40,
     TEXT(booking_create_in, promo_code), .prose = "Promotion to apply"},
    {.name = "source", .type = FIELD_ENUM, .choices = "web|staff|phone|email|chat|partner",
     TEXT(booking_create_in, source), .prose = "Staff: how the customer came to us"},
    {.name = "quote", .type = FIELD_STR, .flags = FIELD_RAW, .min = 1, .max = 16384,
     TEXT(booking_create_in, quote),
     .prose = "The signed quote whose price is to be paid; without it today's price"},
    {.name = "hold_token", .type = FIELD_STR, .flags = FIELD_RAW, .min = 1, .max = 512,
     TEXT(booking_create_in, hold_token), .prose = "The hold that becomes this booking"},
};
TABLE(booking_create_in, "BookingCreate", booking_create_fields);

static const struct field booking_update_fields[] = {
    {.name = "adults", .type = FIELD_INT, .min = 0, .max = 50, PASSED_ON,
     .prose = "Changes the price"},
    {.name = "children", .type = FIELD_INT, .min = 0, .max = 50, PASSED_ON,
     .prose = "Changes the price"},
    {ADDRESS_FIELD(0), PASSED_ON},
    {ZIP_FIELD(0), PASSED_ON},
    {EVENT_TYPE_FIELD(FIELD_NULLABLE), PASSED_ON},
    {TABLE_NUMBER_FIELD(FIELD_NULLABLE), PASSED_ON},
    {REQUESTS_FIELD(FIELD_NULLABLE), PASSED_ON},
    {ADDONS_FIELD, PASSED_ON},
    {CONTACT_FIELD("What of it changes"), PASSED_ON},
};
TABLE_PASSED_ON(booking_update_in, "BookingUpdate", booking_update_fields);

static const struct field booking_reschedule_fields[] = {
    {DATE_FIELD, TEXT(booking_reschedule_in, event_date)},
    {TIME_FIELD, TEXT(booking_reschedule_in, event_time)},
    {DURATION_FIELD("as before"), NUMBER(booking_reschedule_in, duration_minutes)},
    {.name = "keep_chef", .type = FIELD_BOOL, PASSED_ON,
     .prose = "Only if the same chef is free; else another one may come"},
};
TABLE(booking_reschedule_in, "BookingReschedule", booking_reschedule_fields);

static const struct field booking_cancel_fields[] = {
    {.name = "reason", .type = FIELD_STR, .flags = REQ, .max = 500, PASSED_ON, .prose = "Why"},
    {.name = "refund_percent", .type = FIELD_INT, .min = 0, .max = 100, PASSED_ON,
     .prose = "Staff: what is given back, instead of the policy's share"},
};
TABLE_PASSED_ON(booking_cancel_in, "BookingCancel", booking_cancel_fields);

static const struct field booking_move_fields[] = {
    {.name = "reason", .type = FIELD_STR, .min = 1, .max = 500, PASSED_ON,
     .prose = "For the history"},
};
TABLE_PASSED_ON(booking_move_in, "BookingMove", booking_move_fields);

static const struct field booking_assign_fields[] = {
    {CHEF_FIELD("Who cooks"), TEXT(booking_assign_in, chef_id)},
    {IDS_FIELD("assistant_ids", "All chefs who help"), JSON(booking_assign_in, assistant_ids)},
    {IDS_FIELD("equipment_ids", "All equipment to bring"), JSON(booking_assign_in, equipment_ids)},
};
TABLE(booking_assign_in, "BookingAssign", booking_assign_fields);

static const struct field booking_reason_fields[] = {
    {.name = "reason", .type = FIELD_STR, .flags = REQ, .min = 10, .max = 500,
     TEXT(booking_reason_in, reason), .prose = "Why, for the audit log"},
};
TABLE(booking_reason_in, "BookingDelete", booking_reason_fields);

static const struct field booking_note_fields[] = {
    {.name = "text", .type = FIELD_STR, .flags = REQ | FIELD_SEALED, .max = 2000, PASSED_ON,
     .prose = "For staff only"},
};
TABLE_PASSED_ON(booking_note_in, "BookingNoteCreate", booking_note_fields);

static const struct field booking_link_fields[] = {
    {.name = "renew", .type = FIELD_BOOL, PASSED_ON,
     .prose = "Make a new link; those that were sent so far do not work any more"},
};
TABLE_PASSED_ON(booking_link_in, "BookingLinkSend", booking_link_fields);

/* --- holds, waitlist, feeds, equipment -------------------------------------------------------- */

static const struct field hold_create_fields[] = {
    {DATE_FIELD, TEXT(hold_create_in, event_date)},
    {TIME_FIELD, TEXT(hold_create_in, event_time)},
    {DURATION_FIELD("two hours"), NUMBER(hold_create_in, duration_minutes)},
    {ZIP_FIELD(REQ), TEXT(hold_create_in, venue_zip)},
    {STATION_FIELD(0, "The nearest one that serves the venue when not given"),
     TEXT(hold_create_in, station_id)},
    {CHEF_FIELD("A chef whom the customer wants; else whose turn it is"), PASSED_ON},
};
TABLE(hold_create_in, "HoldCreate", hold_create_fields);

static const struct field waitlist_create_fields[] = {
    {STATION_FIELD(REQ, "Whose chefs"), PASSED_ON},
    {DATE_FIELD, PASSED_ON},
    {.name = "from_time", .type = FIELD_TIME, .flags = REQ, TEXT(waitlist_create_in, from_time),
     .prose = "Earliest start that suits"},
    {.name = "until_time", .type = FIELD_TIME, .flags = REQ, TEXT(waitlist_create_in, until_time),
     .prose = "Latest start that suits"},
    {DURATION_FIELD("two hours"), PASSED_ON},
    {.name = "guest_count", .type = FIELD_INT, .flags = REQ, .min = 1, .max = 50, PASSED_ON,
     .prose = "Guests"},
    {.name = "name", .type = FIELD_STR, .flags = REQ, .max = 100, PASSED_ON, .prose = "Full name"},
    {.name = "email", .type = FIELD_EMAIL, .flags = REQ, PASSED_ON, .prose = "Where we write to"},
    {.name = "phone", .type = FIELD_PHONE, PASSED_ON, .prose = "E.164, or a US number"},
};
TABLE(waitlist_create_in, "WaitlistCreate", waitlist_create_fields);

static const struct field calendar_feed_fields[] = {
    {CHEF_FIELD("Whose events; a chef's own when not given"), TEXT(calendar_feed_in, chef_id)},
};
TABLE(calendar_feed_in, "CalendarFeedCreate", calendar_feed_fields);

static const struct field equipment_create_fields[] = {
    {STATION_FIELD(REQ, "Where it is kept"), PASSED_ON},
    {.name = "name", .type = FIELD_STR, .flags = REQ, .max = 100, PASSED_ON, .prose = "What it is"},
};
TABLE_PASSED_ON(equipment_create_in, "EquipmentCreate", equipment_create_fields);

static const struct field equipment_update_fields[] = {
    {.name = "name", .type = FIELD_STR, .min = 1, .max = 100, PASSED_ON, .prose = "What it is"},
    {.name = "active", .type = FIELD_BOOL, PASSED_ON, .prose = "Can it be booked?"},
};
TABLE_PASSED_ON(equipment_update_in, "EquipmentUpdate", equipment_update_fields);

/* --- queries ---------------------------------------------------------------------------------- */

#define DAY_QUERY(n, f, text) .name = (n), .type = FIELD_DATE, .flags = (f), .prose = (text), PASSED_ON
#define ID_QUERY(n, text) .name = (n), .type = FIELD_UUID, .prose = (text), PASSED_ON

static const struct field availability_query_fields[] = {
    {ID_QUERY("station_id", "The nearest one that serves venue_zip when not given")},
    {.name = "venue_zip", .type = FIELD_STR, .max = 10, .pattern = "zip", PASSED_ON,
     .prose = "Where the event is; without it the way there is not counted"},
    {DAY_QUERY("from", REQ, "First day at the venue")},
    {DAY_QUERY("to", REQ, "Last day, at most 30 days later")},
    {.name = "duration_minutes", .type = FIELD_INT, .min = 60, .max = 480, PASSED_ON,
     .prose = "Two hours when not given"},
    {.name = "guests", .type = FIELD_INT, .min = 1, .max = 50, PASSED_ON,
     .prose = "How many will come; every chef can do 1 to 50"},
};
TABLE_PASSED_ON(availability_query, "AvailabilityQuery", availability_query_fields);

static const struct field booking_list_query_fields[] = {
    {.name = "status", .type = FIELD_ENUM, .choices = BOOKING_STATES, PASSED_ON, .prose = "State"},
    {ID_QUERY("station_id", "Station")},
    {ID_QUERY("chef_id", "Chef")},
    {ID_QUERY("customer_id", "Customer")},
    {DAY_QUERY("from", 0, "First day of the event")},
    {DAY_QUERY("to", 0, "Last day of the event")},
    {.name = "q", .type = FIELD_STR, .min = 1, .max = 20, PASSED_ON,
     .prose = "Beginning of the number, such as MH-1000; of one that 2,000 or more have in common, the "
              "lowest 2,000"},
    {.name = "sort", .type = FIELD_ENUM, .choices = "starts_at|-created_at", PASSED_ON,
     .prose = "By start, earliest first (usual), or newest first"},
    {.name = "deleted", .type = FIELD_BOOL, PASSED_ON,
     .prose = "Staff: those that were deleted instead"},
    {.name = "count", .type = FIELD_BOOL, PASSED_ON, .prose = "Add total"},
};
TABLE_PASSED_ON(booking_list_query, "BookingListQuery", booking_list_query_fields);

static const struct field calendar_query_fields[] = {
    {.name = "view", .type = FIELD_ENUM, .flags = REQ, .choices = "day|week|month", PASSED_ON,
     .prose = "Weeks begin on Monday"},
    {DAY_QUERY("date", REQ, "Any day of it")},
    {ID_QUERY("station_id", "One station only")},
    {ID_QUERY("chef_id", "One chef only")},
};
TABLE_PASSED_ON(calendar_query, "CalendarQuery", calendar_query_fields);

static const struct field waitlist_list_query_fields[] = {
    {ID_QUERY("station_id", "Station")},
    {DAY_QUERY("event_date", 0, "Day of the event")},
    {.name = "state", .type = FIELD_ENUM, .choices = "waiting|notified|removed", PASSED_ON,
     .prose = "waiting when not given"},
};
TABLE_PASSED_ON(waitlist_list_query, "WaitlistListQuery", waitlist_list_query_fields);

static const struct field dashboard_query_fields[] = {
    {ID_QUERY("station_id", "One station only")},
    {DAY_QUERY("from", 0, "First day; the first of this month when not given")},
    {DAY_QUERY("to", 0, "Last day, at most a year later; the end of this month when not given")},
};
TABLE_PASSED_ON(dashboard_query, "DashboardQuery", dashboard_query_fields);

static const struct field equipment_list_query_fields[] = {
    {ID_QUERY("station_id", "One station only")},
};
TABLE_PASSED_ON(equipment_list_query, "EquipmentListQuery", equipment_list_query_fields);

static const struct field calendar_feed_list_query_fields[] = {
    {ID_QUERY("chef_id", "One chef only")},
};
TABLE_PASSED_ON(calendar_feed_list_query, "CalendarFeedListQuery", calendar_feed_list_query_fields);
