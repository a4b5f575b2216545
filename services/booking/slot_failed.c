/* The rows that answer when a time cannot be had. An error of these rows themselves ends in
 * slot_refuse() too, which tells of the first one. */
#include "slot_failed.h"

#include "common/err.h"

#include "availability_http.h"
#include "booking.h"
#include "booking_sql.h"

#define ALTERNATIVES 5
#define SEARCH_DAYS 14

/* Leaves a word for whoever follows up. */
enum step_rc slot_lead(struct req *r)
{
    const struct slot_try *t = r->ctx;
    r->rows = NULL;
    if (!t->lead)
        return STEP_NEXT;
    return req_pg(r, &sql_booking_failed,
                  PG_ARGS(req_sql_ctx(r), r->in_json, err_code(r->caught), t->station_id));
}

/* From the day on that was wanted. */
enum step_rc slot_search(struct req *r)
{
    const struct slot_try *t = r->ctx;
    int32_t first = date_days(t->event_date);
    r->rows = NULL;
    return availability_load(r, t->station_id, first, first + SEARCH_DAYS);
}

static const char *alternatives_write(struct req *r, const struct avail *v)
{
    const struct slot_try *t = r->ctx;
    const struct avail_slot *list[ALTERNATIVES];
    int32_t wanted = date_days(t->event_date) * MINUTES_PER_DAY + clock_minutes(t->event_time);
    size_t n = avail_nearest(v, wanted, list, ALTERNATIVES);
    struct buf out = BUF_INIT(4096);
    struct json_writer w = JSON_WRITER(&out);
    json_open(&w, NULL, '[');
    for (size_t i = 0; i < n; i++) {
        json_open(&w, NULL, '{');
        avail_slot_write(&w, list[i]);
        json_close(&w, '}');
    }
    json_close(&w, ']');
    const char *text = arena_take(r->arena, &out);
    return text;
}

enum step_rc slot_refuse(struct req *r)
{
    const struct slot_try *t = r->ctx;
    struct avail *v;
    if ((r->caught == ERR_SLOT_TAKEN || r->caught == ERR_NO_CHEF) && r->rows) {
        const struct availability_ask ask = {
            .first_day = date_days(t->event_date),
            .last_day = date_days(t->event_date) + SEARCH_DAYS,
            .duration_minutes = t->duration_minutes,
            .travel_minutes = t->travel_minutes,
        };
        const char *text =
            availability_read(r, &ask, &v) == ERR_OK ? alternatives_write(r, v) : NULL;
        if (text)
            req_problem_member(r, "alternatives", text);
    }
    return req_fail_caught(r);
}
