/* How often callers may ask: the tiers of the configuration, the limits that administrators have
 * set for single operations, and how it goes. Private to app/. */
#ifndef APP_RATES_H
#define APP_RATES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/ratelimit.h"
#include "common/route.h"

struct app;

struct rate_counts {
    uint64_t allowed, refused;
    uint64_t local; /* of both, decided without Redis */
};

/* What a caller's requests are counted against: a tier, or an operation with a limit of its own. */
struct limit {
    const char *bucket;
    struct rate rate;                      /* per_minute 0: there is none */
    struct rate_counts counts, sent, told; /* since the start; in the report under way; before */
};

#define RATES_MAX_REFUSED 32
#define RATES_CALLER_SIZE 64

/* Who is refused most, since the last report: when the list is full the least one gives way, and
 * the new one takes over his count ("space saving"), so that nobody who matters is missed. */
struct refused_caller {
    const char *bucket;
    char caller[RATES_CALLER_SIZE]; /* masked */
    uint64_t n;
};

struct rates {
    struct limit tiers[TIER_MAX];
    struct limit *routes; /* one a route of the service, in its order */
    size_t n_routes;
    bool stale, loading; /* the limits of routes have changed; are being read */
    struct refused_caller refused[RATES_MAX_REFUSED];
    size_t n_refused;

    /* rates_report.c */
    char process[64];
    int64_t started_us;  /* wall clock */
    int64_t reported_us; /* monotonic: when the last one was sent */
    bool reporting;
    bool introduced; /* the database knows the service's operations */
    bool told_redis, left;
};

/* app->rates, from the configuration. */
MUSTCHECK
enum err rates_start(struct app *app, const char *process);
void rates_stop(struct app *app);

/* NULL: not limited. Lives as long as app->rates. */
struct limit *rates_limit(struct app *app, const struct route *route, enum tier tier);
/* subject: what ratelimit_take() got. */
void rates_count(struct app *app, struct limit *limit, const char *subject,
                 const struct rate_verdict *v);

/* The limits of routes have changed in the database. */
void rates_changed(struct app *app);
/* Now and then: reads what could not be read, reports what there is. */
void rates_tick(struct app *app);

/* rates_report.c: while it runs, and once when it stops. */
void rates_report(struct app *app);
void rates_leave(struct app *app);

#endif
