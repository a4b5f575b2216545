/* Rate limits: one script, one trip. Without Redis the same arithmetic decides here (rate_local.c),
 * for this process alone.
 *
 * Time is the service's wall clock, so that a test can move it, and never runs back for a bucket:
 * the clocks of two processes may differ a little without anybody gaining by going to and fro. A
 * clock that jumps back by more than five minutes has been set, and the bucket follows.
 *
 * An operation in flight outlives ratelimit_free(): the last one to come back frees the rest. */
#include "common/ratelimit.h"

#include <stdio.h>
#include <string.h>

#include "common/clock.h"
#include "common/mem.h"
#include "rate_local.h"

/* One hash a subject: l level, t time, m/mc minute and its count, h/hc hour and its count. A token
 * is 60000, see rate_local.h. Returns {allowed, remaining, full again at (ms), wait (ms)}. */
struct redis_script rate_script = {
    .name = "ratelimit",
    .n_keys = 1,
    .text = "local now, rate, burst = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])\n"
            "local minute_max, hour_max = tonumber(ARGV[4]), tonumber(ARGV[5])\n"
            "local s = redis.call('HMGET', KEYS[1], 'l', 't', 'm', 'mc', 'h', 'hc')\n"
            "local full, at = burst * 60000, tonumber(s[2])\n"
            "local level = tonumber(s[1]) or full\n"
            "if at and now < at and at - now <= 300000 then now = at end\n"
            "if at and now > at then level = level + (now - at) * rate end\n"
            "level = math.min(level, full)\n"
            "local minute, hour = math.floor(now / 60000), math.floor(now / 3600000)\n"
            "local in_minute = tonumber(s[3]) == minute and tonumber(s[4]) or 0\n"
            "local in_hour = tonumber(s[5]) == hour and tonumber(s[6]) or 0\n"
            "local wait = 0\n"
            "if level < 60000 then wait = math.ceil((60000 - level) / rate) end\n"
            "if in_minute >= minute_max then\n"
            "  wait = math.max(wait, (minute + 1) * 60000 - now)\n"
            "end\n"
            "if in_hour >= hour_max then wait = math.max(wait, (hour + 1) * 3600000 - now) end\n"
            "if wait == 0 then\n"
            "  level, in_minute, in_hour = level - 60000, in_minute + 1, in_hour + 1\n"
            "end\n"
            "redis.call('HSET', KEYS[1], 'l', level, 't', now, 'm', minute, 'mc', in_minute,\n"
            "           'h', hour, 'hc', in_hour)\n"
            "redis.call('PEXPIRE', KEYS[1], math.max(3600000, math.ceil(full / rate)))\n"
            "local left = math.min(math.floor(level / 60000), minute_max - in_minute,\n"
            "                      hour_max - in_hour)\n"
            "return {wait == 0 and 1 or 0, math.max(left, 0),\n"
            "        now + math.ceil((full - level) / rate), wait}\n",
};

struct ratelimit {
    struct loop *loop;
    struct redis *redis;
    char prefix[64];
    struct rate_table *local;
    size_t n_takes; /* in flight */
    bool closed;
};

struct take {
    struct ratelimit *rl;
    ratelimit_done_fn *done;
    void *owner;
    uint64_t id;
    struct rate rate;
    int64_t now_ms;
    char subject[];
};

static void ratelimit_release(struct ratelimit *rl)
{
    if (!rl->closed || rl->n_takes > 0)
        return;
    rate_table_free(rl->local);
    mem_free(rl);
}

static void take_finish(struct take *t, const struct rate_verdict *v)
{
    struct ratelimit *rl = t->rl;
    if (!rl->closed)
        t->done(t->owner, t->id, v);
    mem_free(t);
    rl->n_takes--;
    ratelimit_release(rl);
}

static void take_locally(void *arg)
{
    struct take *t = arg;
    struct rate_verdict v;
    rate_take(rate_table_get(t->rl->local, t->subject), t->rate, t->now_ms, &v);
    take_finish(t, &v);
}

static bool is_verdict(enum err e, const struct redis_value *v)
{
    if (e != ERR_OK || v->type != REDIS_ARRAY || v->n != 4)
        return false;
    for (size_t i = 0; i < v->n; i++)
        if (v->items[i].type != REDIS_INT)
            return false;
    return true;
}

static void on_taken(void *owner, uint64_t id UNUSED, enum err e, const struct redis_value *value)
{
    struct take *t = owner;
    if (!is_verdict(e, value)) {
        take_locally(t);
        return;
    }
    struct rate_verdict v = {
        .allowed = value->items[0].i != 0,
        .limit = t->rate.per_minute,
        .remaining = (int)value->items[1].i,
        .reset_s = (value->items[2].i + 999) / 1000,
        .retry_after_s = (int)((value->items[3].i + 999) / 1000),
    };
    take_finish(t, &v);
}

#define N_VALUES 5

static enum err take_send(struct take *t)
{
    char key[300], numbers[N_VALUES][24];
    int n = snprintf(key, sizeof key, "%s{%s}:b", t->rl->prefix, t->subject);
    if (n < 0 || (size_t)n >= sizeof key)
        return ERR_TOO_LARGE;
    const int64_t values[N_VALUES] = {t->now_ms, t->rate.per_minute, t->rate.burst,
                                      rate_minute_max(t->rate), rate_hour_max(t->rate)};
    struct str args[1 + N_VALUES] = {{key, (size_t)n}};
    for (size_t i = 0; i < N_VALUES; i++) {
        snprintf(numbers[i], sizeof numbers[i], "%lld", (long long)values[i]);
        args[1 + i] = str_of(numbers[i]);
    }
    return redis_eval(t->rl->redis, &rate_script, (struct redis_args){args, ARRAY_LEN(args)},
                      on_taken, t, 0);
}

enum err ratelimit_take(struct ratelimit *rl, const char *subject, struct rate rate,
                        ratelimit_done_fn *done, void *owner, uint64_t id)
{
    size_t n = strlen(subject) + 1;
    struct take *t = mem_alloc(sizeof *t + n);
    if (!t)
        return ERR_NO_MEMORY;
    t->rl = rl;
    t->done = done;
    t->owner = owner;
    t->id = id;
    t->rate = rate;
    t->now_ms = clock_wall_us() / USEC_PER_MSEC;
    memcpy(t->subject, subject, n);
    enum err e = take_send(t);
    if (e != ERR_OK)
        e = loop_later(rl->loop, take_locally, t);
    if (e != ERR_OK) {
        mem_free(t);
        return e;
    }
    rl->n_takes++;
    return ERR_OK;
}

struct ratelimit *ratelimit_new(struct loop *l, struct redis *redis, const char *prefix,
                                size_t max_local)
{
    struct ratelimit *rl = mem_alloc(sizeof *rl);
    if (!rl)
        return NULL;
    rl->loop = l;
    rl->redis = redis;
    rl->local = rate_table_new(max_local);
    int n = snprintf(rl->prefix, sizeof rl->prefix, "%s", prefix);
    if (!rl->local || n < 0 || (size_t)n >= sizeof rl->prefix) {
        ratelimit_free(rl);
        return NULL;
    }
    return rl;
}

void ratelimit_free(struct ratelimit *rl)
{
    if (!rl)
        return;
    rl->closed = true;
    ratelimit_release(rl);
}
