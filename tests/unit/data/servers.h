/* A PostgreSQL and a Redis for one test program: in a temporary folder, on Unix sockets, gone when
 * the program ends, however it ends. And what is needed to wait for things on a loop. */
#ifndef TESTS_UNIT_DATA_SERVERS_H
#define TESTS_UNIT_DATA_SERVERS_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <libpq-fe.h>

#include "common/clock.h"
#include "common/loop.h"
#include "torture.h"

#define PG_BIN "/usr/lib/postgresql/15/bin/"
#define STARTUP_TRIES 6000 /* of 10 ms: a busy machine takes its time */

struct servers {
    char dir[64];
    pid_t pg, redis;
    int pg_port; /* on 127.0.0.1; 0: the socket only */
    char pg_url[200], redis_path[100], redis_url[120];
};

static struct servers servers;

/* --- processes ------------------------------------------------------------------------------ */

/* In the child: PostgreSQL refuses to run as root. */
static inline void become_postgres(void)
{
    struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : NULL;
    if (user && (setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0))
        _exit(126);
}

/* stop: the signal that the child gets when we die, however that is. */
static inline pid_t start(const char *const *argv, int as_postgres, int stop)
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    int out = open("/dev/null", O_RDWR);
    dup2(out, 0);
    dup2(out, 1);
    if (!getenv("SERVERS_VERBOSE"))
        dup2(out, 2);
    if (as_postgres)
        become_postgres();
    prctl(PR_SET_PDEATHSIG, stop);
    execvp(argv[0], (char *const *)argv);
    _exit(127);
}

static inline int finish(pid_t pid)
{
    int status = -1;
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline void run(const char *const *argv, int as_postgres)
{
    int status = finish(start(argv, as_postgres, SIGKILL));
    if (status != 0) {
        fprintf(stderr, "%s: exit status %d (SERVERS_VERBOSE=1 shows why)\n", argv[0], status);
        exit(1);
    }
}

#define RUN(as_postgres, ...) run((const char *const[]){__VA_ARGS__, NULL}, as_postgres)

static inline void servers_stop(void)
{
    if (servers.pg > 0) {
        kill(servers.pg, SIGQUIT);
        finish(servers.pg);
    }
    if (servers.redis > 0) {
        kill(servers.redis, SIGKILL);
        finish(servers.redis);
    }
    if (servers.dir[0])
        RUN(0, "rm", "-rf", servers.dir);
    servers.dir[0] = '\0';
}

static inline void servers_dir(void)
{
    if (servers.dir[0])
        return;
    snprintf(servers.dir, sizeof servers.dir, "/tmp/mh-unit-XXXXXX");
    if (!mkdtemp(servers.dir) || chmod(servers.dir, 0777) != 0)
        exit(1);
    signal(SIGPIPE, SIG_IGN); /* as service_main() does */
    atexit(servers_stop);
}

/* A port that nobody has just now. */
static inline int free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(fd, (struct sockaddr *)&at, n) != 0 ||
        getsockname(fd, (struct sockaddr *)&at, &n) != 0)
        exit(1);
    close(fd);
    return ntohs(at.sin_port);
}

/* --- PostgreSQL ----------------------------------------------------------------------------- */

/* An ordinary connection for the test itself. */
static inline PGconn *admin_connect(void)
{
    for (int i = 0; i < STARTUP_TRIES; i++) {
        PGconn *db = PQconnectdb(servers.pg_url);
        if (PQstatus(db) == CONNECTION_OK)
            return db;
        PQfinish(db);
        poll(NULL, 0, 10);
    }
    fprintf(stderr, "PostgreSQL does not come up\n");
    exit(1);
}

/* The first value of the answer, in static memory. */
static inline const char *admin(const char *sql)
{
    static char value[200];
    PGconn *db = admin_connect();
    PGresult *res = PQexec(db, sql);
    if (PQresultStatus(res) != PGRES_TUPLES_OK && PQresultStatus(res) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", sql, PQerrorMessage(db));
    snprintf(value, sizeof value, "%s", PQntuples(res) ? PQgetvalue(res, 0, 0) : "");
    PQclear(res);
    PQfinish(db);
    return value;
}

/* Does not wait until it is up. */
static inline void pg_server_spawn(void)
{
    char data[100], port[12];
    snprintf(data, sizeof data, "%s/pg", servers.dir);
    snprintf(port, sizeof port, "%d", servers.pg_port ? servers.pg_port : 5432);
    const char *listen = servers.pg_port ? "listen_addresses=127.0.0.1" : "listen_addresses=";
    const char *argv[] = {PG_BIN "postgres",
                          "-D",
                          data,
                          "-k",
                          servers.dir,
                          "-p",
                          port,
                          "-c",
                          listen,
                          "-c",
                          "fsync=off",
                          "-c",
                          "autovacuum=off",
                          NULL};
    servers.pg = start(argv, 1, SIGQUIT);
}

static inline void pg_server_start(void)
{
    pg_server_spawn();
    PQfinish(admin_connect());
}

/* Kills it as a power cut does. */
static inline void pg_server_kill(void)
{
    kill(servers.pg, SIGQUIT);
    finish(servers.pg);
    servers.pg = 0;
}

static inline void servers_pg(void)
{
    servers_dir();
    char data[100];
    snprintf(data, sizeof data, "%s/pg", servers.dir);
    snprintf(servers.pg_url, sizeof servers.pg_url,
             "postgresql://postgres@/postgres?host=%s&port=%d", servers.dir,
             servers.pg_port ? servers.pg_port : 5432);
    RUN(1, PG_BIN "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-N", "-E", "UTF8");
    pg_server_start();
}

/* The schema bus, from the migrations of the plan that are about it. Run from the root of the
 * project. */
static inline void servers_bus(void)
{
    char line[400], path[100];
    FILE *plan = fopen("migrations/sqitch.plan", "r");
    assert_non_null(plan);
    while (fgets(line, sizeof line, plan)) {
        line[strcspn(line, " \n")] = '\0';
        if (strncmp(line, "bus", 3) != 0 && strcmp(line, "roles") != 0)
            continue;
        snprintf(path, sizeof path, "migrations/deploy/%.60s.sql", line);
        RUN(0, "psql", "-qX", "-v", "ON_ERROR_STOP=1", "-f", path, servers.pg_url);
    }
    fclose(plan);
}

/* --- Redis ---------------------------------------------------------------------------------- */

static inline void redis_server_start(void)
{
    const char *argv[] = {"redis-server",     "--port", "0", "--unixsocket",
                          servers.redis_path, "--save", "",  NULL};
    servers.redis = start(argv, 0, SIGKILL);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", servers.redis_path);
    for (int i = 0; i < STARTUP_TRIES; i++) {
        int fd = socket(AF_UNIX, SOCK_STREAM, 0);
        int rc = connect(fd, (struct sockaddr *)&address, sizeof address);
        close(fd);
        if (rc == 0)
            return;
        poll(NULL, 0, 10);
    }
    fprintf(stderr, "Redis does not come up\n");
    exit(1);
}

static inline void redis_server_kill(void)
{
    kill(servers.redis, SIGKILL);
    finish(servers.redis);
    servers.redis = 0;
    unlink(servers.redis_path);
}

static inline void servers_redis(void)
{
    servers_dir();
    snprintf(servers.redis_path, sizeof servers.redis_path, "%s/redis", servers.dir);
    snprintf(servers.redis_url, sizeof servers.redis_url, "unix://%s", servers.redis_path);
    redis_server_start();
}

/* --- waiting -------------------------------------------------------------------------------- */

/* Turns the loop until the condition holds; a test that waits for 30 s has failed. */
#define WAIT_FOR(loop, condition)                                    \
    do {                                                             \
        int64_t wait_until_us = clock_mono_us() + 30 * USEC_PER_SEC; \
        while (!(condition)) {                                       \
            if (clock_mono_us() > wait_until_us)                     \
                fail_msg("waited in vain for: %s", #condition);      \
            loop_turn(loop, 20);                                     \
        }                                                            \
    } while (0)

#endif
