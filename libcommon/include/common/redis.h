/* Redis on the loop: hiredis reads the protocol; connections, timers and reconnects with backoff
 * are our own; scripts go by SHA, and pub/sub has a second connection. No correctness rests on it:
 * every caller has an answer ready for "Redis is not there". */
#ifndef COMMON_REDIS_H
#define COMMON_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/loop.h"

struct redis;

struct redis_options {
    const char *url; /* redis://[user:password@]host:port[/db] or unix:///path */
    int connect_timeout_ms;
    int command_timeout_ms;
    unsigned max_in_flight; /* then ERR_BUSY */
};

/* Starts connecting; never waits. NULL: out of memory or a URL that is none. */
MUSTCHECK struct redis *redis_new(struct loop *l, const struct redis_options *options);
/* Everything in flight gets ERR_UNAVAILABLE, in this call. */
void redis_free(struct redis *r);
bool redis_ready(const struct redis *r);

enum redis_type { REDIS_NIL, REDIS_INT, REDIS_STR, REDIS_ARRAY };

struct redis_value {
    enum redis_type type;
    int64_t i;
    const char *s;
    size_t n; /* bytes of s, or items */
    const struct redis_value *items;
};

/* Called once, in a later turn. e is ERR_OK, ERR_UNAVAILABLE, ERR_TIMEOUT or ERR_INTERNAL (an error
 * reply); value lives during the call and is NULL on an error. */
typedef void redis_done_fn(void *owner, uint64_t id, enum err e, const struct redis_value *value);

/* argv are n byte strings, copied. done may be NULL. ERR_UNAVAILABLE: not connected, or the server
 * is late with earlier ones; ERR_BUSY: too much in flight. On an error here done is not called. */
MUSTCHECK enum err redis_command(struct redis *r, const char *const *argv, const size_t *lens,
                                 int n, redis_done_fn *done, void *owner, uint64_t id);

struct redis_script {
    const char *name;
    const char *text; /* Lua */
    char sha1[41];    /* filled at the first use */
};

/* EVALSHA, and once EVAL when the server has forgotten the script. */
MUSTCHECK enum err redis_eval(struct redis *r, struct redis_script *script, const char *const *keys,
                              int n_keys, const char *const *args, int n_args, redis_done_fn *done,
                              void *owner, uint64_t id);

typedef void redis_message_fn(void *owner, const char *channel, const char *message, size_t n);
/* Subscribes now and after every reconnect. channel is copied. */
MUSTCHECK enum err redis_subscribe(struct redis *r, const char *channel, redis_message_fn *fn,
                                   void *owner);
/* All subscriptions of that owner. */
void redis_unsubscribe(struct redis *r, const void *owner);
/* Fire and forget: a lost message only makes a consumer look later. */
void redis_publish(struct redis *r, const char *channel, const char *message);

#endif
