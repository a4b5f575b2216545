/* Requests to booking: see ../requests.h. The catalogue is in memory, as in a running worker, so
 * quotes are answered whole. */
#include "requests.h"

#include "booking.h"
#include "catalogue.h"
#include "catalogue_watch.h"
#include "small_catalogue.h"

static struct catalogue *catalogue;

enum err booking_catalogue(struct svc *svc UNUSED, struct arena *a,
                           const struct catalogue **ret_catalogue)
{
    enum err e = catalogue_hold(catalogue, a);
    if (e == ERR_OK)
        *ret_catalogue = catalogue;
    return e;
}

enum step_rc catalogue_ring(struct req *r UNUSED)
{
    return STEP_NEXT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct service desc;
    static const struct booking_config config = {.hold_minutes = 10, .holds_per_caller = 3};
    const char *why;
    if (!desc.name) {
        desc = (struct service){
            .name = "booking", .routes = booking_routes, .n_routes = booking_n_routes};
        app_make(&desc, &config);
        if (catalogue_parse(str_of(catalogue_json), str_of(catalogue_zips), &catalogue, &why) !=
            ERR_OK)
            abort();
    }
    return request_run(data, size);
}
