/* A PgBouncer in transaction mode before the servers of servers.h, on a Unix socket. */
#ifndef TESTS_UNIT_DATA_BOUNCER_H
#define TESTS_UNIT_DATA_BOUNCER_H

#include "servers.h"

struct bouncer {
    pid_t pid;
    char dir[80], config[100], url[200];
};

/* It opens its socket before it takes clients, and takes its time for that on a busy machine. */
static inline void bouncer_start(struct bouncer *b)
{
    const char *argv[] = {"/usr/sbin/pgbouncer", "-q", b->config, NULL};
    b->pid = start(argv, 1, SIGKILL);
    for (int i = 0; i < STARTUP_TRIES; i++) {
        PGconn *db = PQconnectdb(b->url);
        bool ok = PQstatus(db) == CONNECTION_OK;
        PQfinish(db);
        if (ok)
            return;
        poll(NULL, 0, 10);
    }
    fprintf(stderr, "PgBouncer does not come up\n");
    exit(1);
}

/* As a crash does: what it was passing on is cut off. */
static inline void bouncer_kill(struct bouncer *b)
{
    if (b->pid > 0) {
        kill(b->pid, SIGKILL);
        finish(b->pid);
    }
    b->pid = 0;
}

/* name: of its folder. server_dir: of the socket that it connects to. more: lines of its
 * configuration. */
static inline void bouncer_open(struct bouncer *b, const char *name, const char *server_dir,
                                const char *more)
{
    snprintf(b->dir, sizeof b->dir, "%s/%s", servers.dir, name);
    snprintf(b->config, sizeof b->config, "%s/ini", b->dir);
    snprintf(b->url, sizeof b->url, "postgresql://postgres@/postgres?host=%s&port=6432", b->dir);
    if ((mkdir(b->dir, 0777) != 0 && errno != EEXIST) || chmod(b->dir, 0777) != 0)
        exit(1);
    FILE *f = fopen(b->config, "w");
    if (!f)
        exit(1);
    fprintf(f,
            "[databases]\n"
            "* = host=%s port=5432 user=postgres\n"
            "[pgbouncer]\n"
            "unix_socket_dir = %s\n"
            "listen_addr =\n"
            "listen_port = 6432\n"
            "auth_type = any\n"
            "pool_mode = transaction\n"
            "default_pool_size = 2\n"
            "server_login_retry = 1\n"
            "%s",
            server_dir, b->dir, more);
    if (fclose(f) != 0)
        exit(1);
    bouncer_start(b);
}

static inline void bouncer_close(struct bouncer *b)
{
    bouncer_kill(b);
    RUN(0, "rm", "-rf", b->dir);
}

#endif
