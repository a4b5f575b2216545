/* The catalogue of this worker, kept up to date. */
#ifndef BOOKING_CATALOGUE_WATCH_H
#define BOOKING_CATALOGUE_WATCH_H

#include "common/req.h"
#include "common/service.h"

/* The hooks of struct service. */
enum err booking_start(struct svc *svc);
bool booking_ready(struct svc *svc, const char **ret_why);
void booking_stop(struct svc *svc);

/* A step: after a change of the catalogue. Every process looks for it now. */
step_fn catalogue_ring;

#endif
