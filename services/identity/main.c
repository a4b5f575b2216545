/* identity: accounts, sign-in, rights. What it is made of is in the tables named here. */
#include "common/service.h"

#include "identity.h"
#include "identity_api.h"

const struct metric identity_metrics[M_MAX] = {
#define METRIC(symbol, kind, name, labels, prose) {METRIC_##kind, name, labels, prose},
#include "metrics.def"
#undef METRIC
};

#define CONFIG(...) CONFIG_ROW(struct identity_config, __VA_ARGS__)
static const struct config_row config_rows[] = {
#include "config.def"
};
#undef CONFIG

static const struct pg_constraint constraints[] = {
    {"users_email", ERR_EMAIL_TAKEN, "/email", "There is an account with this address."},
    {"users_email_form", ERR_INVALID, "/email", "is too long"},
    {"user_roles_role_fkey", ERR_INVALID, "/role", "is not a role"},
    {"api_keys_administration", ERR_INVALID, "/permissions", "has one that a key cannot have"},
};

static const struct reseal reseal = {
    .load = &sql_reseal_load,
    .store = &sql_reseal_store,
    .queue = &sql_reseal_queue,
    .what = "MFA secrets and keys of exports",
};

static const struct export_source exports = {
    .load = &sql_export_load,
    .out = &identity_export_out,
};

int main(int argc, char **argv)
{
    const struct service identity = {
        .name = "identity",
        .title = "Identity",
        .prose = "Accounts of customers and staff, sign-in with a second factor, sessions, API "
                 "keys, roles and permissions; the audit log, feature flags, rate limits, jobs.",
        .routes = identity_routes,
        .n_routes = identity_n_routes,
        .stmts = identity_stmts,
        .n_stmts = identity_n_stmts,
        .constraints = constraints,
        .n_constraints = ARRAY_LEN(constraints),
        .config = {config_rows, ARRAY_LEN(config_rows)},
        .config_bytes = sizeof(struct identity_config),
        .metrics = identity_metrics,
        .n_metrics = M_MAX,
        .jobs = identity_jobs,
        .n_jobs = identity_n_jobs,
        .consumers = identity_consumers,
        .n_consumers = identity_n_consumers,
        .exports = &exports,
        .mails = true,
        .reseal = &reseal,
        .start = identity_start,
        .stop = identity_stop,
        .commands = identity_commands,
        .n_commands = identity_n_commands,
    };
    return service_main(&identity, argc, argv);
}
