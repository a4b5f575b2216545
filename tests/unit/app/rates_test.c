/* The limits of tiers and routes: which one holds, what is counted, and what is told of it. The
 * database says what the test says. */
#include "torture.h"

#include <stdio.h>
#include <stdlib.h>

#include "common/clock.h"
#include "common/json.h"
#include "../../../libcommon/app/app.h"
#include "../../../libcommon/app/rates.h"

/* --- a database and a Redis ------------------------------------------------------------------- */

struct pg_result {
    enum err err;
    const char *body;
};

static struct {
    pg_done_fn *done;
    void *owner;
    int count;
    char name[32], report[16384];
} asked;
static bool with_redis, with_pg = true;

enum err pg_exec(struct pg *pg, const struct pg_stmt *stmt, struct pg_args args, pg_done_fn *done,
                 void *owner, uint64_t id)
{
    (void)pg, (void)id;
    if (!with_pg)
        return ERR_UNAVAILABLE;
    asked.done = done;
    asked.owner = owner;
    asked.count++;
    snprintf(asked.name, sizeof(asked.name), "%s", stmt->name);
    snprintf(asked.report, sizeof(asked.report), "%s", args.n > 1 ? args.v[1] : "");
    return ERR_OK;
}

static void answer(enum err e, const char *body)
{
    struct pg_result result = {e, body};
    asked.done(asked.owner, 0, &result);
}

void pg_result_free(void *result)
{
    (void)result;
}

enum err pg_result_err(const struct pg_result *r)
{
    return r->err;
}

const char *pg_result_sqlstate(const struct pg_result *r)
{
    (void)r;
    return "";
}

const char *pg_result_message(const struct pg_result *r)
{
    (void)r;
    return "";
}

const char *pg_first(const struct pg_result *r, const char *name)
{
    return strcmp(name, "body") == 0 ? r->body : NULL;
}

bool redis_ready(const struct redis *r)
{
    (void)r;
    return with_redis;
}

/* --- a service -------------------------------------------------------------------------------- */

static const struct route routes[] = {
    {GET, "/a", "a_get", .tier = TIER_PUBLIC},
    {POST, "/b", "b_create", .tier = TIER_USER},
    {GET, "/c", "c_get", .tier = TIER_NONE},
};
static const struct route elsewhere = {GET, "/x", "x_get", .tier = TIER_ADMIN};
static const struct service desc = {.name = "test", .routes = routes, .n_routes = 3};
static struct app app;

static int setup(void **state)
{
    (void)state;
    memset(&app, 0, sizeof(app));
    memset(&asked, 0, sizeof(asked));
    app.svc.desc = &desc;
    app.svc.config = &app.config;
    app.state = APP_RUNNING;
    app.config.rate_limit = true;
    app.config.rate_public = "20/40";
    app.config.rate_user = app.config.rate_admin = app.config.rate_ai = app.config.rate_auth =
        "60/100/1000";
    with_redis = true;
    with_pg = true;
    return rates_start(&app, "test-1") == ERR_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    rates_stop(&app);
    return 0;
}

static int per_minute(const struct route *route)
{
    const struct limit *l = rates_limit(&app, route, route->tier);
    return l ? l->rate.per_minute : 0;
}

static void use(const struct route *route, const char *subject, bool allowed, int n)
{
    const struct rate_verdict v = {.allowed = allowed, .local = !with_redis};
    for (int i = 0; i < n; i++)
        rates_count(&app, rates_limit(&app, route, route->tier), subject, &v);
}

/* --- what holds ------------------------------------------------------------------------------- */

#define LIMIT(operation, minute) \
    "{\"operation\":\"" operation "\",\"per_minute\":" minute ",\"burst\":5,\"per_hour\":9}"

static void a_route_has_its_tier_or_a_limit_of_its_own(void **state)
{
    (void)state;
    assert_int_equal(per_minute(&routes[0]), 20);
    assert_int_equal(per_minute(&routes[1]), 60);
    assert_int_equal(per_minute(&routes[2]), 0);
    assert_int_equal(per_minute(&elsewhere), 60);
    rates_changed(&app);
    assert_string_equal(asked.name, "bus_rate_limits");
    answer(ERR_OK, "[" LIMIT("a_get", "7") "," LIMIT("c_get", "8") "," LIMIT("others", "1") "]");
    const struct limit *l = rates_limit(&app, &routes[0], TIER_ADMIN); /* whoever asks */
    assert_string_equal(l->bucket, "a_get");
    assert_true(l->rate.per_minute == 7 && l->rate.burst == 5 && l->rate.per_hour == 9);
    assert_int_equal(per_minute(&routes[1]), 60);
    assert_int_equal(per_minute(&routes[2]), 0); /* it is not limited at all */
    rates_changed(&app);
    answer(ERR_OK, "[]");
    assert_int_equal(per_minute(&routes[0]), 20);
}

static void what_is_no_limit_is_none(void **state)
{
    (void)state;
    static const char *const bodies[] = {"[" LIMIT("a_get", "0") "]",
                                         "[" LIMIT("a_get", "-1") "]",
                                         "[" LIMIT("a_get", "1000001") "]",
                                         "[" LIMIT("a_get", "\"7\"") "]",
                                         "[" LIMIT("a_get", "1.5") "]",
                                         "[{\"operation\":\"a_get\"}]",
                                         "[{\"operation\":7}]",
                                         "[7]",
                                         "[{}]"};
    for (size_t i = 0; i < ARRAY_LEN(bodies); i++) {
        rates_changed(&app);
        answer(ERR_OK, bodies[i]);
        assert_int_equal(per_minute(&routes[0]), 20);
    }
}

/* What could not be read is read later; until then the limits are as they were. */
static void a_change_is_not_missed(void **state)
{
    (void)state;
    rates_changed(&app);
    answer(ERR_OK, "[" LIMIT("a_get", "7") "]");
    rates_tick(&app); /* introduces itself */
    answer(ERR_OK, NULL);
    rates_changed(&app);
    answer(ERR_UNAVAILABLE, NULL);
    assert_int_equal(per_minute(&routes[0]), 7);
    with_pg = false;
    rates_tick(&app);
    with_pg = true;
    int before = asked.count;
    rates_tick(&app);
    rates_changed(&app); /* while it is on its way: once more afterwards */
    assert_int_equal(asked.count, before + 1);
    answer(ERR_OK, "[" LIMIT("a_get", "8") "]");
    rates_tick(&app);
    assert_int_equal(asked.count, before + 2);
    answer(ERR_OK, "[" LIMIT("a_get", "9") "]");
    assert_int_equal(per_minute(&routes[0]), 9);
    rates_tick(&app);
    assert_int_equal(asked.count, before + 2);
}

/* --- what is told
 * ----------------------------------------------------------------------------- */

/* As if the last report had been a while ago. */
static void report_due(void)
{
    asked.report[0] = '\0';
    app.rates->reported_us = clock_mono_us() - 5 * USEC_PER_SEC;
    rates_tick(&app);
}

static void expect_told(const char *part)
{
    if (!strstr(asked.report, part))
        fail_msg("%s is not in %s", part, asked.report);
}

static void the_first_report_introduces_the_service(void **state)
{
    (void)state;
    rates_tick(&app);
    assert_string_equal(asked.name, "bus_process_report");
    expect_told("\"process\":\"test-1\"");
    expect_told("\"redis\":true,\"leaving\":false");
    expect_told("\"public\":{\"per_minute\":20,\"burst\":40,\"per_hour\":1200}");
    expect_told("\"operations\":[{\"name\":\"a_get\",\"method\":\"GET\",\"path\":\"/a\",\"tier\":"
                "\"public\"},{\"name\":\"b_create\",");
    assert_null(strstr(asked.report, "c_get"));
    answer(ERR_INTERNAL, NULL);
    report_due();
    expect_told("\"operations\":["); /* nobody has heard it */
    answer(ERR_OK, NULL);
    int before = asked.count;
    report_due();
    assert_int_equal(asked.count, before); /* nothing new */
    app.rates->reported_us = clock_mono_us() - 61 * USEC_PER_SEC;
    rates_tick(&app);
    assert_int_equal(asked.count, before + 1);
    assert_null(strstr(asked.report, "operations"));
}

static void each_request_is_told_once(void **state)
{
    (void)state;
    rates_tick(&app);
    answer(ERR_OK, NULL);
    use(&routes[0], "public:ip:192.0.2.77", true, 3);
    use(&routes[0], "public:ip:192.0.2.77", false, 2);
    report_due();
    expect_told("[{\"bucket\":\"public\",\"allowed\":3,\"refused\":2,\"local\":0}]");
    use(&routes[0], "public:ip:192.0.2.77", true, 1); /* meanwhile */
    answer(ERR_UNAVAILABLE, NULL);
    with_redis = false;
    use(&routes[0], "public:ip:192.0.2.77", true, 1);
    report_due();
    expect_told("[{\"bucket\":\"public\",\"allowed\":5,\"refused\":2,\"local\":1}]");
    expect_told("\"redis\":false");
    answer(ERR_OK, NULL);
    use(&routes[0], "public:ip:192.0.2.77", true, 1);
    report_due();
    expect_told("[{\"bucket\":\"public\",\"allowed\":1,\"refused\":0,\"local\":1}]");
}

static void reports_are_not_sent_in_a_row(void **state)
{
    (void)state;
    rates_tick(&app);
    use(&routes[0], "public:ip:192.0.2.77", true, 1);
    int before = asked.count;
    report_due(); /* one is on its way */
    assert_int_equal(asked.count, before);
    answer(ERR_OK, NULL);
    app.rates->reported_us = clock_mono_us();
    rates_tick(&app);
    assert_int_equal(asked.count, before);
    app.state = APP_STARTING;
    report_due();
    assert_int_equal(asked.count, before);
    app.state = APP_DRAINING;
    report_due();
    expect_told("\"leaving\":true");
    answer(ERR_OK, NULL);
    report_due();
    assert_int_equal(asked.count, before + 1); /* once */
}

static void callers_are_masked(void **state)
{
    (void)state;
    static const struct {
        const char *subject, *told;
    } cases[] = {
        {"public:ip:192.0.2.77", "\"caller\":\"ip 192.0.2.0\""},
        {"public:u:0198a000-0000-7000-8000-0000000000c1", "\"caller\":\"user ***00c1\""},
        {"public:ip6:20010db800010002", "\"caller\":\"ip 2001:0db8:0001::\""},
        {"public:ip:nonsense", "\"caller\":\"ip [ip]\""},
    };
    rates_tick(&app);
    answer(ERR_OK, NULL);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        use(&routes[0], cases[i].subject, false, 2);
        report_due();
        expect_told(cases[i].told);
        expect_told("\"n\":2}]");
        answer(ERR_OK, NULL);
    }
}

/* However many others there are. */
static void who_is_refused_most_is_not_missed(void **state)
{
    (void)state;
    char subject[64];
    rates_tick(&app);
    answer(ERR_OK, NULL);
    for (int i = 0; i < 500; i++) {
        snprintf(subject, sizeof(subject), "public:ip:10.%d.%d.1", i / 250, i % 250);
        use(&routes[0], subject, false, 1);
        use(&routes[0], "public:ip:192.0.2.77", false, 1);
    }
    report_due();
    assert_int_equal(app.rates->n_refused, 0);
    expect_told("\"caller\":\"ip 192.0.2.0\",\"n\":5"); /* 500 or a few more */
    size_t n = 0;
    for (const char *p = asked.report; (p = strstr(p, "\"caller\"")); p++)
        n++;
    assert_int_equal(n, RATES_MAX_REFUSED);
    answer(ERR_OK, NULL);
}

static bool start_once(void *arg)
{
    (void)arg;
    bool ok = rates_start(&app, "torture") == ERR_OK;
    if (ok) {
        rates_tick(&app);
        ok = asked.count > 0;
        asked.count = 0;
    }
    rates_stop(&app);
    return ok;
}

static void failing_allocations_are_survived(void **state)
{
    (void)state;
    rates_stop(&app);
    torture(start_once, NULL);
}

#define EACH(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EACH(a_route_has_its_tier_or_a_limit_of_its_own),
        EACH(what_is_no_limit_is_none),
        EACH(a_change_is_not_missed),
        EACH(the_first_report_introduces_the_service),
        EACH(each_request_is_told_once),
        EACH(reports_are_not_sent_in_a_row),
        EACH(callers_are_masked),
        EACH(who_is_refused_most_is_not_missed),
        EACH(failing_allocations_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
