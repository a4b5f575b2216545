/* What the routes of booking's core give. PostgreSQL builds most of these bodies; the rows here
 * describe them. */
#include "booking_core_api.h"
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
#define TIME_OUT(n, text) {OUT(n, FIELD_TIMESTAMP, REQ, text)}
#define TIME_OR_NULL_OUT(n, text) {OUT(n, FIELD_TIMESTAMP, NIL, text)}
#define LIST_OUT(n, table, text) {OUT(n, FIELD_LIST, REQ, text), .sub = &(table)}

/* A time at the venue, there and everywhere. */
#define WHEN_OUT                                                                                   \
    {OUT("event_date", FIELD_DATE, REQ, "Day at the venue")},                                      \
    {OUT("event_time", FIELD_TIME, REQ, "Start by the venue's clock")},                            \
    TEXT_OUT("time_zone", "Of the venue (IANA)"),                                                  \
    TIME_OUT("starts_at", "Start, UTC"),                                                           \
    TIME_OUT("ends_at", "End, UTC"),                                                               \
    INT_OUT("duration_minutes", "Length of the event")

/* --- availability and holds ------------------------------------------------------------------- */

static const struct field free_slot_fields[] = {
    {OUT("date", FIELD_DATE, REQ, "Day at the venue")},
    {OUT("time", FIELD_TIME, REQ, "Start by the venue's clock")},
    TIME_OUT("starts_at", "Start, UTC"),
    INT_OUT("chefs", "Chefs who are free for it"),
};
static TABLE(free_slot_out, "FreeSlot", free_slot_fields);

static const struct field availability_fields[] = {
    ID_OUT("station_id", "Whose chefs"),
    TEXT_OUT("time_zone", "Of the station (IANA)"),
    INT_OUT("duration_minutes", "Length of the event"),
    LIST_OUT("slots", free_slot_out, "Free starts, every half hour; what is not here is taken"),
};
TABLE(availability_out, "Availability", availability_fields);

static const struct field hold_fields[] = {
    ID_OUT("id", "The hold"),
    {OUT("state", FIELD_ENUM, REQ, "State"), .choices = "active|bound|released|expired"},
    ID_OUT("station_id", "Station"),
    ID_OUT("chef_id", "Whose time it is"),
    WHEN_OUT,
    TEXT_OUT("venue_zip", "Where"),
    TIME_OUT("expires_at", "The time is free again then"),
    TEXT_OUT("token", "For hold_token of the booking, and to give the hold back"),
};
TABLE(hold_out, "Hold", hold_fields);

/* --- bookings --------------------------------------------------------------------------------- */

static const struct field contact_fields[] = {
    TEXT_OUT("name", "Full name"),
    TEXT_OR_NULL_OUT("email", "E-mail address"),
    TEXT_OR_NULL_OUT("phone", "E.164"),
};
static TABLE(contact_out, "BookingContact", contact_fields);

static const struct field addon_fields[] = {
    TEXT_OUT("code", "Of the menu"),
    INT_OUT("quantity", "0: the usual one"),
};
static TABLE(addon_out, "BookingAddon", addon_fields);

static const struct field resource_fields[] = {
    {OUT("kind", FIELD_ENUM, REQ, "What it is"), .choices = "assistant|equipment"},
    ID_OUT("id", "A chef or a piece of equipment"),
};
static TABLE(resource_out, "BookingResource", resource_fields);

static const struct field cancellation_fields[] = {
    TEXT_OR_NULL_OUT("reason", "Why; null once the person is forgotten"),
    TIME_OUT("at", "When"),
    ID_OR_NULL_OUT("by", "Whose account"),
    INT_OUT("refund_percent", "What is given back"),
};
static TABLE(cancellation_out, "BookingCancellation", cancellation_fields);

static const struct field link_fields[] = {
    TEXT_OUT("token", "For `Authorization: Link TOKEN`"),
    TEXT_OUT("url", "The page that takes it"),
};
static TABLE(link_out, "Link", link_fields);

static const struct field booking_fields[] = {
    ID_OUT("id", "The booking"),
    TEXT_OUT("number", "For people"),
    {OUT("state", FIELD_ENUM, REQ, "State"), .choices = BOOKING_STATES},
    ID_OUT("station_id", "Station"),
    ID_OR_NULL_OUT("customer_id", "Customer; null for who has not signed in"),
    ID_OUT("chef_id", "Who cooks"),
    TEXT_OUT("chef_name", "Who cooks"),
    WHEN_OUT,
    INT_OUT("adults", "Guests"),
    INT_OUT("children", "Guests who pay the children's price"),
    INT_OUT("guest_count", "Both"),
    TEXT_OR_NULL_OUT("event_type", "Kind of event"),
    TEXT_OR_NULL_OUT("table_number", "Where there are several tables"),
    {OUT("special_requests", FIELD_STR, NIL | FIELD_SEALED, "Allergies, wishes, the way in")},
    {OUT("skills", FIELD_LIST, REQ, "What the chef must be able to do"), .item = FIELD_STR},
    LIST_OUT("resources", resource_out, "Who and what comes along"),
    TEXT_OUT("venue_address", "Street and town"),
    TEXT_OUT("venue_zip", "ZIP code"),
    {OUT("contact", FIELD_OBJECT, REQ, "Whom to reach"), .sub = &contact_out},
    LIST_OUT("addons", addon_out, "Dishes and add-ons"),
    TEXT_OR_NULL_OUT("promo_code", "Promotion"),
    {OUT("quote", FIELD_ANY, REQ, "The price, line by line")},
    INT_OUT("quote_version", "Of the catalogue that it was made from"),
    INT_OUT("total_cents", "Price of everything, with tax"),
    INT_OUT("deposit_cents", "To be paid ahead"),
    TEXT_OUT("currency", "ISO 4217"),
    {OUT("total_price", FIELD_NUMBER, REQ, "The total as a decimal")},
    {OUT("deposit_amount", FIELD_NUMBER, REQ, "The deposit as a decimal")},
    TEXT_OUT("source", "How the customer came to us"),
    ID_OR_NULL_OUT("duplicate_of", "The customer's other booking at that time; null for who has not signed in"),
    {OUT("link", FIELD_OBJECT, 0, "To read, reschedule and cancel it until 30 days after the event: for who "
                                  "books without signing in, in the reply to that"),
     .sub = &link_out},
    {OUT("cancellation", FIELD_OBJECT, NIL, "Once it is cancelled"), .sub = &cancellation_out},
    INT_OUT("version", "Grows with every change; the ETag"),
    TIME_OUT("created_at", "When it was made"),
    TIME_OUT("updated_at", "Latest change"),
    TIME_OR_NULL_OUT("deleted_at", "When it was deleted"),
};
TABLE(booking_out, "Booking", booking_fields);

static const struct field link_sent_fields[] = {
    {OUT("sent_to", FIELD_EMAIL, REQ, "The address of the booking")},
};
TABLE(booking_link_sent_out, "BookingLinkSent", link_sent_fields);

static const struct field note_fields[] = {
    ID_OUT("id", "The note"),
    ID_OR_NULL_OUT("author", "Whose account"),
    {OUT("text", FIELD_STR, REQ | FIELD_SEALED, "For staff only")},
    TIME_OUT("created_at", "When"),
};
TABLE(booking_note_out, "BookingNote", note_fields);

static const struct field history_fields[] = {
    INT_OUT("id", "Order of the list"),
    TIME_OUT("at", "When"),
    TEXT_OUT("action", "created, confirmed, rescheduled ..."),
    ID_OR_NULL_OUT("actor", "Whose account"),
    TEXT_OR_NULL_OUT("role", "Of the account"),
    {OUT("changes", FIELD_ANY, REQ, "{field: {from, to}}")},
    TEXT_OR_NULL_OUT("reason", "Why"),
};
TABLE(booking_history_out, "BookingHistoryEntry", history_fields);

/* --- calendar --------------------------------------------------------------------------------- */

static const struct field calendar_event_fields[] = {
    ID_OUT("id", "The booking"),
    TEXT_OUT("number", "For people"),
    {OUT("state", FIELD_ENUM, REQ, "State"), .choices = BOOKING_STATES},
    ID_OUT("station_id", "Station"),
    ID_OUT("chef_id", "Who cooks"),
    TEXT_OUT("chef_name", "Who cooks"),
    {OUT("event_time", FIELD_TIME, REQ, "Start by the venue's clock")},
    TIME_OUT("starts_at", "Start, UTC"),
    TIME_OUT("ends_at", "End, UTC"),
    INT_OUT("guest_count", "Guests"),
    TEXT_OUT("venue_zip", "Where"),
    TEXT_OUT("contact_name", "Whose event"),
};
static TABLE(calendar_event_out, "CalendarEvent", calendar_event_fields);

static const struct field calendar_day_fields[] = {
    {OUT("date", FIELD_DATE, REQ, "The day")},
    LIST_OUT("bookings", calendar_event_out, "By start"),
};
static TABLE(calendar_day_out, "CalendarDay", calendar_day_fields);

static const struct field calendar_fields[] = {
    {OUT("view", FIELD_ENUM, REQ, "As asked"), .choices = "day|week|month"},
    {OUT("from", FIELD_DATE, REQ, "First day")},
    {OUT("to", FIELD_DATE, REQ, "Last day")},
    LIST_OUT("days", calendar_day_out, "Every day of the view"),
    {OUT("truncated", FIELD_BOOL, REQ, "There are more bookings than fit: ask for one station")},
};
TABLE(calendar_out, "Calendar", calendar_fields);

#define FEED_OUT                                                                                   \
    ID_OUT("id", "The subscription"), ID_OUT("chef_id", "Whose events"),                           \
        TIME_OUT("created_at", "When it was made")

static const struct field feed_fields[] = {FEED_OUT};
TABLE(calendar_feed_out, "CalendarFeed", feed_fields);

static const struct field feed_created_fields[] = {
    FEED_OUT,
    TEXT_OUT("path", "For a calendar program; a secret, shown once"),
};
TABLE(calendar_feed_created_out, "CalendarFeedCreated", feed_created_fields);

/* --- waitlist, dashboard, equipment ----------------------------------------------------------- */

static const struct field waitlist_fields[] = {
    ID_OUT("id", "The entry"),
    {OUT("state", FIELD_ENUM, REQ, "State"), .choices = "waiting|notified|removed"},
    ID_OUT("station_id", "Whose chefs"),
    {OUT("event_date", FIELD_DATE, REQ, "Day of the event")},
    {OUT("from_time", FIELD_TIME, REQ, "Earliest start")},
    {OUT("until_time", FIELD_TIME, REQ, "Latest start")},
    INT_OUT("duration_minutes", "Length of the event"),
    INT_OUT("guest_count", "Guests"),
    TEXT_OUT("name", "Full name"),
    TEXT_OUT("email", "Where we write to"),
    TEXT_OR_NULL_OUT("phone", "E.164"),
    TIME_OR_NULL_OUT("notified_at", "When a time became free"),
    TIME_OR_NULL_OUT("free_at", "The start that became free"),
    TIME_OUT("created_at", "Since when"),
    {OUT("link", FIELD_OBJECT, 0, "To take it off the list again: for who joins without signing in"),
     .sub = &link_out},
};
TABLE(waitlist_out, "WaitlistEntry", waitlist_fields);

static const struct field state_count_fields[] = {
    {OUT("state", FIELD_ENUM, REQ, "State"), .choices = BOOKING_STATES},
    INT_OUT("bookings", "How many"),
    INT_OUT("total_cents", "Their prices"),
};
static TABLE(state_count_out, "StateCount", state_count_fields);

static const struct field station_count_fields[] = {
    ID_OUT("station_id", "Station"),
    TEXT_OUT("name", "Its name"),
    INT_OUT("bookings", "Not cancelled, in the time asked for"),
    INT_OUT("guests", "Their guests"),
    INT_OUT("total_cents", "Their prices"),
};
static TABLE(station_count_out, "StationCount", station_count_fields);

static const struct field dashboard_fields[] = {
    {OUT("from", FIELD_DATE, REQ, "First day")},
    {OUT("to", FIELD_DATE, REQ, "Last day")},
    INT_OUT("bookings", "Events in that time"),
    INT_OUT("guests", "Guests of those not cancelled"),
    INT_OUT("booked_cents", "Prices of those confirmed, seated and completed"),
    INT_OUT("average_cents", "The same for one of them"),
    TEXT_OUT("currency", "ISO 4217"),
    INT_OUT("today", "Events of today"),
    INT_OUT("upcoming", "Pending and confirmed events of the next seven days"),
    LIST_OUT("by_state", state_count_out, "All states"),
    LIST_OUT("by_station", station_count_out, "Stations that the caller may see"),
};
TABLE(dashboard_out, "Dashboard", dashboard_fields);

static const struct field equipment_fields[] = {
    ID_OUT("id", "The piece"),
    ID_OUT("station_id", "Where it is kept"),
    TEXT_OUT("name", "What it is"),
    {OUT("active", FIELD_BOOL, REQ, "Can it be booked?")},
    INT_OUT("version", "Grows with every change; the ETag"),
    TIME_OUT("created_at", "Since when"),
    TIME_OUT("updated_at", "Latest change"),
};
TABLE(equipment_out, "Equipment", equipment_fields);

/* What is kept of a person: each item has one of these members, or one that nobody seals. */
static const struct field export_fields[] = {
    {OUT("customer", FIELD_OBJECT, 0, "How he is kept"), .sub = &customer_out},
    {OUT("booking", FIELD_OBJECT, 0, "What he booked"), .sub = &booking_out},
    {OUT("note", FIELD_OBJECT, 0, "What staff noted about that"), .sub = &booking_note_out},
};
TABLE(booking_export_out, "ExportOfBooking", export_fields);
