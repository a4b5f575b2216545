/* The inside of the Redis client, shared by the files redis*.c. */
#ifndef DATA_REDIS_PRIV_H
#define DATA_REDIS_PRIV_H

#include <sys/queue.h>

#include <event2/bufferevent.h>
#include <hiredis/read.h>

#include "common/buf.h"
#include "common/redis.h"

#define REDIS_MAX_COMMAND_BYTES (8u << 20)
#define REDIS_MAX_OUTPUT_BYTES (32u << 20) /* waiting for the socket; then ERR_BUSY */
#define REDIS_MAX_REPLY_BYTES (16u << 20)
#define REDIS_MAX_REPLY_ITEMS 65536
#define REDIS_PING_MS 3000 /* a silent connection is asked whether it lives */
#define REDIS_BACKOFF_MIN_MS 50
#define REDIS_BACKOFF_MAX_MS 3000

struct redis_url {
    char path[108]; /* Unix socket, or "" */
    char host[256];
    int port;
    char user[128], password[256]; /* "": none */
    int db;
};

/* A command that has been written, until its reply has come; replies come in order. */
struct redis_op {
    TAILQ_ENTRY(redis_op) link;
    redis_done_fn *done; /* NULL: nobody waits, or not any more */
    void *owner;
    uint64_t id;
    int64_t sent_us;
    struct redis_script *script; /* an EVALSHA; NULL otherwise */
    int n_tail;                  /* arguments of the EVALSHA after the hash, as sent */
    size_t tail_len;
    char tail[];
};
TAILQ_HEAD(redis_ops, redis_op);

enum redis_state { REDIS_DOWN, REDIS_CONNECTING, REDIS_GREETING, REDIS_UP };

struct redis_conn {
    struct redis *r;
    bool subscriber; /* carries subscriptions and nothing else */
    enum redis_state state;
    struct bufferevent *bev; /* both NULL when down */
    redisReader *reader;
    size_t reply_items; /* of the reply that is being read */
    bool reply_is_error;
    struct redis_ops ops;
    unsigned n_ops;
    struct loop_timer *timer; /* down: reconnect; else: whatever is due next */
    unsigned failures;
    int64_t answered_us; /* monotonic: last bytes from the server */
    bool stalled;        /* a command has timed out and nothing has come since */
};

struct subscription {
    LIST_ENTRY(subscription) link;
    redis_message_fn *fn;
    void *owner;
    char channel[];
};

struct redis {
    struct loop *loop;
    struct redis_options options;
    struct redis_url url;
    struct redis_conn commands, messages;
    LIST_HEAD(, subscription) subscriptions;
    struct buf scratch; /* a command on its way to the socket */
    bool closing;
};

/* redis_url.c: ERR_INVALID when it is none. */
MUSTCHECK
enum err redis_url_parse(const char *text, struct redis_url *ret_url);

/* redis_reply.c: makes struct redis_value; the reader's privdata is the connection. */
extern redisReplyObjectFunctions redis_reply_functions;

/* redis_conn.c */
MUSTCHECK
bool redis_conn_init(struct redis_conn *c, struct redis *r, bool subscriber);
void redis_conn_start(struct redis_conn *c);
void redis_conn_done(struct redis_conn *c);
/* Writes scratch to the socket, and queues op (NULL: no reply is counted). On an error op is still
 * the caller's. */
MUSTCHECK
enum err redis_conn_send(struct redis_conn *c, struct redis_op *op);

/* redis.c */
/* A command into scratch, whole, or piece by piece. */
void redis_put_args(struct redis *r, struct redis_args args);
void redis_put_head(struct redis *r, int n);
void redis_put(struct redis *r, struct str arg);
/* The subscriber is up: all channels. */
void redis_resubscribe(struct redis *r);
void redis_on_message(struct redis *r, const struct redis_value *v);

#endif
