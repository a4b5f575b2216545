/* Requests to identity: see requests.h. */
#include "requests.h"

#include "identity.h"

/* As in main.c, which the library does not have. */
const struct metric identity_metrics[M_MAX] = {
#define METRIC(symbol, kind, name, labels, prose) {METRIC_##kind, name, labels, prose},
#include "metrics.def"
#undef METRIC
};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct service desc;
    static const struct identity_config config = {
        .access_ttl_s = 900, .lockout_after = 5, .lockout_base_s = 60, .lockout_max_s = 3600};
    if (!desc.name) {
        desc = (struct service){
            .name = "identity", .routes = identity_routes, .n_routes = identity_n_routes};
        app_make(&desc, &config);
    }
    return request_run(data, size);
}
