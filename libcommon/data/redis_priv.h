/* The inside of the Redis client, shared by the files redis*.c.
 *
 *   redis          has a connection for commands and one for messages; of a cluster, one for the
 *                  commands of each node (redis_cluster.c)
 *   redis_conn     is down, finding out where to go, connecting, greeting, or up (redis_conn.c)
 *   redis_op       is a command on its way: sent, or held for a connection that is being made
 *                  (redis_wire.c) */
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
#define REDIS_PING_MS 3000  /* a silent connection is asked whether it lives */
#define REDIS_FIND_MS 10000 /* for finding out where to go; each look-up has its own limit, too */
#define REDIS_BACKOFF_MIN_MS 50
#define REDIS_BACKOFF_MAX_MS 3000
#define REDIS_MAX_HOSTS 16 /* in a URL */

enum redis_mode { REDIS_SINGLE, REDIS_SENTINEL, REDIS_CLUSTER };

/* A server: a name or address and its port, or the path of a socket. */
struct redis_host {
    char name[256]; /* a path begins with '/' */
    int port;
};

struct redis_login {
    char user[128], password[256]; /* "": none */
};

struct redis_url {
    enum redis_mode mode;
    struct redis_host hosts[REDIS_MAX_HOSTS]; /* the server; the sentinels; some of the nodes */
    size_t n_hosts;
    char service[128]; /* as the sentinels call it; "" without them */
    struct redis_login login;
    int db;
};

/* Its words are kept when it may have to be sent again: after the hash, of a script; all of them,
 * in a cluster. */
struct redis_op {
    TAILQ_ENTRY(redis_op) link;
    redis_done_fn *done; /* NULL: nobody waits, or not any more */
    void *owner;
    uint64_t id;
    int64_t sent_us;
    struct redis_script *script; /* NULL: a plain command */
    bool with_text;              /* the script's: its hash was not known */
    bool asking;                 /* at a node that is just being given the key */
    unsigned redirects;
    int n_words;
    size_t words_len;
    char words[]; /* encoded */
};
TAILQ_HEAD(redis_ops, redis_op);

enum redis_role { REDIS_COMMANDS, REDIS_MESSAGES, REDIS_ASKER /* of a sentinel */ };

enum redis_state {
    REDIS_DOWN,
    REDIS_FINDING, /* sentinels are asked for the master */
    REDIS_LOOKING, /* for the host's address */
    REDIS_CONNECTING,
    REDIS_GREETING,
    REDIS_UP
};

struct redis_conn {
    struct redis *r;
    enum redis_role role;
    enum redis_state state;
    struct redis_host at;
    struct bufferevent *bev; /* both from REDIS_CONNECTING on */
    redisReader *reader;
    size_t reply_items; /* of the reply that is being read */
    bool reply_is_error;
    struct redis_ops ops; /* sent, the oldest first: replies come in order */
    unsigned n_ops;
    struct redis_ops held; /* until it is up */
    unsigned n_held;
    struct loop_timer *timer; /* down: reconnect; else: whatever is due next */
    unsigned failures;
    int64_t answered_us; /* monotonic: last bytes from the server */
    bool stalled;        /* a command has timed out and nothing has come since */
    bool closing;
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
    struct redis_login sentinel_login;
    struct redis_conn commands, messages;
    struct redis_conn asker; /* of the sentinels, see redis_sentinel.c */
    size_t sentinel;         /* whose turn it is */
    size_t n_asked;          /* this time */
    bool asking;
    struct redis_cluster *cluster; /* NULL: it is none */
    LIST_HEAD(, subscription) subscriptions;
    struct buf scratch; /* a command on its way to the socket */
};

/* redis_url.c: ERR_INVALID when it is none. */
MUSTCHECK
enum err redis_url_parse(const char *text, struct redis_url *ret_url);
/* user:password, :password, or "" for none. */
MUSTCHECK
enum err redis_login_parse(struct str text, struct redis_login *ret_login);

/* redis_reply.c: makes struct redis_value; the reader's privdata is the connection. */
extern redisReplyObjectFunctions redis_reply_functions;

/* redis_conn.c */
MUSTCHECK
bool redis_conn_init(struct redis_conn *c, struct redis *r, enum redis_role role);
void redis_conn_start(struct redis_conn *c);
/* c->at is known: looks it up, connects and greets. */
void redis_conn_look(struct redis_conn *c);
/* Everything sent or held gets ERR_UNAVAILABLE; it is made again, with backoff. */
void redis_conn_lose(struct redis_conn *c);
void redis_conn_done(struct redis_conn *c);

/* redis_wire.c */

/* A command into scratch, whole, or piece by piece. */
void redis_put_args(struct redis *r, struct redis_args args);
void redis_put_head(struct redis *r, int n);
void redis_put(struct redis *r, struct str arg);
/* Writes scratch to the socket, and queues op (NULL: no reply is counted). On an error op is still
 * the caller's. */
MUSTCHECK
enum err redis_conn_write(struct redis_conn *c, struct redis_op *op);
/* Sends a command with its kept words, now or as soon as the connection is up. On an error op is
 * still the caller's. */
MUSTCHECK
enum err redis_conn_give(struct redis_conn *c, struct redis_op *op);
/* What is held, at last. */
void redis_conn_give_held(struct redis_conn *c);
/* A command of our own. */
MUSTCHECK
enum err redis_conn_ask(struct redis_conn *c, struct redis_args args, redis_done_fn *done,
                        void *owner);
void redis_op_finish(struct redis_op *op, enum err e, const struct redis_value *v);
void redis_ops_fail(struct redis_conn *c);
void redis_conn_read(struct redis_conn *c);

/* redis_sentinel.c */

/* Every connection in REDIS_FINDING goes on when the master is known, or is lost. */
void redis_sentinel_find(struct redis *r);
/* The asker has greeted, or was lost. */
void redis_sentinel_greeted(struct redis *r);
void redis_sentinel_lost(struct redis *r);

/* redis_cluster.c */

MUSTCHECK
struct redis_cluster *redis_cluster_new(struct redis *r);
void redis_cluster_free(struct redis_cluster *cl);
void redis_cluster_start(struct redis_cluster *cl);
/* The connection to the node that has the key, or NULL. */
struct redis_conn *redis_cluster_conn(struct redis_cluster *cl, struct str key);
/* Some node, for messages: another one each time. */
void redis_cluster_some(struct redis_cluster *cl, struct redis_host *ret_host);
bool redis_cluster_ready(const struct redis_cluster *cl);
/* A node's connection has come up, or was lost. */
void redis_cluster_up(struct redis_cluster *cl);
void redis_cluster_lost(struct redis_cluster *cl);
/* A node has refused op with these words. False: they are about the command; op is still the
 * caller's. */
bool redis_cluster_refused(struct redis_cluster *cl, struct redis_conn *c, struct redis_op *op,
                           struct str why);

/* redis_slot.c: what is in https://redis.io/docs/reference/cluster-spec/ */

#define REDIS_SLOTS 16384u

/* CRC16 of the key, or of what stands in its first {}. */
unsigned redis_slot(struct str key);

struct redis_redirect {
    bool ask; /* this once, and with ASKING before */
    unsigned slot;
    struct redis_host to; /* its name is "" for the host that said so */
};

/* "MOVED 3999 127.0.0.1:6381" or "ASK ..."; ERR_INVALID for everything else. */
MUSTCHECK
enum err redis_redirect_parse(struct str text, struct redis_redirect *ret_redirect);

struct redis_range {
    unsigned first, last;
    struct redis_host master; /* as above */
};

/* One row of the reply to CLUSTER SLOTS. */
MUSTCHECK
enum err redis_range_read(const struct redis_value *row, struct redis_range *ret_range);

/* redis.c */
/* The connection for messages is up: all channels. */
void redis_resubscribe(struct redis *r);
void redis_on_message(struct redis *r, const struct redis_value *v);

#endif
