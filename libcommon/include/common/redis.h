/* Redis on the loop: hiredis reads the protocol; connections, timers and reconnects with backoff
 * are our own; scripts go by SHA, and pub/sub has a second connection. No correctness rests on it:
 * every caller has an answer ready for "Redis is not there".
 *
 * Behind the URL is one server, a master that sentinels name (when another one is promoted, it is
 * followed), or a cluster (redirections are followed; a command's keys share a hash tag). A
 * failover breaks connections: commands in flight get ERR_UNAVAILABLE, and a script that the new
 * server does not know is sent with its text. */
#ifndef COMMON_REDIS_H
#define COMMON_REDIS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/dns.h"
#include "common/err.h"
#include "common/loop.h"
#include "common/str.h"

struct redis;

struct redis_options {
    struct dns *dns;            /* looks the hosts up; NULL when the URL has a socket */
    const char *url;            /* redis://, unix://, sentinel:// or cluster://: see redis_url.c */
    const char *sentinel_login; /* user:password or :password, percent-encoded; NULL: none */
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

/* A command's words: its name, the key, what else; or a script's keys and arguments. The key says
 * which node of a cluster it goes to. Bytes are
 * bytes. REDIS_ARGS(STR("GET"), key) makes them in a call. */
struct redis_args {
    const struct str *v;
    int n;
};

#define REDIS_ARGS(...)                                     \
    ((struct redis_args){(const struct str[]){__VA_ARGS__}, \
                         (int)(sizeof((const struct str[]){__VA_ARGS__}) / sizeof(struct str))})

/* Called once, in a later turn. e is ERR_OK, ERR_UNAVAILABLE, ERR_TIMEOUT or ERR_INTERNAL (an error
 * reply); value lives during the call and is NULL on an error. */
typedef void redis_done_fn(void *owner, uint64_t id, enum err e, const struct redis_value *value);

/* args are copied. done may be NULL. ERR_UNAVAILABLE: not connected, or the server is late with
 * earlier ones; ERR_BUSY: too much in flight. On an error here done is not called. */
MUSTCHECK enum err redis_command(struct redis *r, struct redis_args args, redis_done_fn *done,
                                 void *owner, uint64_t id);

struct redis_script {
    const char *name;
    const char *text; /* Lua */
    int n_keys;       /* the first arguments are KEYS, the others ARGV */
    char sha1[41];    /* filled at the first use */
};

/* EVALSHA, and once EVAL when the server has forgotten the script. Otherwise as redis_command(). */
MUSTCHECK enum err redis_eval(struct redis *r, struct redis_script *script, struct redis_args args,
                              redis_done_fn *done, void *owner, uint64_t id);

typedef void redis_message_fn(void *owner, const char *channel, const char *message, size_t n);
/* Subscribes now and after every reconnect. channel is copied. */
MUSTCHECK enum err redis_subscribe(struct redis *r, const char *channel, redis_message_fn *fn,
                                   void *owner);
/* All subscriptions of that owner. */
void redis_unsubscribe(struct redis *r, const void *owner);
/* Fire and forget: a lost message only makes a consumer look later. */
void redis_publish(struct redis *r, const char *channel, const char *message);

#endif
