/* The steps of the quote's route. */
#ifndef BOOKING_QUOTE_HTTP_H
#define BOOKING_QUOTE_HTTP_H

#include "common/req.h"

extern const struct step quote_create_steps[];

#endif
