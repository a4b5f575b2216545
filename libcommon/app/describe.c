/* Every binary prints its own documentation, from the tables that it runs on. */
#include <stdio.h>
#include <string.h>

#include "app.h"
#include "common_sql.h"
#include "common/buf.h"
#include "common/mem.h"
#include "common/openapi.h"

#define DESCRIPTION_MAX_BYTES (8u << 20)

static const struct config_row common_config_rows[] = {
#define CONFIG(...) CONFIG_ROW(struct common_config, __VA_ARGS__)
#include "common/config.def"
#undef CONFIG
};

const struct config_table common_config_table = {common_config_rows, ARRAY_LEN(common_config_rows)};

static void print_config(const struct service *desc)
{
    fprintf(stdout,
            "# Configuration of %s\n\nFrom the environment; NAME_FILE names a file that holds the "
            "value instead.\n\n## Its own\n\n",
            desc->name);
    config_print(&desc->config, stdout);
    fprintf(stdout, "\n## Of every service\n\n");
    config_print(&common_config_table, stdout);
}

static void print_env_example(const struct service *desc)
{
    fprintf(stdout, "# %s\n", desc->title);
    config_print_env(&desc->config, stdout);
    config_print_env(&common_config_table, stdout);
}

static void print_errors(const struct service *desc UNUSED)
{
    fprintf(stdout, "| code | status | title |\n|---|---|---|\n");
#define ERR(symbol, http_status, code, title) \
    fprintf(stdout, "| `%s` | %d | %s |\n", code, http_status, title);
#include "errors.def"
#undef ERR
}

static const struct {
    const char *type;
    int version;
    const char *fields, *prose;
} events[] = {
#define EVENT(type, version, fields, prose) {type, version, fields, prose},
#include "events.def"
#undef EVENT
};

static void print_events(const struct service *desc)
{
    size_t n = strlen(desc->name);
    fprintf(stdout, "| type | version | data | when |\n|---|---|---|---|\n");
    for (size_t i = 0; i < ARRAY_LEN(events); i++)
        if (strncmp(events[i].type, desc->name, n) == 0 && events[i].type[n] == '.')
            fprintf(stdout, "| `%s` | %d | %s | %s |\n", events[i].type, events[i].version,
                    events[i].fields, events[i].prose);
}

static void print_metrics(const struct service *desc)
{
    struct buf out = BUF_INIT(DESCRIPTION_MAX_BYTES);
    metrics_describe(app_metrics, app_n_metrics, &out);
    if (desc->metrics)
        metrics_describe(desc->metrics, desc->n_metrics, &out);
    metrics_describe(&metrics_dropped, 1, &out);
    fputs(out.data ? out.data : "", stdout);
    buf_free(&out);
}

static const char *auth_name(enum auth a)
{
    switch (a) {
    case AUTH_PUBLIC:
        return "public";
    case AUTH_USER:
        return "user";
    case AUTH_INTERNAL:
        return "internal";
    }
    return "?";
}

/* One line a route, for the tests that walk them all: method, path, operation, caller, permission,
 * tier, flags. */
static void routes_print(const struct route *routes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct route *r = &routes[i];
        fprintf(stdout, "%s\t%s\t%s\t%s\t%s\t%d\t%u\n", http_method_name(r->method), r->path,
                r->name, auth_name(r->auth), r->perm == PERM_NONE ? "-" : perm_name(r->perm),
                (int)r->tier, r->flags);
    }
}

static void print_routes(const struct service *desc)
{
    routes_print(desc->routes, desc->n_routes);
    routes_print(health_routes, health_n_routes);
}

static void print_openapi(const struct service *desc)
{
    size_t n = desc->n_routes + health_n_routes;
    struct route *all = mem_alloc(n * sizeof(*all));
    struct buf out = BUF_INIT(DESCRIPTION_MAX_BYTES);
    if (!all)
        return;
    memcpy(all, desc->routes, desc->n_routes * sizeof(*all));
    memcpy(all + desc->n_routes, health_routes, health_n_routes * sizeof(*all));
    struct openapi_info info = {
        .title = desc->title, .description = desc->prose, .version = "1", .tag = desc->name};
    openapi_print(&info, all, n, &out);
    if (buf_err(&out) == ERR_OK)
        fputs(out.data, stdout);
    buf_free(&out);
    mem_free(all);
}

static void stmts_print(const struct pg_stmt *const *stmts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        fprintf(stdout, "-- %s %d\n%s;\n", stmts[i]->name, stmts[i]->n_params, stmts[i]->text);
}

/* Everything that a process prepares, for the test that looks at the plans. */
static void print_statements(const struct service *desc)
{
    stmts_print(common_stmts, common_n_stmts);
    stmts_print(desc->stmts, desc->n_stmts);
}

static void print_version(const struct service *desc)
{
    fprintf(stdout, "%s %s\n", desc->name, app_version);
}

static const struct {
    const char *option;
    void (*print)(const struct service *desc);
} descriptions[] = {
    {"--config", print_config}, {"--env-example", print_env_example}, {"--errors", print_errors},
    {"--events", print_events}, {"--metrics", print_metrics},         {"--openapi", print_openapi},
    {"--routes", print_routes}, {"--statements", print_statements},   {"--version", print_version},
};

bool describe(const struct service *desc, const char *option)
{
    for (size_t i = 0; i < ARRAY_LEN(descriptions); i++) {
        if (strcmp(option, descriptions[i].option) == 0) {
            descriptions[i].print(desc);
            return true;
        }
    }
    return false;
}
