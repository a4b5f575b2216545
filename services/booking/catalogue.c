/* The catalogue in memory: see catalogue.h. One arena holds all of it, and a count of who uses it;
 * nothing in it changes after catalogue_parse(). */
#include "catalogue.h"

#include <stdlib.h>
#include <string.h>

#include "common/json.h"

#define CATALOGUE_MAX_BYTES ((size_t)64 << 20)

struct zip {
    uint32_t number;
    struct place at;
};

/* A value from a day on. */
struct price_row {
    enum price_code code;
    const struct station *station; /* NULL: everywhere */
    char from[11];                 /* ISO date; "": always */
    bool ends;                     /* the station's own value ends on that day */
    int64_t value;
};

struct catalogue {
    struct arena *arena;
    size_t references;
    int64_t version;
    struct station *stations;
    struct item *items;
    struct price_row *prices;
    struct peak *peaks;
    struct zip *zips; /* sorted */
    size_t n_stations, n_items, n_prices, n_peaks, n_zips;
};

static const char *const code_names[PRICE_CODE_MAX] = {
    "adult_price",     "child_price", "minimum_spend", "travel_free_miles",
    "travel_per_mile", "road_factor", "deposit",       "deposit_share",
};

const char *price_code_name(enum price_code code)
{
    return code < PRICE_CODE_MAX ? code_names[code] : "?";
}

/* --- reading -----------------------------------------------------------------------------------
 */

/* A walk over the rows of one list; the first mistake ends it. */
struct reader {
    struct catalogue *c;
    const char *why; /* NULL: no mistake yet */
};

static const char *text_of(struct reader *r, const struct json *row, const char *name)
{
    const struct json *j = json_get(row, name);
    if (!j || json_type(j) != JSON_STRING) {
        r->why = "a text is missing";
        return "";
    }
    char *copy = arena_strdup(r->c->arena, json_string(j));
    if (!copy)
        r->why = "too large";
    return copy ? copy : "";
}

static void text_into(struct reader *r, const struct json *row, const char *name, char *ret_text,
                      size_t size)
{
    const struct json *j = json_get(row, name);
    if (!j || json_type(j) != JSON_STRING ||
        str_copy(ret_text, size, str_of(json_string(j))) != ERR_OK)
        r->why = "a text is missing or too long";
}

static int64_t number_of(struct reader *r, const struct json *row, const char *name, int64_t min,
                         int64_t max)
{
    const struct json *j = json_get(row, name);
    int64_t value;
    if (!j || json_type(j) != JSON_NUMBER || json_i64(j, &value) != ERR_OK || value < min ||
        value > max) {
        r->why = "a number is missing or out of range";
        return min;
    }
    return value;
}

static bool is_null(const struct json *row, const char *name)
{
    const struct json *j = json_get(row, name);
    return !j || json_type(j) == JSON_NULL;
}

static int word_of(struct reader *r, const struct json *row, const char *name,
                   const char *const *words, int n)
{
    const struct json *j = json_get(row, name);
    for (int i = 0; j && json_type(j) == JSON_STRING && i < n; i++)
        if (strcmp(json_string(j), words[i]) == 0)
            return i;
    r->why = "a word is not known";
    return 0;
}

static void station_read(struct reader *r, const struct json *row, void *to)
{
    struct station *s = to;
    text_into(r, row, "id", s->id, sizeof(s->id));
    s->code = text_of(r, row, "code");
    s->name = text_of(r, row, "name");
    s->time_zone = text_of(r, row, "time_zone");
    s->at.lat_e5 = (int32_t)number_of(r, row, "lat_e5", -9000000, 9000000);
    s->at.lon_e5 = (int32_t)number_of(r, row, "lon_e5", -18000000, 18000000);
    s->radius_miles = number_of(r, row, "radius_miles", 1, 10000);
    s->travel_mph = number_of(r, row, "travel_mph", 1, 200);
    s->setup_minutes = number_of(r, row, "setup_minutes", 0, 1440);
    s->teardown_minutes = number_of(r, row, "teardown_minutes", 0, 1440);
    s->lead_time_hours = number_of(r, row, "lead_time_hours", 0, 10000);
    const struct json *active = json_get(row, "active");
    s->active = active && json_type(active) == JSON_BOOL && json_bool(active);
}

static void item_read(struct reader *r, const struct json *row, void *to)
{
    static const char *const kinds[] = {"dish", "addon"};
    static const char *const units[UNIT_MAX] = {"per_event", "per_guest", "each"};
    struct item *i = to;
    i->code = text_of(r, row, "code");
    i->name = text_of(r, row, "name");
    i->addon = word_of(r, row, "kind", kinds, ARRAY_LEN(kinds)) == 1;
    i->unit = (enum item_unit)word_of(r, row, "unit", units, UNIT_MAX);
    i->price_cents = number_of(r, row, "price_cents", 0, 100000000);
    i->max_quantity = number_of(r, row, "max_quantity", 1, 1000000);
}

/* Stations are read first; inactive ones keep their prices. */
static const struct station *station_of(struct reader *r, const struct json *row)
{
    if (is_null(row, "station"))
        return NULL;
    char id[UUID_SIZE] = "";
    text_into(r, row, "station", id, sizeof(id));
    for (size_t i = 0; i < r->c->n_stations; i++)
        if (strcmp(r->c->stations[i].id, id) == 0)
            return &r->c->stations[i];
    r->why = "a station is not known";
    return NULL;
}

static void price_read(struct reader *r, const struct json *row, void *to)
{
    struct price_row *p = to;
    p->code = (enum price_code)word_of(r, row, "code", code_names, PRICE_CODE_MAX);
    p->station = station_of(r, row);
    text_into(r, row, "from", p->from, sizeof(p->from));
    p->ends = is_null(row, "value");
    p->value = p->ends ? 0 : number_of(r, row, "value", 0, 1000000000);
}

static void peak_read(struct reader *r, const struct json *row, void *to)
{
    struct peak *p = to;
    p->label = text_of(r, row, "label");
    p->station = station_of(r, row);
    text_into(r, row, "from", p->from, sizeof(p->from));
    text_into(r, row, "until", p->until, sizeof(p->until));
    p->surcharge_bp = number_of(r, row, "surcharge_bp", 0, 100000);
    const struct json *days = json_get(row, "weekdays");
    for (const struct json *d = days ? json_first(days) : NULL; d; d = json_next(d)) {
        int64_t day;
        if (json_type(d) != JSON_NUMBER || json_i64(d, &day) != ERR_OK || day < 1 || day > 7) {
            r->why = "a weekday is not one";
            return;
        }
        p->weekdays |= 1u << (day - 1);
    }
}

struct list {
    const char *name;
    size_t max, row_bytes;
    void (*read)(struct reader *r, const struct json *row, void *to);
};

/* Reads a list into an array in the arena. */
static void *list_read(struct reader *r, const struct json *doc, struct list l, size_t *ret_n)
{
    const struct json *list = json_get(doc, l.name);
    if (r->why || !list || json_type(list) != JSON_ARRAY || json_count(list) > l.max) {
        r->why = r->why ? r->why : "a list is missing or too long";
        return NULL;
    }
    char *rows = arena_alloc(r->c->arena, json_count(list) * l.row_bytes + 1);
    if (!rows) {
        r->why = "too large";
        return NULL;
    }
    size_t n = 0;
    for (const struct json *row = json_first(list); row && !r->why; row = json_next(row))
        l.read(r, row, rows + n++ * l.row_bytes);
    *ret_n = n;
    return rows;
}

static void zips_read(struct reader *r, struct str text)
{
    struct catalogue *c = r->c;
    size_t lines = text.n ? 1 : 0;
    for (size_t i = 0; i < text.n; i++)
        lines += text.p[i] == '\n';
    c->zips =
        lines <= CATALOGUE_MAX_ZIPS ? arena_alloc(c->arena, lines * sizeof(*c->zips) + 1) : NULL;
    if (!c->zips) {
        r->why = "too many ZIP codes";
        return;
    }
    while (text.n && !r->why) {
        struct str line = str_cut(&text, '\n');
        int64_t zip, lat, lon;
        struct zip *z = &c->zips[c->n_zips++];
        if (str_to_i64(str_cut(&line, ' '), 0, 99999, &zip) != ERR_OK ||
            str_to_i64(str_cut(&line, ' '), -9000000, 9000000, &lat) != ERR_OK ||
            str_to_i64(line, -18000000, 18000000, &lon) != ERR_OK ||
            (c->n_zips > 1 && z[-1].number >= (uint32_t)zip)) {
            r->why = "a ZIP code is broken or out of order";
            return;
        }
        *z = (struct zip){(uint32_t)zip, {(int32_t)lat, (int32_t)lon}};
    }
}

static void document_read(struct reader *r, const struct json *doc, struct str zips)
{
    struct catalogue *c = r->c;
    c->version = number_of(r, doc, "version", 0, INT64_MAX);
    const struct list stations = {"stations", CATALOGUE_MAX_STATIONS, sizeof(*c->stations),
                                  station_read};
    const struct list items = {"items", CATALOGUE_MAX_ITEMS, sizeof(*c->items), item_read};
    const struct list prices = {"prices", CATALOGUE_MAX_PRICES, sizeof(*c->prices), price_read};
    const struct list peaks = {"peaks", CATALOGUE_MAX_PEAKS, sizeof(*c->peaks), peak_read};
    c->stations = list_read(r, doc, stations, &c->n_stations);
    c->items = list_read(r, doc, items, &c->n_items);
    c->prices = list_read(r, doc, prices, &c->n_prices);
    c->peaks = list_read(r, doc, peaks, &c->n_peaks);
    if (!r->why)
        zips_read(r, zips);
}

enum err catalogue_parse(struct str json, struct str zips, struct catalogue **ret_catalogue,
                         const char **ret_why)
{
    struct arena *a = arena_new(CATALOGUE_MAX_BYTES), *scratch = arena_new(CATALOGUE_MAX_BYTES);
    struct catalogue *c = a ? arena_alloc(a, sizeof(*c)) : NULL;
    struct reader r = {.c = c};
    const struct json *doc = NULL;
    enum err e = c && scratch ? json_parse(scratch, json, &doc, &r.why) : ERR_NO_MEMORY;
    if (e == ERR_OK) {
        *c = (struct catalogue){.arena = a, .references = 1};
        if (json_type(doc) == JSON_OBJECT)
            document_read(&r, doc, zips);
        else
            r.why = "not an object";
        e = r.why ? ERR_MALFORMED : ERR_OK;
    }
    arena_free(scratch);
    if (e != ERR_OK) {
        *ret_why = r.why ? r.why : "out of memory";
        arena_free(a);
        return e;
    }
    *ret_catalogue = c;
    return ERR_OK;
}

void catalogue_free(struct catalogue *c)
{
    if (c && --c->references == 0)
        arena_free(c->arena);
}

static void release(void *c)
{
    catalogue_free(c);
}

enum err catalogue_hold(struct catalogue *c, struct arena *a)
{
    c->references++;
    return arena_defer(a, release, c);
}

/* --- looking up --------------------------------------------------------------------------------
 */

int64_t catalogue_version(const struct catalogue *c)
{
    return c->version;
}

size_t catalogue_n_stations(const struct catalogue *c)
{
    return c->n_stations;
}

const struct station *catalogue_station(const struct catalogue *c, size_t i)
{
    return i < c->n_stations ? &c->stations[i] : NULL;
}

const struct station *catalogue_station_find(const struct catalogue *c, const char *id)
{
    for (size_t i = 0; i < c->n_stations; i++)
        if (c->stations[i].active && strcmp(c->stations[i].id, id) == 0)
            return &c->stations[i];
    return NULL;
}

static int zip_compare(const void *key, const void *element)
{
    uint32_t wanted = *(const uint32_t *)key, number = ((const struct zip *)element)->number;
    return wanted < number ? -1 : wanted > number;
}

const struct place *catalogue_zip_find(const struct catalogue *c, const char *zip)
{
    int64_t number;
    if (str_to_i64(str_of(zip), 0, 99999, &number) != ERR_OK)
        return NULL;
    uint32_t key = (uint32_t)number;
    const struct zip *z = bsearch(&key, c->zips, c->n_zips, sizeof(*c->zips), zip_compare);
    return z ? &z->at : NULL;
}

const struct item *catalogue_item_find(const struct catalogue *c, const char *code)
{
    for (size_t i = 0; i < c->n_items; i++)
        if (strcmp(c->items[i].code, code) == 0)
            return &c->items[i];
    return NULL;
}

/* The row in force on that day for exactly that station. */
static const struct price_row *price_find(const struct catalogue *c, enum price_code code,
                                          const struct station *s, const char *date)
{
    const struct price_row *best = NULL;
    for (size_t i = 0; i < c->n_prices; i++) {
        const struct price_row *p = &c->prices[i];
        if (p->code == code && p->station == s && strcmp(p->from, date) <= 0 &&
            (!best || strcmp(p->from, best->from) > 0))
            best = p;
    }
    return best;
}

int64_t catalogue_price(const struct catalogue *c, enum price_code code, const struct station *s,
                        const char *date)
{
    const struct price_row *own = s ? price_find(c, code, s, date) : NULL;
    if (own && !own->ends)
        return own->value;
    const struct price_row *general = price_find(c, code, NULL, date);
    return general ? general->value : 0;
}

/* 0 is Monday. Sakamoto's rule; date is an ISO date. */
static unsigned weekday_of(const char *date)
{
    static const int shift[] = {0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4};
    int y = (date[0] - '0') * 1000 + (date[1] - '0') * 100 + (date[2] - '0') * 10 + date[3] - '0';
    int m = (date[5] - '0') * 10 + date[6] - '0', d = (date[8] - '0') * 10 + date[9] - '0';
    if (m < 3)
        y--;
    return (unsigned)((y + y / 4 - y / 100 + y / 400 + shift[m - 1] + d + 6) % 7);
}

const struct peak *catalogue_peak(const struct catalogue *c, const struct station *s,
                                  const char *date)
{
    const struct peak *best = NULL;
    if (!str_is_date(str_of(date)))
        return NULL;
    unsigned day = 1u << weekday_of(date);
    for (size_t i = 0; i < c->n_peaks; i++) {
        const struct peak *p = &c->peaks[i];
        bool here = !p->station || p->station == s;
        bool today = (!p->weekdays || (p->weekdays & day)) && strcmp(p->from, date) <= 0 &&
                     (!p->until[0] || strcmp(date, p->until) <= 0);
        if (here && today && (!best || p->surcharge_bp > best->surcharge_bp))
            best = p;
    }
    return best;
}
