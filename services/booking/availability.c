/* Counting free chefs. One byte a slot tells whether the chef at hand could start then: working
 * hours set it, what he is busy with clears it, and what is left is added up.
 *
 * Hours are compared in local time, as they are written; spans in UTC, as they are stored. On the
 * night when clocks are put back, an event can end at an earlier local time than a shorter one; so
 * a slot is checked against hours by itself, and only the slots' starts are taken to be in order.
 */
#include "availability.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define MAX_WINDOWS 1024 /* of one chef in the range, with the days around it */
#define MAX_WEEK 100     /* windows */
#define MAX_SPECIALS 500 /* exceptions */
#define MINUTES_PER_WEEK (7 * MINUTES_PER_DAY)

struct window {
    int32_t from, until; /* local */
};

/* Days that an exception rules; from -1: no work. */
struct special {
    int32_t first, end;
    struct window hours;
};

struct edge {
    int32_t at, step; /* +1: an event begins */
};

struct avail {
    struct arena *arena;
    struct avail_wish wish;
    struct avail_slot *slots;
    size_t n_slots;
    uint8_t *could;  /* for the chef at hand, by slot */
    int32_t *events; /* of the chef at hand, by day */
    size_t n_chefs;
    struct edge *edges; /* of all chefs' events */
    size_t n_edges, room_edges;
    struct window week[MAX_WEEK]; /* of the chef at hand, here and below */
    size_t n_week;
    struct special specials[MAX_SPECIALS];
    size_t n_specials;
    struct window windows[MAX_WINDOWS];
};

static void slots_of_day(struct avail *v, const struct zone *zone, int32_t day)
{
    const struct avail_wish *w = &v->wish;
    for (int32_t at = w->first_start; at < w->last_start; at += AVAIL_STEP_MINUTES) {
        struct avail_slot s = {.local = day * MINUTES_PER_DAY + at};
        if (!zone_to_utc(zone, s.local, &s.utc) || s.utc < w->earliest || s.utc > w->latest)
            continue;
        s.local_end = zone_to_local(zone, s.utc + w->duration);
        v->slots[v->n_slots++] = s;
    }
}

enum err avail_new(struct arena *a, const struct zone *zone, const struct avail_wish *wish,
                   struct avail **ret_avail)
{
    int32_t days = wish->last_day - wish->first_day + 1;
    if (days < 1 || days > AVAIL_MAX_DAYS || wish->first_start < 0 ||
        wish->last_start > MINUTES_PER_DAY)
        return ERR_INVALID;
    size_t per_day = MINUTES_PER_DAY / AVAIL_STEP_MINUTES;
    struct avail *v = arena_alloc(a, sizeof(*v));
    if (!v)
        return ERR_TOO_LARGE;
    v->arena = a;
    v->wish = *wish;
    v->slots = arena_alloc(a, (size_t)days * per_day * sizeof(*v->slots));
    v->could = arena_alloc(a, (size_t)days * per_day);
    v->events = arena_alloc(a, (size_t)days * sizeof(*v->events));
    if (!v->slots || !v->could || !v->events)
        return ERR_TOO_LARGE;
    for (int32_t day = wish->first_day; day <= wish->last_day; day++)
        slots_of_day(v, zone, day);
    *ret_avail = v;
    return ERR_OK;
}

/* --- working hours ------------------------------------------------------------------------- */

/* Appends; hours that go on where the ones before end are one window. */
static enum err window_add(struct avail *v, size_t *n, int32_t from, int32_t until)
{
    if (*n > 0 && from <= v->windows[*n - 1].until) {
        v->windows[*n - 1].until = MAX(v->windows[*n - 1].until, until);
        return ERR_OK;
    }
    if (*n == MAX_WINDOWS)
        return ERR_TOO_LARGE;
    v->windows[(*n)++] = (struct window){from, until};
    return ERR_OK;
}

/* The week and the exceptions of the chef at hand, out of their texts. */
static enum err hours_read(struct avail *v, const struct avail_chef *chef)
{
    const char *p = chef->week;
    struct window w;
    v->n_week = v->n_specials = 0;
    while (int_next(&p, &w.from)) {
        if (!int_next(&p, &w.until) || w.until < w.from || w.until > 2 * MINUTES_PER_WEEK)
            return ERR_MALFORMED;
        if (v->n_week == MAX_WEEK)
            return ERR_TOO_LARGE;
        v->week[v->n_week++] = w;
    }
    if (*p != '\0')
        return ERR_MALFORMED;
    struct special s;
    for (p = chef->exceptions; int_next(&p, &s.first);) {
        if (!int_next(&p, &s.end) || !int_next(&p, &s.hours.from) || !int_next(&p, &s.hours.until))
            return ERR_MALFORMED;
        if (v->n_specials == MAX_SPECIALS)
            return ERR_TOO_LARGE;
        v->specials[v->n_specials++] = s;
    }
    return *p == '\0' ? ERR_OK : ERR_MALFORMED;
}

static const struct special *special_on(const struct avail *v, int32_t day)
{
    for (size_t i = 0; i < v->n_specials; i++)
        if (day >= v->specials[i].first && day < v->specials[i].end)
            return &v->specials[i];
    return NULL;
}

static enum err day_add(struct avail *v, size_t *n, int32_t day)
{
    int32_t midnight = day * MINUTES_PER_DAY, weekday = weekday_of(day) * MINUTES_PER_DAY;
    const struct special *s = special_on(v, day);
    if (s && s->hours.from < 0)
        return ERR_OK;
    if (s)
        return window_add(v, n, midnight + s->hours.from, midnight + s->hours.until);
    enum err e = ERR_OK;
    for (size_t i = 0; i < v->n_week && e == ERR_OK; i++)
        if (v->week[i].from >= weekday && v->week[i].from < weekday + MINUTES_PER_DAY)
            e = window_add(v, n, midnight + v->week[i].from - weekday,
                           midnight + v->week[i].until - weekday);
    return e;
}

/* The chef's hours, in order: also of the day before the range, which may end after midnight, and
 * of the day after it, into which the last event may last. */
static enum err windows_make(struct avail *v, const struct avail_chef *chef, size_t *ret_n)
{
    enum err e = hours_read(v, chef);
    size_t n = 0;
    for (int32_t day = v->wish.first_day - 1; day <= v->wish.last_day + 1 && e == ERR_OK; day++)
        e = day_add(v, &n, day);
    *ret_n = n;
    return e;
}

/* The first slot that starts at or after a time, of the venue's clock or of UTC. */
static size_t slot_from(const struct avail *v, int32_t at, bool is_local)
{
    size_t low = 0, high = v->n_slots;
    while (low < high) {
        size_t middle = (low + high) / 2;
        const struct avail_slot *s = &v->slots[middle];
        if ((is_local ? s->local : s->utc) < at)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void mark_window(struct avail *v, const struct window *w)
{
    for (size_t i = slot_from(v, w->from, true); i < v->n_slots && v->slots[i].local < w->until;
         i++)
        if (v->slots[i].local_end <= w->until)
            v->could[i] = 1;
}

/* --- what a chef is busy with --------------------------------------------------------------- */

/* The slots whose event, with all that belongs to it, would overlap [from, until). */
static void slots_overlapping(const struct avail *v, int32_t from, int32_t until, size_t *ret_first,
                              size_t *ret_end)
{
    *ret_first = slot_from(v, from - v->wish.duration - v->wish.after + 1, false);
    *ret_end = slot_from(v, until + v->wish.before, false);
}

static enum err edge_add(struct avail *v, int32_t at, int32_t step)
{
    if (v->n_edges == v->room_edges) {
        size_t room = v->room_edges ? 2 * v->room_edges : 256;
        struct edge *more = room <= (size_t)4 * AVAIL_MAX_SPANS
                                ? arena_alloc(v->arena, room * sizeof(*more))
                                : NULL;
        if (!more)
            return ERR_TOO_LARGE;
        if (v->n_edges)
            memcpy(more, v->edges, v->n_edges * sizeof(*more));
        v->edges = more;
        v->room_edges = room;
    }
    v->edges[v->n_edges++] = (struct edge){at, step};
    return ERR_OK;
}

static enum err clear_busy(struct avail *v, const char *busy)
{
    int32_t from, until, day, is_event;
    while (int_next(&busy, &from)) {
        if (!int_next(&busy, &until) || !int_next(&busy, &day) || !int_next(&busy, &is_event))
            return ERR_MALFORMED;
        size_t first, end;
        slots_overlapping(v, from, until, &first, &end);
        if (first < end)
            memset(v->could + first, 0, end - first);
        if (day >= v->wish.first_day && day <= v->wish.last_day)
            v->events[day - v->wish.first_day]++;
        if (!is_event)
            continue;
        enum err e = edge_add(v, from, 1);
        if (e == ERR_OK)
            e = edge_add(v, until, -1);
        if (e != ERR_OK)
            return e;
    }
    return *busy == '\0' ? ERR_OK : ERR_MALFORMED;
}

enum err avail_add_chef(struct avail *v, const struct avail_chef *chef)
{
    size_t n_windows;
    enum err e = windows_make(v, chef, &n_windows);
    if (e != ERR_OK)
        return e;
    memset(v->could, 0, v->n_slots);
    memset(v->events, 0, (size_t)(v->wish.last_day - v->wish.first_day + 1) * sizeof(*v->events));
    for (size_t i = 0; i < n_windows; i++)
        mark_window(v, &v->windows[i]);
    e = clear_busy(v, chef->busy);
    if (e != ERR_OK)
        return e;
    for (size_t i = 0; i < v->n_slots; i++) {
        int32_t day = v->slots[i].local / MINUTES_PER_DAY - v->wish.first_day;
        v->slots[i].chefs += v->could[i] && v->events[day] < chef->max_events;
    }
    v->n_chefs++;
    return ERR_OK;
}

/* --- the station's capacity ------------------------------------------------------------------ */

/* In order; at the same moment an end comes before a beginning. */
static int edge_order(const void *a, const void *b)
{
    const struct edge *x = a, *y = b;
    if (x->at != y->at)
        return x->at < y->at ? -1 : 1;
    return x->step - y->step;
}

void avail_finish(struct avail *v)
{
    if ((size_t)v->wish.capacity >= v->n_chefs || v->n_edges == 0)
        return;
    qsort(v->edges, v->n_edges, sizeof(*v->edges), edge_order);
    int32_t running = 0, full_from = 0;
    for (size_t i = 0; i < v->n_edges; i++) {
        bool was_full = running >= v->wish.capacity;
        running += v->edges[i].step;
        bool is_full = running >= v->wish.capacity;
        if (is_full && !was_full)
            full_from = v->edges[i].at;
        if (is_full || !was_full)
            continue;
        size_t first, end;
        slots_overlapping(v, full_from, v->edges[i].at, &first, &end);
        for (size_t s = first; s < end; s++)
            v->slots[s].chefs = 0;
    }
}

/* --- reading it ------------------------------------------------------------------------------ */

const struct avail_slot *avail_slots(const struct avail *v, size_t *ret_n)
{
    *ret_n = v->n_slots;
    return v->slots;
}

/* How far a slot is from the wish: days count more than times. */
static int32_t distance(const struct avail_slot *s, int32_t local)
{
    int32_t days = s->local / MINUTES_PER_DAY - local / MINUTES_PER_DAY;
    int32_t minutes = s->local % MINUTES_PER_DAY - local % MINUTES_PER_DAY;
    return abs(days) * MINUTES_PER_DAY + abs(minutes);
}

size_t avail_nearest(const struct avail *v, int32_t local, const struct avail_slot **ret_list,
                     size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < v->n_slots; i++) {
        const struct avail_slot *s = &v->slots[i];
        if (s->chefs == 0 || s->local == local)
            continue;
        size_t at = n;
        while (at > 0 && distance(s, local) < distance(ret_list[at - 1], local))
            at--;
        if (at == max)
            continue;
        n = MIN(n + 1, max);
        memmove(ret_list + at + 1, ret_list + at, (n - at - 1) * sizeof(*ret_list));
        ret_list[at] = s;
    }
    return n;
}

void avail_slot_write(struct json_writer *w, const struct avail_slot *s)
{
    char date[DATE_SIZE], clock[CLOCK_SIZE], utc[UTC_MINUTE_SIZE];
    date_print(s->local / MINUTES_PER_DAY, date);
    clock_print(s->local, clock);
    utc_minute_print(s->utc, utc);
    json_put_cstr(w, "date", date);
    json_put_cstr(w, "time", clock);
    json_put_cstr(w, "starts_at", utc);
    json_put_i64(w, "chefs", s->chefs);
}
