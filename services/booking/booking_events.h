/* The core's consumers and jobs, for main.c. */
#ifndef BOOKING_EVENTS_H
#define BOOKING_EVENTS_H

#include <stddef.h>

#include "common/bus.h"

extern const struct consumer core_consumers[];
extern const size_t core_n_consumers;
extern const struct job_kind core_jobs[];
extern const size_t core_n_jobs;

#endif
