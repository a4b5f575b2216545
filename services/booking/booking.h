/* The service's own: its configuration, its tables and what a worker keeps in memory. */
#ifndef BOOKING_BOOKING_H
#define BOOKING_BOOKING_H

#include <stddef.h>

#include "common/config.h"
#include "common/pg.h"
#include "common/route.h"
#include "common/service.h"

#include "catalogue.h"

struct booking_config {
#define CONFIG(member, type, name, def, min, max, flags, choices, prose) CONFIG_C_##type member;
#include "config.def"
#undef CONFIG
};

static inline const struct booking_config *booking_config(const struct svc *svc)
{
    return svc->own_config;
}

/* Rows of routes_catalogue.inc and routes_core.inc. */
extern const struct route booking_routes[];
extern const size_t booking_n_routes;
/* Rows of constraints_catalogue.inc and constraints_core.inc. */
extern const struct pg_constraint booking_constraints[];
extern const size_t booking_n_constraints;

/* The catalogue of this worker, held until the arena ends. ERR_NOT_READY before the first load. */
MUSTCHECK enum err booking_catalogue(struct svc *svc, struct arena *a,
                                     const struct catalogue **ret_catalogue);

#endif
