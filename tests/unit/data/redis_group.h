/* Several Redis servers for one test program, on TCP, and how to give them orders. */
#ifndef TESTS_UNIT_DATA_REDIS_GROUP_H
#define TESTS_UNIT_DATA_REDIS_GROUP_H

#include <hiredis/hiredis.h>

#include "redis_fixture.h"

#define MAX_SERVERS 5

struct member {
    pid_t pid;
    int port;
    char id[41]; /* in a cluster */
};

static struct member members[MAX_SERVERS];
static bool as_cluster;

static inline redisContext *member_connect(const struct member *m)
{
    for (int i = 0; i < STARTUP_TRIES; i++) {
        redisContext *c = redisConnect("127.0.0.1", m->port);
        if (c && !c->err)
            return c;
        redisFree(c);
        poll(NULL, 0, 10);
    }
    fail_msg("no Redis at port %d", m->port);
    return NULL;
}

/* The reply as text, in static memory; an error begins with "-". */
static inline const char *order(const struct member *m, const char *command)
{
    static char text[8000];
    redisContext *c = member_connect(m);
    redisReply *reply = redisCommand(c, command);
    assert_non_null(reply);
    if (reply->type == REDIS_REPLY_INTEGER)
        snprintf(text, sizeof text, "%lld", reply->integer);
    else
        snprintf(text, sizeof text, "%s%s", reply->type == REDIS_REPLY_ERROR ? "-" : "",
                 reply->str ? reply->str : "");
    freeReplyObject(reply);
    redisFree(c);
    return text;
}

/* The same with numbers and names in it. */
#define ORDER(m, ...)                                         \
    ({                                                        \
        char order_text[300];                                 \
        snprintf(order_text, sizeof order_text, __VA_ARGS__); \
        order(m, order_text);                                 \
    })

#define OBEYS(m, ...) assert_string_equal(ORDER(m, __VA_ARGS__), "OK")

static inline void member_start(struct member *m)
{
    char port[12], file[40];
    if (!m->port)
        m->port = free_port();
    snprintf(port, sizeof port, "%d", m->port);
    snprintf(file, sizeof file, "nodes-%d.conf", m->port);
    /* A port of the cluster's own: by default it is 10000 higher, which may not exist. */
    char bus[12];
    snprintf(bus, sizeof bus, "%d", as_cluster ? free_port() : 0);
    const char *argv[] = {"redis-server",
                          "--port",
                          port,
                          "--bind",
                          "127.0.0.1",
                          "--save",
                          "",
                          "--dir",
                          servers.dir,
                          "--repl-diskless-sync-delay",
                          "0",
                          as_cluster ? "--cluster-enabled" : NULL,
                          "yes",
                          "--cluster-config-file",
                          file,
                          "--cluster-port",
                          bus,
                          "--cluster-node-timeout",
                          "1000",
                          "--cluster-require-full-coverage",
                          "no",
                          NULL};
    m->pid = start(argv, 0, SIGKILL);
    redisFree(member_connect(m));
}

static inline void member_kill(struct member *m)
{
    kill(m->pid, SIGKILL);
    finish(m->pid);
    m->pid = 0;
}

static inline void members_stop(void)
{
    for (size_t i = 0; i < MAX_SERVERS; i++)
        if (members[i].pid)
            member_kill(&members[i]);
}

static inline void members_start(size_t n, bool cluster)
{
    servers_dir();
    atexit(members_stop);
    as_cluster = cluster;
    for (size_t i = 0; i < n; i++)
        member_start(&members[i]);
}

/* Waits until the reply has the text in it. */
#define UNTIL(m, command, text)                                                \
    do {                                                                       \
        int64_t until_us = clock_mono_us() + 30 * USEC_PER_SEC;                \
        while (!strstr(order(m, command), text)) {                             \
            if (clock_mono_us() > until_us)                                    \
                fail_msg("%s: no %s in %s", command, text, order(m, command)); \
            poll(NULL, 0, 20);                                                 \
        }                                                                      \
    } while (0)

#endif
