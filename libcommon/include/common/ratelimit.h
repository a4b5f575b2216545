/* Rate limits: a token bucket and fixed minute and hour windows in one Lua script, one trip.
 * With Redis down a local bucket of the same size decides: never an open door, never a closed one.
 */
#ifndef COMMON_RATELIMIT_H
#define COMMON_RATELIMIT_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/loop.h"
#include "common/redis.h"

enum tier { TIER_NONE, TIER_PUBLIC, TIER_USER, TIER_ADMIN, TIER_AI, TIER_AUTH, TIER_MAX };

/* "public", "user", ... as in logs, metrics and the API reference. */
const char *tier_name(enum tier t);

struct rate {
    int per_minute; /* refill */
    int burst;      /* size of the bucket */
    int per_hour;   /* window; 0: 60 times per_minute */
};

/* "20/40" or "20/40/600": per minute, burst, per hour; numbers from 1 to 1000000. */
MUSTCHECK
enum err rate_parse(const char *text, struct rate *ret_rate);

struct rate_verdict {
    bool allowed;
    int limit; /* per minute, for X-RateLimit-Limit */
    int remaining;
    int64_t reset_s;   /* Unix time at which the bucket is full again */
    int retry_after_s; /* when refused */
    bool local;        /* decided without Redis */
};

struct ratelimit;

/* prefix: "mh:prod:". Remembers at most max_local keys of its own for the time without Redis. */
MUSTCHECK
struct ratelimit *ratelimit_new(struct loop *l, struct redis *redis, const char *prefix,
                                size_t max_local);
void ratelimit_free(struct ratelimit *rl);

/* Called once, in a later turn. */
typedef void ratelimit_done_fn(void *owner, uint64_t id, const struct rate_verdict *v);

/* subject: "u:<user id>" or "ip:<address>", with the tier's or the operation's name before it. */
MUSTCHECK
enum err ratelimit_take(struct ratelimit *rl, const char *subject, struct rate rate,
                        ratelimit_done_fn *done, void *owner, uint64_t id);

#endif
