/* The inside of a running service: what service_main() puts together. Private to app/. */
#ifndef APP_APP_H
#define APP_APP_H

#include <signal.h>

#include "common/http_server.h"
#include "common/idmap.h"
#include "common/req.h"
#include "common/router.h"
#include "common/service.h"

#define APP_MAX_FEATURES_OFF 128
#define APP_FREE_ARENAS 64
#define APP_MAX_VERSIONS 16

enum app_state {
    APP_STARTING,
    APP_RUNNING,
    APP_DRAINING, /* health says 503, requests are still served */
    APP_STOPPING, /* nothing new; what is in flight may finish */
};

/* A named version counter of the database that the service listens to. */
struct app_version {
    char name[32];
    int64_t version;
};

struct app {
    struct svc svc; /* what steps see */
    struct common_config config;
    struct router *router;
    struct http_server *server;
    struct http_server *metrics_server;
    struct idmap *requests;
    struct arena *free_arenas[APP_FREE_ARENAS];
    size_t n_free_arenas;
    enum app_state state;
    bool was_ready;    /* at the last look at the health */
    char why_not[200]; /* and why it was not, as the log was told */

    struct rates *rates;
    char features_off[APP_MAX_FEATURES_OFF][48]; /* by configuration or by an admin */
    size_t n_features_off;

    /* watch.c */
    struct loop_timer *watch_timer;
    struct app_version versions[APP_MAX_VERSIONS];
    size_t n_versions;
    int64_t watched_us; /* wall clock of the last answer; 0: never */
    bool watching;
    char schema_why[160]; /* why the schema is not for this program; "": it is */

    struct loop_timer *trim_timer;
    struct loop_timer *drain_timer;
    int64_t drain_by_us; /* monotonic: no longer, however much is asked */
    int64_t stop_by_us;  /* monotonic */
    int64_t asked_us; /* monotonic: when a request came last; those for our health do not count */
};

static inline struct app *app_of(struct svc *svc)
{
    return CONTAINER_OF(svc, struct app, svc);
}

/* worker.c: one process that serves, from here to its exit status. */
int app_serve(const struct service *desc, const struct common_config *config, const void *own,
              int listen_fd, int metrics_fd, unsigned worker);
/* Runs one command of the service instead. */
int app_command(const struct service *desc, const struct common_config *config, const void *own,
                const struct command *command, int argc, char **argv);

/* supervisor.c: forks `workers` processes that run serve(), restarts what crashes, hands signals
 * on, and returns the exit status when all have ended after SIGTERM. */
int supervise(unsigned workers, int (*serve)(void *arg, unsigned worker), void *arg);
/* What a worker exits with when starting again would not help. */
#define EXIT_HOPELESS 78

/* handle.c: the http_handler_fn of the API port (owner: struct app) and of the metrics port. */
void app_handle(void *owner, struct http_exchange *x, enum err refused);
void app_handle_metrics(void *owner, struct http_exchange *x, enum err refused);

/* watch.c: what is set in the database and followed by every process: feature flags, revoked
 * sessions, versions of catalogues. */
MUSTCHECK
enum err watch_start(struct app *app);
void watch_stop(struct app *app);
void watch_now(struct app *app);
bool feature_enabled(const struct app *app, const char *name);

/* version.c: what --version prints, and how many changes of migrations/sqitch.plan it knows. */
extern const char app_version[];
extern const char app_user_agent[];
extern const int app_schema;

/* health.c */
extern const struct route health_routes[];
extern const size_t health_n_routes;
bool app_ready(struct app *app, const char **ret_why);

/* describe.c: the rows of common/config.def */
extern const struct config_table common_config_table;

/* describe.c: --openapi, --config, --errors, --metrics, --routes, ... True when `option` is one. */
bool describe(const struct service *desc, const char *option);

extern const struct metric app_metrics[];
extern const size_t app_n_metrics;
enum {
    M_REQUESTS,
    M_DURATION,
    M_IN_FLIGHT,
    M_CONNECTIONS,
    M_REFUSED,
    M_DROPPED_RESULTS,
    M_RATE_LIMITED,
    M_RATE_LOCAL,
    M_LONGEST_TURN,
    M_PG_BUSY,
    M_LOG_DROPPED,
    M_MEMORY,
    M_HEALTH,
    M_HEALTH_DURATION,
    M_SERVICE_HEALTH,
    M_RESTARTS,
    M_STEP_FAILURES,
    M_MAILS,
    M_RESEALED,
    M_MONTHS_AHEAD,
};

#endif
