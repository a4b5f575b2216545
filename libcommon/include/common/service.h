/* A service is a const description handed to service_main(). */
#ifndef COMMON_SERVICE_H
#define COMMON_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/bus.h"
#include "common/cache.h"
#include "common/config.h"
#include "common/crypto.h"
#include "common/dns.h"
#include "common/export.h"
#include "common/http_client.h"
#include "common/loop.h"
#include "common/mail.h"
#include "common/metrics.h"
#include "common/pg.h"
#include "common/ratelimit.h"
#include "common/redis.h"
#include "common/reseal.h"
#include "common/route.h"
#include "common/token.h"
#include "common/work.h"

struct svc;

/* What every service is configured with: the rows of libcommon/app/config.def. */
struct common_config {
#define CONFIG(member, type, name, def, min, max, flags, choices, prose) CONFIG_C_##type member;
#define CONFIG_C_STR const char *
#define CONFIG_C_INT int64_t
#define CONFIG_C_BOOL bool
#define CONFIG_C_ENUM int
#include "common/config.def"
#undef CONFIG
};

struct service {
    const char *name;  /* "booking" */
    const char *title; /* "Booking" */
    const char *prose; /* a paragraph for the API reference */
    const struct route *routes;
    size_t n_routes;
    const struct pg_stmt *const *stmts;
    size_t n_stmts;
    const struct pg_constraint *constraints;
    size_t n_constraints;
    struct config_table config; /* the service's own rows, filling svc->own_config */
    size_t config_bytes;
    const struct metric *metrics;
    size_t n_metrics;
    const struct consumer *consumers;
    size_t n_consumers;
    const struct job_kind *jobs;
    size_t n_jobs;
    bool mails;                          /* it writes to people: svc->mailer is there */
    const struct reseal *reseal;         /* what it keeps sealed, or NULL */
    const struct export_source *exports; /* what it keeps of people, or NULL */
    /* In a worker, after the common parts are there and before it listens. May start operations;
     * the service is ready when ready() says so (NULL: at once). */
    enum err (*start)(struct svc *svc);
    bool (*ready)(struct svc *svc, const char **ret_why);
    void (*stop)(struct svc *svc);
    /* A message of the bus doorbell's sibling channel "mh:<env>:notify:<service>": "pricing". */
    void (*notify)(struct svc *svc, const char *what);
    /* Extra commands: `booking COMMAND ...`, run instead of serving. */
    const struct command *commands;
    size_t n_commands;
};

struct command {
    const char *name;
    const char *prose;
    bool offline; /* needs neither configuration nor database: svc is NULL */
    /* The loop runs and PostgreSQL is up, or run() is not called. Returns the exit status. */
    int (*run)(struct svc *svc, int argc, char **argv);
};

/* The running service, in one worker. Fields are the service's to use, not to change. */
struct svc {
    const struct service *desc;
    const struct common_config *config;
    const void *own_config;
    struct loop *loop;
    struct dns *dns;
    struct pg *pg;
    struct redis *redis;
    struct ratelimit *ratelimit;
    struct cache *cache;
    struct bus *bus;
    struct work_pool *work;
    struct http_client *http;
    struct mailer *mailer; /* NULL where the service's table does not say `mails` */
    struct keyring *keyring;
    struct token_keys *token_keys;
    struct token_cache *token_cache;
    void *state; /* the service's own */
};

/* For commands: the context of a statement, and its result, which is waited for; NULL: the database
 * is not there. */
#define COMMAND_CTX_SIZE 128
const char *command_ctx(const char *command, char ret_ctx[COMMAND_CTX_SIZE]);
struct pg_result *command_pg(struct svc *svc, const struct pg_stmt *stmt, struct pg_args args);

/* The whole of a service's main(). Options: --config, --check-config, --env-example, --openapi,
 * --routes, --errors, --metrics, --events, --health, --version, or a command of the service. */
int service_main(const struct service *desc, int argc, char **argv);

#endif
