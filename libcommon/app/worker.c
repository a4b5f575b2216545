/* One process that serves: puts the parts of struct svc together, runs the loop, and takes them
 * apart in the reverse order.
 *
 * SIGTERM: health says 503 and everything is still served for DRAIN_MS, so that nginx moves on, and
 * for longer while it has nobody else to send requests to; then the listener closes, what is in
 * flight ends, and the loop stops, at the latest after SHUTDOWN_MS. */
#include <event2/event.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "common_sql.h"
#include "req_priv.h"

#define RECEIVE_TIMEOUT_MS 30000
#define SEND_TIMEOUT_MS 30000
#define TOKEN_CACHE_ENTRIES 4096
#define RATE_LOCAL_KEYS 4096
#define STOP_POLL_MS 20
#define QUIET_MS 250    /* nobody asks any more */
#define DRAIN_AT_MOST 4 /* times DRAIN_MS */
#define MAIL_TIMEOUT_MS 20000
#define MAILS_IN_FLIGHT 8
#define TRIM_MS 10000 /* what a burst took is given back so soon after it */

struct worker {
    struct app app;
    char prefix[32];
    char name[64];
    struct pg_options pg;
    struct bus_options bus;
    const struct pg_stmt **stmts; /* libcommon's and the service's, prepared at connect */
    struct event *signals[3];
};

/* --- putting together ------------------------------------------------------------------------- */

static bool url_ok(const char *variable, const char *url)
{
    if (pg_url_valid(url))
        return true;
    log_event(LOG_ERROR, "start.failed", LOG_S("variable", variable),
              LOG_S("why", "must be postgresql://user:password@host:port/database"));
    return false;
}

static enum err pg_start(struct worker *w, const struct service *desc)
{
    const struct common_config *c = &w->app.config;
    size_t n = common_n_stmts + desc->n_stmts;
    if (!url_ok("DATABASE_URL", c->database_url) ||
        (c->database_url_read[0] && !url_ok("DATABASE_URL_READ", c->database_url_read)))
        return ERR_INVALID;
    w->stmts = mem_alloc(n * sizeof(*w->stmts));
    if (!w->stmts)
        return ERR_NO_MEMORY;
    memcpy(w->stmts, common_stmts, common_n_stmts * sizeof(*w->stmts));
    if (desc->n_stmts)
        memcpy(w->stmts + common_n_stmts, desc->stmts, desc->n_stmts * sizeof(*w->stmts));
    w->pg = (struct pg_options){
        .dns = w->app.svc.dns,
        .url = c->database_url,
        .replica_url = c->database_url_read[0] ? c->database_url_read : NULL,
        .replica_max_lag_ms = (int)c->pg_replica_max_lag_ms,
        .readers = (unsigned)c->pg_readers,
        .writers = (unsigned)c->pg_writers,
        .pipeline_depth = (unsigned)c->pg_pipeline_depth,
        .max_queued = (unsigned)c->pg_max_queued,
        .statement_timeout_ms = (int)c->pg_statement_timeout_ms,
        .prepare = c->pg_prepare,
        .application_name = desc->name,
        .stmts = w->stmts,
        .n_stmts = n,
        .constraints = desc->constraints,
        .n_constraints = desc->n_constraints,
    };
    w->app.svc.pg = pg_new(w->app.svc.loop, &w->pg);
    return w->app.svc.pg ? ERR_OK : ERR_NO_MEMORY;
}

static enum err redis_start(struct worker *w)
{
    struct svc *svc = &w->app.svc;
    struct redis_options options = {
        .dns = svc->dns,
        .url = w->app.config.redis_url,
        .sentinel_login = w->app.config.redis_sentinel_login,
        .connect_timeout_ms = (int)w->app.config.redis_timeout_ms,
        .command_timeout_ms = (int)w->app.config.redis_timeout_ms,
        .max_in_flight = 10000,
    };
    svc->redis = redis_new(svc->loop, &options);
    if (!svc->redis) {
        log_event(LOG_ERROR, "start.failed", LOG_S("variable", "REDIS_URL"),
                  LOG_S("why", "this or REDIS_SENTINEL_LOGIN cannot be read"));
        return ERR_INVALID;
    }
    svc->ratelimit = ratelimit_new(svc->loop, svc->redis, w->prefix, RATE_LOCAL_KEYS);
    svc->cache = cache_new(svc->loop, svc->redis, w->prefix);
    return svc->ratelimit && svc->cache ? ERR_OK : ERR_NO_MEMORY;
}

static enum err keys_start(struct worker *w)
{
    struct svc *svc = &w->app.svc;
    const char *why = NULL;
    enum err e = token_keys_parse(w->app.config.jwks, &svc->token_keys, &why);
    if (e != ERR_OK) {
        log_event(LOG_ERROR, "start.failed", LOG_S("variable", "JWKS"), LOG_S("why", why));
        return e;
    }
    e = keyring_parse(w->app.config.keyring, &svc->keyring);
    if (e != ERR_OK)
        log_event(LOG_ERROR, "start.failed", LOG_S("variable", "KEYRING"),
                  LOG_S("why", "must be id:base64url of 32 bytes, comma separated"));
    svc->token_cache = token_cache_new(TOKEN_CACHE_ENTRIES);
    return e != ERR_OK ? e : svc->token_cache ? ERR_OK : ERR_NO_MEMORY;
}

static bool is_local(const char *smtp_url)
{
    static const char *const here[] = {"smtp://127.", "smtp://localhost", "smtp://[::1]"};
    for (size_t i = 0; i < ARRAY_LEN(here); i++)
        if (strncmp(smtp_url, here[i], strlen(here[i])) == 0)
            return true;
    return false;
}

static enum err mailer_start(struct svc *svc)
{
    enum { AUTO, REQUIRED };
    const struct common_config *c = svc->config;
    struct mailer_options options = {
        .url = c->smtp_url,
        .user = c->smtp_user[0] ? c->smtp_user : NULL,
        .password = c->smtp_password[0] ? c->smtp_password : NULL,
        .from = c->mail_from,
        .ca_file = c->smtp_ca_file[0] ? c->smtp_ca_file : NULL,
        .require_tls = c->smtp_tls == REQUIRED || (c->smtp_tls == AUTO && !is_local(c->smtp_url)),
        .timeout_ms = MAIL_TIMEOUT_MS,
        .max_in_flight = MAILS_IN_FLIGHT,
    };
    svc->mailer = mailer_new(svc->loop, &options);
    if (svc->mailer)
        return ERR_OK;
    log_event(LOG_ERROR, "start.failed", LOG_S("variable", "SMTP_URL, MAIL_FROM"),
              LOG_S("why", "no mailer can be made of them"));
    return ERR_INVALID;
}

static enum err clients_start(struct worker *w, const struct service *desc)
{
    struct svc *svc = &w->app.svc;
    const struct common_config *c = &w->app.config;
    svc->work = work_pool_new(svc->loop, (unsigned)c->work_threads, 256);
    struct http_client_options http = {
        .user_agent = app_user_agent,
        .ca_file = c->http_ca_file[0] ? c->http_ca_file : NULL,
        .max_in_flight = 256,
        .max_reply_bytes = 4u << 20,
    };
    svc->http = http_client_new(svc->loop, &http);
    w->bus = (struct bus_options){
        .worker = w->name,
        .poll_ms = (int)c->bus_poll_ms,
        .consumers = desc->consumers,
        .n_consumers = desc->n_consumers,
        .jobs = desc->jobs,
        .n_jobs = desc->n_jobs,
        .owner = svc,
    };
    svc->bus = bus_new(svc->loop, svc->pg, svc->redis, w->prefix, &w->bus);
    if (!svc->work || !svc->http || !svc->bus)
        return ERR_NO_MEMORY;
    return desc->mails ? mailer_start(svc) : ERR_OK;
}

static enum err routes_start(struct app *app, const struct service *desc)
{
    const struct route *tables[] = {desc->routes, health_routes};
    const size_t counts[] = {desc->n_routes, health_n_routes};
    app->router = router_new(tables, counts, ARRAY_LEN(tables));
    app->requests = idmap_new((size_t)app->config.max_requests);
    return app->router && app->requests ? ERR_OK : ERR_NO_MEMORY;
}

static enum err servers_start(struct app *app, int listen_fd, int metrics_fd)
{
    struct http_server_options api = {
        .fd = listen_fd,
        .max_connections = (unsigned)app->config.max_connections,
        .max_body_bytes = (uint64_t)app->config.max_body_bytes,
        .idle_timeout_s = (int)app->config.idle_timeout_s,
        .receive_timeout_ms = RECEIVE_TIMEOUT_MS,
        .send_timeout_ms = SEND_TIMEOUT_MS,
    };
    app->server = http_server_new(app->svc.loop, &api, app_handle, app);
    if (!app->server)
        return ERR_NO_MEMORY;
    if (metrics_fd < 0)
        return ERR_OK;
    struct http_server_options metrics = api;
    metrics.fd = metrics_fd;
    metrics.max_connections = 32;
    app->metrics_server = http_server_new(app->svc.loop, &metrics, app_handle_metrics, app);
    return app->metrics_server ? ERR_OK : ERR_NO_MEMORY;
}

static void on_trim(void *arg)
{
    struct app *app = arg;
    mem_trim();
    loop_timer_set(app->trim_timer, TRIM_MS);
}

static enum err parts_start(struct worker *w, const struct service *desc)
{
    struct app *app = &w->app;
    const char *offset = app->config.clock_offset_file;
    if (offset[0] && clock_map_offset(offset) != ERR_OK) {
        log_event(LOG_ERROR, "start.failed", LOG_S("variable", "CLOCK_OFFSET_FILE"),
                  LOG_S("why", "cannot be mapped"));
        return ERR_INVALID;
    }
    app->svc.loop = loop_new();
    app->svc.dns = app->svc.loop ? dns_new(app->svc.loop, app->config.resolv_conf) : NULL;
    app->trim_timer = app->svc.loop ? loop_timer_new(app->svc.loop, on_trim, app) : NULL;
    if (!app->svc.dns || !app->trim_timer)
        return ERR_NO_MEMORY;
    loop_timer_set(app->trim_timer, TRIM_MS);
    snprintf(w->prefix, sizeof(w->prefix), "mh:%s:", app->config.environment);
    char host[32] = "";
    (void)gethostname(host, sizeof(host) - 1);
    snprintf(w->name, sizeof(w->name), "%s-%s-%d", desc->name, host, (int)getpid());
    enum err e = rates_start(app, w->name);
    if (e == ERR_OK)
        e = keys_start(w);
    if (e == ERR_OK)
        e = redis_start(w);
    if (e == ERR_OK)
        e = pg_start(w, desc);
    if (e == ERR_OK)
        e = clients_start(w, desc);
    if (e == ERR_OK)
        e = watch_start(app);
    return e;
}

static void parts_stop(struct worker *w)
{
    struct svc *svc = &w->app.svc;
    watch_stop(&w->app);
    http_server_free(w->app.server);
    http_server_free(w->app.metrics_server);
    mailer_free(svc->mailer); /* its mails end here, and their jobs with them */
    bus_free(svc->bus);
    http_client_free(svc->http);
    work_pool_free(svc->work);
    cache_free(svc->cache);
    ratelimit_free(svc->ratelimit);
    pg_free(svc->pg);
    rates_stop(&w->app);
    redis_free(svc->redis);
    dns_free(svc->dns);
    token_cache_free(svc->token_cache);
    token_keys_free(svc->token_keys);
    keyring_free(svc->keyring);
    router_free(w->app.router);
    idmap_free(w->app.requests);
    while (w->app.n_free_arenas)
        arena_free(w->app.free_arenas[--w->app.n_free_arenas]);
    loop_timer_free(w->app.drain_timer);
    loop_timer_free(w->app.trim_timer);
    for (size_t i = 0; i < ARRAY_LEN(w->signals); i++)
        if (w->signals[i])
            event_free(w->signals[i]);
    loop_free(svc->loop);
    mem_free(w->stmts);
    mem_free(w);
}

/* --- signals and the end -----------------------------------------------------------------------
 */

/* nginx goes on sending while it knows of no other replica. What waits in the listener's queue when
 * that closes is reset, and a POST that is reset is not repeated. */
static bool still_asked(const struct app *app)
{
    int64_t now = clock_mono_us();
    return now - app->asked_us < QUIET_MS * USEC_PER_MSEC && now < app->drain_by_us;
}

static void on_drain(void *arg)
{
    struct app *app = arg;
    if (app->state == APP_DRAINING && still_asked(app)) {
        loop_timer_set(app->drain_timer, STOP_POLL_MS);
        return;
    }
    if (app->state == APP_DRAINING) {
        app->state = APP_STOPPING;
        http_server_close_listener(app->server);
        if (app->svc.bus)
            bus_drain(app->svc.bus);
    }
    size_t busy = idmap_count(app->requests) + (app->svc.bus ? bus_busy(app->svc.bus) : 0);
    if (busy == 0 || clock_mono_us() > app->stop_by_us) {
        log_event(busy ? LOG_WARN : LOG_INFO, "service.stopped", LOG_I("unfinished", busy));
        loop_stop(app->svc.loop);
        return;
    }
    loop_timer_set(app->drain_timer, STOP_POLL_MS);
}

static void on_term(evutil_socket_t sig UNUSED, short what UNUSED, void *arg)
{
    struct app *app = arg;
    if (app->state >= APP_DRAINING)
        return;
    log_event(LOG_INFO, "service.draining", LOG_I("ms", app->config.drain_ms));
    app->state = APP_DRAINING;
    rates_leave(app);
    int64_t now = clock_mono_us();
    app->drain_by_us =
        now + MIN(DRAIN_AT_MOST * app->config.drain_ms, app->config.shutdown_ms) * USEC_PER_MSEC;
    app->stop_by_us = now + app->config.shutdown_ms * USEC_PER_MSEC;
    if (app->server)
        http_server_drain(app->server);
    loop_timer_set(app->drain_timer, app->config.drain_ms);
}

/* Takes new keys, so that they are changed without a restart. Mistakes keep the old ones. */
static void keys_reload(struct svc *svc, const struct common_config *fresh)
{
    struct token_keys *keys;
    struct keyring *ring;
    const char *why = NULL;
    if (token_keys_parse(fresh->jwks, &keys, &why) != ERR_OK) {
        log_event(LOG_ERROR, "reload.refused", LOG_S("variable", "JWKS"), LOG_S("why", why));
        return;
    }
    if (keyring_parse(fresh->keyring, &ring) != ERR_OK) {
        token_keys_free(keys);
        log_event(LOG_ERROR, "reload.refused", LOG_S("variable", "KEYRING"));
        return;
    }
    token_keys_free(svc->token_keys);
    keyring_free(svc->keyring);
    svc->token_keys = keys;
    svc->keyring = ring;
    log_event(LOG_INFO, "keys.reloaded");
}

static void on_hup(evutil_socket_t sig UNUSED, short what UNUSED, void *arg)
{
    struct app *app = arg;
    enum err e = log_reopen();
    log_event(e == ERR_OK ? LOG_INFO : LOG_ERROR, "log.reopened", LOG_S("code", err_code(e)));
    struct common_config fresh = {0};
    struct buf mistakes = BUF_INIT(65536);
    if (config_load(&common_config_table, &fresh, &mistakes) == ERR_OK)
        keys_reload(&app->svc, &fresh);
    else
        log_event(LOG_ERROR, "reload.refused", LOG_S("why", mistakes.data));
    buf_free(&mistakes);
    config_free(&common_config_table, &fresh);
}

static enum err signals_start(struct worker *w)
{
    struct app *app = &w->app;
    const struct {
        int sig;
        event_callback_fn fn;
    } handled[] = {{SIGTERM, on_term}, {SIGINT, on_term}, {SIGHUP, on_hup}};
    app->drain_timer = loop_timer_new(app->svc.loop, on_drain, app);
    if (!app->drain_timer)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < ARRAY_LEN(handled); i++) {
        w->signals[i] = evsignal_new(loop_base(app->svc.loop), handled[i].sig, handled[i].fn, app);
        if (!w->signals[i] || evsignal_add(w->signals[i], NULL) != 0)
            return ERR_NO_MEMORY;
    }
    return ERR_OK;
}

/* --- entry points ------------------------------------------------------------------------------
 */

static struct worker *worker_new(const struct service *desc, const struct common_config *config,
                                 const void *own)
{
    struct worker *w = mem_alloc(sizeof(*w));
    if (!w)
        return NULL;
    w->app.config = *config;
    w->app.svc.desc = desc;
    w->app.svc.config = &w->app.config;
    w->app.svc.own_config = own;
    return w;
}

int app_serve(const struct service *desc, const struct common_config *config, const void *own,
              int listen_fd, int metrics_fd, unsigned worker)
{
    metrics_worker(worker);
    struct worker *w = worker_new(desc, config, own);
    if (!w)
        return 1;
    struct app *app = &w->app;
    enum err e = parts_start(w, desc);
    if (e == ERR_OK)
        e = signals_start(w);
    if (e == ERR_OK)
        e = routes_start(app, desc);
    if (e == ERR_OK && desc->start)
        e = desc->start(&app->svc);
    if (e == ERR_OK)
        e = servers_start(app, listen_fd, metrics_fd);
    if (e != ERR_OK) {
        log_event(LOG_ERROR, "start.failed", LOG_S("code", err_code(e)));
        parts_stop(w);
        return e == ERR_INVALID ? EXIT_HOPELESS : 1;
    }
    app->state = APP_RUNNING;
    log_event(LOG_INFO, "service.started", LOG_I("worker", worker), LOG_S("version", app_version));
    loop_run(app->svc.loop);
    if (desc->stop)
        desc->stop(&app->svc);
    parts_stop(w);
    return 0;
}

#define COMMAND_WAIT_US (10 * USEC_PER_SEC)

int app_command(const struct service *desc, const struct common_config *config, const void *own,
                const struct command *command, int argc, char **argv)
{
    struct worker *w = worker_new(desc, config, own);
    if (!w)
        return 1;
    struct svc *svc = &w->app.svc;
    int status = 1;
    enum err e = parts_start(w, desc);
    const char *why = "the service could not be put together";
    int64_t give_up = clock_mono_us() + COMMAND_WAIT_US;
    while (e == ERR_OK && !pg_ready(svc->pg, &why) && clock_mono_us() < give_up)
        loop_turn(svc->loop, 50);
    if (e == ERR_OK && pg_ready(svc->pg, &why))
        status = command->run(svc, argc, argv);
    else
        fprintf(stderr, "%s %s: %s\n", desc->name, command->name, why);
    parts_stop(w);
    return status;
}
