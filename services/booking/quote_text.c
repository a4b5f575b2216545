/* Quotes as JSON, for the client and for the booking that keeps one, and as the signed text that
 * holds a price for a day. */
#include <stdlib.h>
#include <string.h>

#include "common/buf.h"
#include "common/clock.h"

#include "quote.h"

#define QUOTE_JSON_MAX 12000
#define PURPOSE "quote"

/* --- as JSON -----------------------------------------------------------------------------------
 */

/* 85118 is 851.18: what older front ends read. */
static void put_decimal(struct json_writer *w, const char *name, int64_t hundredths)
{
    char text[32];
    int n = snprintf(text, sizeof(text), "%lld.%02lld", (long long)(hundredths / 100),
                     (long long)(hundredths % 100));
    json_put_raw(w, name, (struct str){text, (size_t)n});
}

static void line_write(struct json_writer *w, const struct quote_line *l)
{
    json_open(w, NULL, '{');
    json_put_cstr(w, "code", l->code);
    json_put_cstr(w, "label", l->label);
    json_put_cstr(w, "why", l->why);
    json_put_i64(w, "quantity", l->quantity);
    json_put_i64(w, "unit_cents", l->unit_cents);
    json_put_i64(w, "amount_cents", l->amount_cents);
    json_close(w, '}');
}

void quote_write(struct json_writer *w, const struct quote *q)
{
    json_put_cstr(w, "station_id", q->station_id);
    json_put_cstr(w, "venue_zip", q->venue_zip);
    json_put_cstr(w, "date", q->date);
    json_put_cstr(w, "event_type", q->event_type);
    json_put_i64(w, "adults", q->adults);
    json_put_i64(w, "children", q->children);
    json_put_i64(w, "guest_count", q->adults + q->children);
    json_open(w, "lines", '[');
    for (size_t i = 0; i < q->n_lines; i++)
        line_write(w, &q->lines[i]);
    json_close(w, ']');
    json_put_cstr(w, "currency", q->currency);
    json_put_i64(w, "subtotal_cents", q->subtotal_cents);
    json_put_i64(w, "travel_fee_cents", q->travel_fee_cents);
    json_put_i64(w, "total_cents", q->total_cents);
    json_put_i64(w, "deposit_cents", q->deposit_cents);
    put_decimal(w, "subtotal", q->subtotal_cents);
    put_decimal(w, "travel_fee", q->travel_fee_cents);
    put_decimal(w, "total_price", q->total_cents);
    put_decimal(w, "deposit_amount", q->deposit_cents);
    json_put_bool(w, "tax_included", true);
    json_put_bool(w, "peak_checked", q->peak_checked);
    put_decimal(w, "distance_miles", q->distance_miles_x100);
    json_put_i64(w, "travel_minutes", q->travel_minutes);
    json_put_i64(w, "catalogue_version", q->catalogue_version);
}

const char *quote_json(struct arena *a, const struct quote *q)
{
    struct buf b = BUF_INIT(QUOTE_JSON_MAX);
    struct json_writer w = JSON_WRITER(&b);
    json_open(&w, NULL, '{');
    quote_write(&w, q);
    json_close(&w, '}');
    const char *text = arena_take(a, &b);
    return text;
}

/* --- and back ----------------------------------------------------------------------------------
 */

struct reader {
    const struct json *doc;
    struct arena *a;
    bool bad;
};

static const char *text_of(struct reader *r, const struct json *object, const char *name,
                           bool null_ok)
{
    const struct json *j = json_get(object, name);
    if (null_ok && j && json_type(j) == JSON_NULL)
        return NULL;
    char *copy = j && json_type(j) == JSON_STRING ? arena_strdup(r->a, json_string(j)) : NULL;
    r->bad = r->bad || !copy;
    return copy;
}

static int64_t number_of(struct reader *r, const struct json *object, const char *name)
{
    const struct json *j = json_get(object, name);
    int64_t value = 0;
    if (!j || json_type(j) != JSON_NUMBER || json_i64(j, &value) != ERR_OK || value < 0)
        r->bad = true;
    return value;
}

static void lines_parse(struct reader *r, struct quote *q)
{
    const struct json *list = json_get(r->doc, "lines");
    if (!list || json_type(list) != JSON_ARRAY || json_count(list) > QUOTE_MAX_LINES) {
        r->bad = true;
        return;
    }
    for (const struct json *l = json_first(list); l; l = json_next(l))
        q->lines[q->n_lines++] = (struct quote_line){
            .code = text_of(r, l, "code", false),
            .label = text_of(r, l, "label", false),
            .why = text_of(r, l, "why", false),
            .quantity = number_of(r, l, "quantity"),
            .unit_cents = number_of(r, l, "unit_cents"),
            .amount_cents = number_of(r, l, "amount_cents"),
        };
}

/* 12.34 is 1234: printed by put_decimal(), so hundredths are exact after rounding. */
static int64_t decimal_of(struct reader *r, const char *name)
{
    const struct json *j = json_get(r->doc, name);
    if (!j || json_type(j) != JSON_NUMBER || json_number(j) < 0 || json_number(j) > 1e9) {
        r->bad = true;
        return 0;
    }
    return (int64_t)(json_number(j) * 100.0 + 0.5);
}

static bool flag_of(struct reader *r, const char *name)
{
    const struct json *j = json_get(r->doc, name);
    r->bad = r->bad || !j || json_type(j) != JSON_BOOL;
    return !r->bad && json_bool(j);
}

enum err quote_parse(struct arena *a, const struct json *doc, struct quote *ret_quote)
{
    struct reader r = {.doc = doc, .a = a};
    struct quote *q = arena_alloc(a, sizeof(*q));
    if (!q)
        return ERR_TOO_LARGE;
    const char *station = text_of(&r, doc, "station_id", false);
    q->venue_zip = text_of(&r, doc, "venue_zip", false);
    q->date = text_of(&r, doc, "date", true);
    q->event_type = text_of(&r, doc, "event_type", true);
    q->currency = text_of(&r, doc, "currency", false);
    q->adults = number_of(&r, doc, "adults");
    q->children = number_of(&r, doc, "children");
    q->subtotal_cents = number_of(&r, doc, "subtotal_cents");
    q->travel_fee_cents = number_of(&r, doc, "travel_fee_cents");
    q->total_cents = number_of(&r, doc, "total_cents");
    q->deposit_cents = number_of(&r, doc, "deposit_cents");
    q->travel_minutes = number_of(&r, doc, "travel_minutes");
    q->catalogue_version = number_of(&r, doc, "catalogue_version");
    q->distance_miles_x100 = decimal_of(&r, "distance_miles");
    q->peak_checked = flag_of(&r, "peak_checked");
    lines_parse(&r, q);
    if (arena_overflowed(a))
        return ERR_TOO_LARGE;
    if (r.bad || str_copy(q->station_id, sizeof(q->station_id), str_of(station)) != ERR_OK)
        return ERR_MALFORMED;
    *ret_quote = *q;
    return ERR_OK;
}

/* --- signed ------------------------------------------------------------------------------------
 */

static int item_compare(const void *a, const void *b)
{
    return strcmp(((const struct quote_item *)a)->code, ((const struct quote_item *)b)->code);
}

/* What must be the same when the quote is used: in any order of the items. */
static const char *wish_text(struct arena *a, const struct quote_in *in)
{
    struct quote_item items[QUOTE_MAX_ITEMS];
    memcpy(items, in->items, in->n_items * sizeof(items[0]));
    qsort(items, in->n_items, sizeof(items[0]), item_compare);
    struct buf b = BUF_INIT(4096);
    buf_addf(&b, "%lld|%lld|%s|%s|%s", (long long)in->adults, (long long)in->children,
             in->venue_zip, in->date ? in->date : "", in->promo_code ? in->promo_code : "");
    for (size_t i = 0; i < in->n_items; i++)
        buf_addf(&b, "|%s*%lld", items[i].code, (long long)items[i].quantity);
    const char *text = arena_take(a, &b);
    return text;
}

enum err quote_sign(struct req *r, const struct quote_in *in, const struct quote *q,
                    const char **ret_text)
{
    const char *wish = wish_text(r->arena, in);
    if (!wish)
        return ERR_TOO_LARGE;
    struct buf b = BUF_INIT(QUOTE_JSON_MAX);
    struct json_writer w = JSON_WRITER(&b);
    json_open(&w, NULL, '{');
    json_put_i64(&w, "expires_s", r->now_us / USEC_PER_SEC + QUOTE_VALID_S);
    json_put_cstr(&w, "wish", wish);
    json_open(&w, "quote", '{');
    quote_write(&w, q);
    json_close(&w, '}');
    json_close(&w, '}');
    enum err e = buf_err(&b);
    if (e == ERR_OK)
        e = req_sign(r, PURPOSE, buf_str(&b), ret_text);
    buf_free(&b);
    return e;
}

enum err quote_verify(struct req *r, const char *text, const struct quote_in *in,
                      struct quote *ret_quote)
{
    struct str payload;
    const struct json *doc;
    int64_t expires_s;
    enum err e = req_unsign(r, PURPOSE, text, &payload);
    if (e == ERR_OK)
        e = json_parse(r->arena, payload, &doc, NULL);
    if (e != ERR_OK)
        return e == ERR_NO_MEMORY ? e : ERR_QUOTE_INVALID;
    const struct json *expires = json_get(doc, "expires_s"), *wish = json_get(doc, "wish");
    const struct json *quote = json_get(doc, "quote");
    if (!expires || json_type(expires) != JSON_NUMBER || json_i64(expires, &expires_s) != ERR_OK ||
        !wish || json_type(wish) != JSON_STRING || !quote || json_type(quote) != JSON_OBJECT)
        return ERR_QUOTE_INVALID;
    if (r->now_us / USEC_PER_SEC >= expires_s)
        return ERR_QUOTE_EXPIRED;
    const char *asked = wish_text(r->arena, in);
    if (!asked)
        return ERR_TOO_LARGE;
    struct quote q;
    e = quote_parse(r->arena, quote, &q);
    if (e != ERR_OK)
        return e == ERR_MALFORMED ? ERR_QUOTE_INVALID : e;
    if (strcmp(asked, json_string(wish)) != 0 ||
        (in->station_id && strcmp(in->station_id, q.station_id) != 0))
        return ERR_QUOTE_MISMATCH;
    *ret_quote = q;
    return ERR_OK;
}
