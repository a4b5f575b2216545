/* The bodies and queries of booking's core: availability, holds, bookings, calendar, waitlist.
 * Structs hold what the service's C code reads; the rest goes to PostgreSQL as one JSON parameter.
 */
#ifndef PROTO_BOOKING_CORE_API_H
#define PROTO_BOOKING_CORE_API_H

#include <stdbool.h>
#include <stdint.h>

#include "common/field.h"

#define BOOKING_STATES "pending|confirmed|seated|completed|cancelled|no_show"
#define BOOKING_DEFAULT_MINUTES 120

struct booking_create_in {
    const char *station_id, *customer_id;
    const char *event_date, *event_time;
    int64_t duration_minutes; /* 0: not given, here and below */
    int64_t adults, children;
    const char *venue_zip, *event_type, *promo_code, *source;
    const struct json *contact, *addons;
    const struct json *assistant_ids, *equipment_ids, *skills; /* staff only */
    const char *quote, *hold_token;
};

struct booking_reschedule_in {
    const char *event_date, *event_time;
    int64_t duration_minutes;
};

struct booking_assign_in {
    const char *chef_id;
    const struct json *assistant_ids, *equipment_ids;
};

struct booking_reason_in {
    const char *reason;
};

struct hold_create_in {
    const char *station_id, *venue_zip;
    const char *event_date, *event_time;
    int64_t duration_minutes;
};

struct waitlist_create_in {
    const char *from_time, *until_time;
};

struct calendar_feed_in {
    const char *chef_id;
};

extern const struct field_table booking_create_in, booking_update_in, booking_reschedule_in,
    booking_cancel_in, booking_move_in, booking_assign_in, booking_reason_in, booking_note_in,
    booking_link_in, hold_create_in, waitlist_create_in, calendar_feed_in, equipment_create_in,
    equipment_update_in;

extern const struct field_table availability_query, booking_list_query, calendar_query,
    waitlist_list_query, dashboard_query, equipment_list_query, calendar_feed_list_query;

extern const struct field_table availability_out, hold_out, booking_out, booking_note_out,
    booking_link_sent_out, booking_history_out, calendar_out, calendar_feed_out,
    calendar_feed_created_out, waitlist_out, dashboard_out, equipment_out, booking_export_out;

#endif
