/* The rate limiter's arithmetic in C, and a bounded table of buckets: what decides without Redis.
 * It gives the same answers as the script in ratelimit.c. */
#ifndef DATA_RATE_LOCAL_H
#define DATA_RATE_LOCAL_H

#include "common/ratelimit.h"

#define RATE_SKEW_MS 300000 /* clocks that differ by less are skewed; by more, somebody set one */

/* What a caller has left. A level of RATE_TOKEN is one request; it grows by per_minute each
 * millisecond, so that all is whole numbers. */
#define RATE_TOKEN 60000

struct rate_bucket {
    int64_t at_ms; /* 0: unused, which is full */
    int64_t level;
    int64_t minute, hour; /* the windows that are counted in */
    int in_minute, in_hour;
};

void rate_take(struct rate_bucket *b, struct rate rate, int64_t now_ms,
               struct rate_verdict *ret_verdict);

/* The same in Lua: KEYS[1]; now_ms, per_minute, burst, and the two windows. */
extern struct redis_script rate_script;

/* The windows of a rate: a burst fits into one minute. */
int rate_minute_max(struct rate rate);
int rate_hour_max(struct rate rate);

struct rate_table;

MUSTCHECK
struct rate_table *rate_table_new(size_t max_keys);
void rate_table_free(struct rate_table *t);
/* The subject's bucket; when the table is full, one that has not been used for long is emptied. */
struct rate_bucket *rate_table_get(struct rate_table *t, const char *subject);

#endif
