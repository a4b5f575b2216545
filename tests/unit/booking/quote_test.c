/* What an event costs, to the cent; and the catalogue that it is made from. */
#include "torture.h"

#include <stdio.h>
#include <string.h>

#include "quote.h"

#define BAY "0198a000-0000-7000-8000-0000000000a1"
#define SAC "0198a000-0000-7000-8000-0000000000a2"
#define OLD "0198a000-0000-7000-8000-0000000000a3"

#define STATION(id, code, lat, lon, radius, active)                               \
    "{\"id\":\"" id "\",\"code\":\"" code "\",\"name\":\"" code                   \
    "\",\"time_zone\":\"America/Los_Angeles\",\"lat_e5\":" lat ",\"lon_e5\":" lon \
    ",\"radius_miles\":" radius ",\"travel_mph\":35,\"setup_minutes\":30,"        \
    "\"teardown_minutes\":30,\"lead_time_hours\":48,\"active\":" active "}"
#define ITEM(code, kind, unit, cents, max)                                                \
    "{\"code\":\"" code "\",\"name\":\"" code "\",\"kind\":\"" kind "\",\"unit\":\"" unit \
    "\",\"price_cents\":" cents ",\"max_quantity\":" max "}"
#define PRICE(code, station, from, value) \
    "{\"code\":\"" code "\",\"station\":" station ",\"from\":\"" from "\",\"value\":" value "}"
#define PEAK(label, station, days, from, until, bp)                                           \
    "{\"label\":\"" label "\",\"station\":" station ",\"weekdays\":" days ",\"from\":\"" from \
    "\",\"until\":\"" until "\",\"surcharge_bp\":" bp "}"

static const char
    document[] =
        "{\"version\":7,\"stations\":[" STATION(BAY, "bay", "3735350",
                                                "-12188650", "100", "true") "," STATION(SAC,
                                                                                        "sac", "3858100", "-12149400", "80", "true") "," STATION(OLD,
                                                                                                                                                 "old", "3735350", "-12188650", "100", "false") "],\"items\":[" ITEM("sake_bar", "addon", "per_event", "12000", "1") "," ITEM("noodles", "addon", "per_guest", "501", "50") "," ITEM("gyoza",
                                                                                                                                                                                                                                                                                                                                     "addon",
                                                                                                                                                                                                                                                                                                                                     "each",
                                                                                                                                                                                                                                                                                                                                     "1200", "3") "],\"prices\":[" PRICE("adult_price", "null", "", "5500") "," PRICE("adult_price",
                                                                                                                                                                                                                                                                                                                                                                                                                      "null",
                                                                                                                                                                                                                                                                                                                                                                                                                      "2027-01-01", "6000") "," PRICE("adult_price", "\"" SAC "\"", "2027-02-01", "5000") "," PRICE("adult_price", "\"" SAC "\"", "2027-03-01", "null") "," PRICE("child_price",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                  "null",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                  "", "3000") "," PRICE("minimum_spend",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                        "null",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                        "", "55000") "," PRICE("travel_free_miles", "null", "", "30") "," PRICE("travel_per_mile",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                "null",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                "",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                "200") "," PRICE("road_factor", "null", "", "12000") "," PRICE("deposit",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                               "null",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                               "", "10000") "," PRICE("deposit_share", "null", "", "0") "],\"peaks\":[" PEAK("Saturday",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                             "null", "[6]", "", "",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                             "500") "," PEAK("Holiday",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                             "null",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                             "[]",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                             "2027-07-03",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                             "2027-07-05",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                             "1533") "," PEAK("Sac fair",
                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                                              "\"" SAC "\"", "[]", "2027-07-04", "2027-07-04", "5000") "]}";

/* San Jose, Palo Alto, Gilroy, Sacramento, Redding, Los Angeles */
static const char zips[] = "90012 3406100 -11823800\n94301 3744430 -12214970\n"
                           "95020 3701340 -12157800\n95112 3735350 -12188650\n"
                           "95814 3858100 -12149400\n96001 4055400 -12241800";

static struct catalogue *catalogue_make(void)
{
    struct catalogue *c = NULL;
    const char *why = NULL;
    if (catalogue_parse(str_of(document), str_of(zips), &c, &why) != ERR_OK)
        return NULL;
    return c;
}

static struct quote_in wish(const char *zip, const char *date, int64_t adults, int64_t children)
{
    return (struct quote_in){.venue_zip = zip,
                             .date = date,
                             .adults = adults,
                             .children = children,
                             .today = "2026-11-21"};
}

static void expect_lines(const struct quote *q, const char *expected)
{
    char text[1024] = "";
    size_t n = 0;
    int64_t sum = 0;
    for (size_t i = 0; i < q->n_lines; i++) {
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%s=%lld", i ? " " : "",
                              q->lines[i].code, (long long)q->lines[i].amount_cents);
        sum += q->lines[i].amount_cents;
        assert_non_null(q->lines[i].why);
    }
    assert_string_equal(text, expected);
    assert_int_equal(sum, q->total_cents);
    assert_int_equal(q->subtotal_cents + q->travel_fee_cents, q->total_cents);
}

static const struct price_case {
    const char *zip, *date;
    int64_t adults, children;
    const char *items; /* "code*quantity code*quantity" */
    const char *lines;
    int64_t total, deposit;
} prices[] = {
    {"95112", NULL, 10, 0, "sake_bar*0", "adult_price=55000 sake_bar=12000", 67000, 10000},
    {"95112", NULL, 2, 0, "", "adult_price=11000 minimum_spend=44000", 55000, 10000},
    {"95112", NULL, 0, 1, "", "child_price=3000 minimum_spend=52000", 55000, 10000},
    {"95112", "2026-12-01", 10, 5, "", "adult_price=55000 child_price=15000", 70000, 10000},
    {"95112", "2027-01-04", 10, 0, "", "adult_price=60000", 60000, 10000},
    {"95112", NULL, 10, 2, "noodles*0", "adult_price=55000 child_price=6000 noodles=6012", 67012,
     10000},
    {"95112", NULL, 10, 0, "gyoza*3", "adult_price=55000 gyoza=3600", 58600, 10000},
    {"95112", "2027-01-02", 10, 0, "", "adult_price=60000 peak=3000", 63000, 10000},
    {"95112", "2027-07-03", 10, 0, "noodles*7", "adult_price=60000 noodles=3507 peak=9736", 73243,
     10000}, /* the dearer of two: 15.33 % of 63507 is 9735.6 */
    {"95814", "2027-07-04", 11, 0, "", "adult_price=66000 peak=33000", 99000, 10000},
    {"95814", "2027-02-02", 11, 0, "", "adult_price=55000", 55000, 10000},
    {"95814", "2027-03-02", 11, 0, "", "adult_price=66000", 66000, 10000},
    {"95020", NULL, 10, 0, "", "adult_price=55000 travel_fee=958", 55958, 10000},
};

static void items_take(struct quote_in *in, char *text)
{
    for (char *save = NULL, *one = strtok_r(text, " ", &save); one;
         one = strtok_r(NULL, " ", &save)) {
        char *star = strchr(one, '*');
        *star = '\0';
        in->items[in->n_items++] = (struct quote_item){one, star[1] - '0'};
    }
}

static void test_prices(void **state)
{
    (void)state;
    struct catalogue *c = catalogue_make();
    assert_non_null(c);
    for (size_t i = 0; i < ARRAY_LEN(prices); i++) {
        const struct price_case *p = &prices[i];
        struct arena *a = arena_new(1 << 20);
        struct quote_in in = wish(p->zip, p->date, p->adults, p->children);
        char items[64];
        snprintf(items, sizeof(items), "%s", p->items);
        items_take(&in, items);
        struct quote q;
        struct field_issues issues = {.n = 0};
        assert_int_equal(quote_make(c, &in, a, &q, &issues), ERR_OK);
        expect_lines(&q, p->lines);
        assert_int_equal(q.total_cents, p->total);
        assert_int_equal(q.deposit_cents, p->deposit);
        assert_int_equal(q.peak_checked, p->date != NULL);
        assert_int_equal(q.catalogue_version, 7);
        arena_free(a);
    }
    catalogue_free(c);
}

static const struct refusal {
    const char *zip, *station, *promo, *item;
    int64_t adults, children, quantity;
    const char *pointer;
} refusals[] = {
    {"95112", NULL, NULL, NULL, 0, 0, 0, "/adults"},
    {"95112", NULL, NULL, NULL, 51, 0, 0, "/adults"},
    {"95112", NULL, NULL, NULL, 50, 1, 0, "/adults"},
    {"95112", NULL, NULL, NULL, -1, 2, 0, "/adults"},
    {"00000", NULL, NULL, NULL, 10, 0, 0, "/venue_zip"},
    {"90012", NULL, NULL, NULL, 10, 0, 0, "/venue_zip"},
    {"96001", NULL, NULL, NULL, 10, 0, 0, "/venue_zip"},
    {"96001", SAC, NULL, NULL, 10, 0, 0, "/venue_zip"},
    {"95112", OLD, NULL, NULL, 10, 0, 0, "/station_id"},
    {"95112", "x", NULL, NULL, 10, 0, 0, "/station_id"},
    {"95112", NULL, "SUMMER", NULL, 10, 0, 0, "/promo_code"},
    {"95112", NULL, NULL, "caviar", 10, 0, 0, "/addons/0"},
    {"95112", NULL, NULL, "gyoza", 10, 0, 4, "/addons/0"},
    {"95112", NULL, NULL, "sake_bar", 10, 0, 2, "/addons/0"},
    {"95112", NULL, NULL, "gyoza", 10, 0, -1, "/addons/0"},
};

static void test_refusals(void **state)
{
    (void)state;
    struct catalogue *c = catalogue_make();
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        const struct refusal *t = &refusals[i];
        struct arena *a = arena_new(1 << 20);
        struct quote_in in = wish(t->zip, NULL, t->adults, t->children);
        in.station_id = t->station;
        in.promo_code = t->promo;
        if (t->item)
            in.items[in.n_items++] = (struct quote_item){t->item, t->quantity};
        struct quote q = {.total_cents = 77};
        struct field_issues issues = {.n = 0};
        assert_int_equal(quote_make(c, &in, a, &q, &issues), ERR_INVALID);
        assert_string_equal(issues.list[0].pointer, t->pointer);
        assert_int_equal(q.total_cents, 77); /* untouched */
        arena_free(a);
    }
    catalogue_free(c);
}

static void test_same_item_twice(void **state)
{
    (void)state;
    struct catalogue *c = catalogue_make();
    struct arena *a = arena_new(1 << 20);
    struct quote_in in = wish("95112", NULL, 10, 0);
    in.items[in.n_items++] = (struct quote_item){"gyoza", 1};
    in.items[in.n_items++] = (struct quote_item){"gyoza", 1};
    struct quote q;
    struct field_issues issues = {.n = 0};
    assert_int_equal(quote_make(c, &in, a, &q, &issues), ERR_INVALID);
    assert_string_equal(issues.list[0].pointer, "/addons/1");
    arena_free(a);
    catalogue_free(c);
}

/* The way there: known distances within a per cent, the same both ways, nothing at home. */
static void test_distance(void **state)
{
    (void)state;
    const struct place sf = {3777490, -12241940}, la = {3405220, -11824370};
    int64_t there = quote_distance_x100(sf, la, 10000);
    assert_in_range(there, 34560, 35260); /* 347.4 miles as the crow flies */
    assert_int_equal(there, quote_distance_x100(la, sf, 10000));
    assert_int_equal(quote_distance_x100(sf, sf, 30000), 0);
    const struct place north = {9000000, 0}, south = {-9000000, 0};
    assert_in_range(quote_distance_x100(north, south, 10000), 1243000, 1244500);
}

static void test_nearest_station_comes(void **state)
{
    (void)state;
    static const struct {
        const char *zip, *station;
    } cases[] = {{"94301", BAY}, {"95112", BAY}, {"95814", SAC}};
    struct catalogue *c = catalogue_make();
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct arena *a = arena_new(1 << 20);
        struct quote_in in = wish(cases[i].zip, NULL, 10, 0);
        struct quote q;
        struct field_issues issues = {.n = 0};
        assert_int_equal(quote_make(c, &in, a, &q, &issues), ERR_OK);
        assert_string_equal(q.station_id, cases[i].station);
        assert_int_equal(q.travel_minutes % 5, 0);
        arena_free(a);
    }
    catalogue_free(c);
}

static void test_json_and_back(void **state)
{
    (void)state;
    struct catalogue *c = catalogue_make();
    struct arena *a = arena_new(1 << 20);
    struct quote_in in = wish("95020", "2027-07-03", 9, 3);
    in.event_type = "birthday";
    in.items[in.n_items++] = (struct quote_item){"noodles", 0};
    struct quote q, back;
    struct field_issues issues = {.n = 0};
    assert_int_equal(quote_make(c, &in, a, &q, &issues), ERR_OK);
    const char *text = quote_json(a, &q);
    assert_non_null(text);
    const struct json *doc;
    assert_int_equal(json_parse(a, str_of(text), &doc, NULL), ERR_OK);
    assert_int_equal(quote_parse(a, doc, &back), ERR_OK);
    assert_string_equal(quote_json(a, &back), text);
    arena_free(a);
    catalogue_free(c);
}

static void test_what_is_not_a_quote(void **state)
{
    (void)state;
    static const char *const texts[] = {"{}", "{\"lines\":[]}", "{\"station_id\":1}"};
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct arena *a = arena_new(1 << 20);
        const struct json *doc;
        struct quote q;
        assert_int_equal(json_parse(a, str_of(texts[i]), &doc, NULL), ERR_OK);
        assert_int_equal(quote_parse(a, doc, &q), ERR_MALFORMED);
        arena_free(a);
    }
}

static void test_broken_catalogues(void **state)
{
    (void)state;
    static const struct {
        const char *json, *zips;
    } cases[] = {
        {"", ""},
        {"[]", ""},
        {"{}", ""},
        {"{\"version\":1,\"stations\":[{}],\"items\":[],\"prices\":[],\"peaks\":[]}", ""},
        {"{\"version\":1,\"stations\":[],\"items\":[],\"prices\":[" PRICE("bribe", "null", "",
                                                                          "1") "],\"peaks\":[]}",
         ""},
        {"{\"version\":1,\"stations\":[],\"items\":[],\"prices\":[" PRICE(
             "deposit", "\"" BAY "\"", "", "1") "],\"peaks\":[]}",
         ""},
        {"{\"version\":1,\"stations\":[],\"items\":[],\"prices\":[],\"peaks\":[" PEAK(
             "x", "null", "[8]", "", "", "1") "]}",
         ""},
        {"{\"version\":1,\"stations\":[],\"items\":[],\"prices\":[],\"peaks\":[]}", "95112 1"},
        {"{\"version\":1,\"stations\":[],\"items\":[],\"prices\":[],\"peaks\":[]}",
         "95112 1 1\n95111 1 1"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct catalogue *c = NULL;
        const char *why = NULL;
        assert_int_equal(catalogue_parse(str_of(cases[i].json), str_of(cases[i].zips), &c, &why),
                         ERR_MALFORMED);
        assert_null(c);
        assert_non_null(why);
    }
}

/* Whoever holds a catalogue keeps it when it is replaced. */
static void test_hold(void **state)
{
    (void)state;
    struct catalogue *c = catalogue_make();
    struct arena *a = arena_new(4096);
    assert_int_equal(catalogue_hold(c, a), ERR_OK);
    catalogue_free(c);
    assert_int_equal(catalogue_version(c), 7);
    assert_int_equal(catalogue_n_stations(c), 3);
    assert_null(catalogue_station(c, 3));
    arena_free(a);
}

static bool quote_once(void *arg)
{
    (void)arg;
    struct catalogue *c = catalogue_make();
    struct arena *a = c ? arena_new(1 << 20) : NULL;
    struct quote_in in = wish("95020", "2027-07-03", 2, 3);
    struct field_issues issues = {.n = 0};
    struct quote q;
    bool ok = a && quote_make(c, &in, a, &q, &issues) == ERR_OK && quote_json(a, &q);
    arena_free(a);
    catalogue_free(c);
    return ok;
}

static void test_torture(void **state)
{
    (void)state;
    torture(quote_once, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_prices),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_same_item_twice),
        cmocka_unit_test(test_distance),
        cmocka_unit_test(test_nearest_station_comes),
        cmocka_unit_test(test_json_and_back),
        cmocka_unit_test(test_what_is_not_a_quote),
        cmocka_unit_test(test_broken_catalogues),
        cmocka_unit_test(test_hold),
        cmocka_unit_test(test_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
