/* Buckets without Redis. The table is made once and never grows: subjects are kept as hashes with a
 * secret seed, in sets of a few slots, and the slot of a set that was used longest ago gives way.
 */
#include "rate_local.h"

#include "common/mem.h"
#include "common/rng.h"

#define WAYS 8
#define MINUTE_MS 60000
#define HOUR_MS 3600000

struct slot {
    uint64_t hash;
    struct rate_bucket bucket;
};

struct rate_table {
    uint64_t seed;
    size_t n_sets;
    struct slot slots[];
};

int rate_minute_max(struct rate rate)
{
    return MAX(rate.per_minute, rate.burst);
}

int rate_hour_max(struct rate rate)
{
    return rate.per_hour ? rate.per_hour : 60 * rate.per_minute;
}

/* Brings the bucket up to now. */
static void bucket_refill(struct rate_bucket *b, struct rate rate, int64_t now_ms)
{
    int64_t full = (int64_t)rate.burst * RATE_TOKEN;
    if (b->at_ms == 0)
        b->level = full;
    else if (now_ms > b->at_ms) /* a day fills any bucket, and keeps the product small */
        b->level += MIN(now_ms - b->at_ms, 24 * HOUR_MS) * rate.per_minute;
    b->level = MIN(b->level, full);
    b->at_ms = now_ms;
    if (b->minute != now_ms / MINUTE_MS)
        b->in_minute = 0;
    if (b->hour != now_ms / HOUR_MS)
        b->in_hour = 0;
    b->minute = now_ms / MINUTE_MS;
    b->hour = now_ms / HOUR_MS;
}

/* How long until one more request would be allowed, as far as this bucket knows. */
static int64_t bucket_wait_ms(const struct rate_bucket *b, struct rate rate)
{
    int64_t wait_ms = 0;
    if (b->level < RATE_TOKEN)
        wait_ms = (RATE_TOKEN - b->level + rate.per_minute - 1) / rate.per_minute;
    if (b->in_minute >= rate_minute_max(rate))
        wait_ms = MAX(wait_ms, (b->minute + 1) * MINUTE_MS - b->at_ms);
    if (b->in_hour >= rate_hour_max(rate))
        wait_ms = MAX(wait_ms, (b->hour + 1) * HOUR_MS - b->at_ms);
    return wait_ms;
}

void rate_take(struct rate_bucket *b, struct rate rate, int64_t now_ms,
               struct rate_verdict *ret_verdict)
{
    if (now_ms < b->at_ms && b->at_ms - now_ms <= RATE_SKEW_MS)
        now_ms = b->at_ms;
    bucket_refill(b, rate, now_ms);
    int64_t wait_ms = bucket_wait_ms(b, rate);
    if (wait_ms == 0) {
        b->level -= RATE_TOKEN;
        b->in_minute++;
        b->in_hour++;
    }
    int64_t left = MIN(b->level / RATE_TOKEN, rate_minute_max(rate) - b->in_minute);
    int64_t missing = (int64_t)rate.burst * RATE_TOKEN - b->level;
    int64_t reset_ms = now_ms + (missing + rate.per_minute - 1) / rate.per_minute;
    *ret_verdict = (struct rate_verdict){
        .allowed = wait_ms == 0,
        .limit = rate.per_minute,
        .remaining = (int)MAX(MIN(left, rate_hour_max(rate) - b->in_hour), 0),
        .reset_s = (reset_ms + 999) / 1000,
        .retry_after_s = (int)((wait_ms + 999) / 1000),
        .local = true,
    };
}

struct rate_table *rate_table_new(size_t max_keys)
{
    size_t n_sets = MAX(max_keys / WAYS, 1);
    struct rate_table *t = mem_alloc(sizeof *t + n_sets * WAYS * sizeof t->slots[0]);
    if (!t)
        return NULL;
    t->n_sets = n_sets;
    rng_bytes(&t->seed, sizeof t->seed);
    return t;
}

void rate_table_free(struct rate_table *t)
{
    mem_free(t);
}

/* FNV-1a from a seed that nobody outside knows, with a final mix. */
static uint64_t hash_of(const struct rate_table *t, const char *subject)
{
    uint64_t h = t->seed;
    for (; *subject; subject++)
        h = (h ^ (unsigned char)*subject) * UINT64_C(0x100000001b3);
    h = (h ^ h >> 32) * UINT64_C(0xd6e8feb86659fd93);
    return h ^ h >> 32;
}

struct rate_bucket *rate_table_get(struct rate_table *t, const char *subject)
{
    uint64_t hash = hash_of(t, subject);
    struct slot *set = &t->slots[hash % t->n_sets * WAYS], *oldest = set;
    for (struct slot *s = set; s < set + WAYS; s++) {
        if (s->bucket.at_ms && s->hash == hash)
            return &s->bucket;
        if (s->bucket.at_ms < oldest->bucket.at_ms)
            oldest = s;
    }
    *oldest = (struct slot){.hash = hash};
    return &oldest->bucket;
}
