/* service_main(): options, configuration, sockets, and then the supervisor. */
#include "common/service.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "app.h"
#include "common/buf.h"
#include "common/log.h"
#include "common/mem.h"

#define EXIT_CONFIG 78 /* EX_CONFIG of sysexits.h */

struct main {
    const struct service *desc;
    struct common_config config;
    void *own;
    int *listen_fds; /* one a worker, sharing the port */
    int metrics_fd;
    int port;
};

/* --- configuration -----------------------------------------------------------------------------
 */

static void rate_check(const char *name, const char *text, struct buf *mistakes)
{
    struct rate rate;
    if (text && rate_parse(text, &rate) != ERR_OK)
        buf_addf(mistakes, "%s: must be per minute/burst or per minute/burst/per hour\n", name);
}

static void config_rules(const struct common_config *c, struct buf *mistakes)
{
    rate_check("RATE_PUBLIC", c->rate_public, mistakes);
    rate_check("RATE_USER", c->rate_user, mistakes);
    rate_check("RATE_ADMIN", c->rate_admin, mistakes);
    rate_check("RATE_AI", c->rate_ai, mistakes);
    rate_check("RATE_AUTH", c->rate_auth, mistakes);
}

/* Loads both tables and prints every mistake at once. */
static bool config_ok(struct main *m)
{
    struct buf mistakes = BUF_INIT(65536);
    bool ok = config_load(&common_config_table, &m->config, &mistakes) == ERR_OK;
    if (ok)
        config_rules(&m->config, &mistakes);
    if (m->desc->config_bytes) {
        m->own = mem_alloc(m->desc->config_bytes);
        ok = m->own && config_load(&m->desc->config, m->own, &mistakes) == ERR_OK && ok;
    }
    if (mistakes.len)
        fprintf(stderr, "%s: the configuration has mistakes:\n%s", m->desc->name, mistakes.data);
    ok = ok && mistakes.len == 0;
    buf_free(&mistakes);
    return ok;
}

static void config_done(struct main *m)
{
    config_free(&common_config_table, &m->config);
    if (m->own)
        config_free(&m->desc->config, m->own);
    mem_free(m->own);
    mem_free(m->listen_fds);
}

/* --- sockets -----------------------------------------------------------------------------------
 */

static int socket_listen(const char *host, int port, bool share, const char *variable)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC,
                             .ai_socktype = SOCK_STREAM,
                             .ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV};
    struct addrinfo *info = NULL;
    char service[8];
    snprintf(service, sizeof(service), "%d", port);
    if (getaddrinfo(host, service, &hints, &info) != 0) {
        fprintf(stderr, "%s: %s is not an IP address\n", variable, host);
        return -1;
    }
    int fd = socket(info->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int on = 1;
    bool ok = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) == 0 &&
              (!share || setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) == 0) &&
              bind(fd, info->ai_addr, info->ai_addrlen) == 0 && listen(fd, 1024) == 0;
    freeaddrinfo(info);
    if (ok)
        return fd;
    fprintf(stderr, "%s: cannot listen on %s port %d: %m\n", variable, host, port);
    if (fd >= 0)
        close(fd);
    return -1;
}

static int socket_port(int fd)
{
    struct sockaddr_in6 address = {0}; /* the port of IPv4 and IPv6 lies in the same place */
    socklen_t n = sizeof(address);
    return getsockname(fd, (struct sockaddr *)&address, &n) == 0 ? ntohs(address.sin6_port) : 0;
}

static bool sockets_open(struct main *m)
{
    const struct common_config *c = &m->config;
    m->listen_fds = mem_alloc((size_t)c->workers * sizeof(int));
    if (!m->listen_fds)
        return false;
    m->port = (int)c->listen_port;
    for (int64_t i = 0; i < c->workers; i++) {
        int fd = socket_listen(c->listen_host, m->port, c->workers > 1, "LISTEN_PORT");
        if (fd < 0)
            return false;
        m->listen_fds[i] = fd;
        if (m->port == 0)
            m->port = socket_port(fd);
    }
    m->metrics_fd = -1;
    if (c->metrics_port)
        m->metrics_fd = socket_listen(c->metrics_host, (int)c->metrics_port, false, "METRICS_PORT");
    return !c->metrics_port || m->metrics_fd >= 0;
}

/* --- the rest ----------------------------------------------------------------------------------
 */

/* Asks a running instance: for a container's health check. */
static int health_probe(const struct common_config *c)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const char *host = strcmp(c->listen_host, "0.0.0.0") == 0 ? "127.0.0.1" : c->listen_host;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)c->listen_port)};
    struct timeval limit = {.tv_sec = 2};
    static const char ask[] = "GET /api/v1/health/readiness HTTP/1.1\r\nHost: localhost\r\n"
                              "Connection: close\r\n\r\n";
    char answer[64] = "";
    bool ok = fd >= 0 && inet_pton(AF_INET, host, &to.sin_addr) == 1 &&
              setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) == 0 &&
              setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) == 0 &&
              connect(fd, (struct sockaddr *)&to, sizeof(to)) == 0 &&
              write(fd, ask, sizeof(ask) - 1) == (ssize_t)sizeof(ask) - 1 &&
              read(fd, answer, sizeof(answer) - 1) > 0 && strncmp(answer + 8, " 200", 4) == 0;
    if (fd >= 0)
        close(fd);
    if (!ok)
        fprintf(stderr, "not ready: port %d\n", (int)c->listen_port);
    return ok ? 0 : 1;
}

static int serve(void *arg, unsigned worker)
{
    struct main *m = arg;
    return app_serve(m->desc, &m->config, m->own, m->listen_fds[worker], m->metrics_fd, worker);
}

static int run(struct main *m)
{
    if (log_open(m->desc->name, m->config.log_file, (enum log_level)m->config.log_level) !=
        ERR_OK) {
        fprintf(stderr, "LOG_FILE: cannot open %s: %m\n", m->config.log_file);
        return EXIT_CONFIG;
    }
    unsigned workers = (unsigned)m->config.workers;
    if (!sockets_open(m))
        return EXIT_CONFIG;
    signal(SIGPIPE, SIG_IGN); /* a log pipe or a client that is gone is an error, not a death */
    if (metrics_init(workers + 1) != ERR_OK) { /* the last part is the supervisor's */
        fprintf(stderr, "%s: no shared memory for the metrics: %m\n", m->desc->name);
        return 1;
    }
    metrics_worker(workers);
    log_event(LOG_INFO, "service.listening", LOG_S("host", m->config.listen_host),
              LOG_I("port", m->port), LOG_I("workers", workers));
    if (log_dropped() > 0 && strcmp(m->config.log_file, "-") != 0) {
        fprintf(stderr, "LOG_FILE: cannot write to %s; is the disk full?\n", m->config.log_file);
        return EXIT_CONFIG;
    }
    int status = supervise(workers, serve, m);
    metrics_free();
    log_close();
    return status;
}

static int command_run(struct main *m, const struct command *c, int argc, char **argv)
{
    if (c->offline)
        return c->run(NULL, argc, argv);
    if (!config_ok(m))
        return EXIT_CONFIG;
    if (log_open(m->desc->name, "-", LOG_WARN) != ERR_OK || metrics_init(1) != ERR_OK)
        return 1;
    int status = app_command(m->desc, &m->config, m->own, c, argc, argv);
    metrics_free();
    return status;
}

static int usage(const struct service *desc)
{
    fprintf(stderr,
            "usage: %s [--check-config|--config|--env-example|--errors|--events|--health|--metrics|"
            "--openapi|--routes|--version]\n",
            desc->name);
    for (size_t i = 0; i < desc->n_commands; i++)
        fprintf(stderr, "       %s %-14s %s\n", desc->name, desc->commands[i].name,
                desc->commands[i].prose);
    return 64;
}

static int main_run(struct main *m, int argc, char **argv)
{
    if (argc == 1)
        return config_ok(m) ? run(m) : EXIT_CONFIG;
    if (describe(m->desc, argv[1]))
        return 0;
    if (strcmp(argv[1], "--check-config") == 0)
        return config_ok(m) ? 0 : EXIT_CONFIG;
    if (strcmp(argv[1], "--health") == 0)
        return config_ok(m) ? health_probe(&m->config) : EXIT_CONFIG;
    for (size_t i = 0; i < m->desc->n_commands; i++)
        if (strcmp(argv[1], m->desc->commands[i].name) == 0)
            return command_run(m, &m->desc->commands[i], argc - 1, argv + 1);
    return usage(m->desc);
}

int service_main(const struct service *desc, int argc, char **argv)
{
    struct main m = {.desc = desc, .metrics_fd = -1};
    mem_setup();
    loop_setup();
    int status = main_run(&m, argc, argv);
    config_done(&m);
    return status;
}
