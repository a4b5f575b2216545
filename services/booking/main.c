/* booking: what can be booked, quotes, bookings. What it is made of is in the tables named here. */
#include "common/service.h"

#include "booking.h"
#include "booking_core_api.h"
#include "booking_events.h"
#include "booking_sql.h"
#include "catalogue_watch.h"

#define CONFIG(...) CONFIG_ROW(struct booking_config, __VA_ARGS__)
static const struct config_row config_rows[] = {
#include "config.def"
};
#undef CONFIG

static const struct reseal reseal = {
    .load = &sql_reseal_load,
    .store = &sql_reseal_store,
    .queue = &sql_reseal_queue,
    .what = "texts of customers and staff",
};

static const struct export_source exports = {
    .load = &sql_export_load,
    .out = &booking_export_out,
};

static const struct command commands[] = {
    {.name = "reseal",
     .prose = "queues the job that seals texts with the newest key of KEYRING, and prints how many "
              "have an older one",
     .run = reseal_command},
};

int main(int argc, char **argv)
{
    const struct service booking = {
        .name = "booking",
        .title = "Booking",
        .prose = "What can be booked and for how much: stations, chefs, menu, prices, quotes. Who "
                 "books: customers. And the bookings: free times, holds, calendar, waitlist.",
        .routes = booking_routes,
        .n_routes = booking_n_routes,
        .stmts = booking_stmts,
        .n_stmts = booking_n_stmts,
        .constraints = booking_constraints,
        .n_constraints = booking_n_constraints,
        .config = {config_rows, ARRAY_LEN(config_rows)},
        .config_bytes = sizeof(struct booking_config),
        .consumers = core_consumers,
        .n_consumers = core_n_consumers,
        .jobs = core_jobs,
        .n_jobs = core_n_jobs,
        .mails = true,
        .reseal = &reseal,
        .exports = &exports,
        .commands = commands,
        .n_commands = ARRAY_LEN(commands),
        .start = booking_start,
        .ready = booking_ready,
        .stop = booking_stop,
    };
    return service_main(&booking, argc, argv);
}
