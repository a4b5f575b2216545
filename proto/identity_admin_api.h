/* The bodies and queries of identity's routes for operators: rate limits, tasks. */
#ifndef PROTO_IDENTITY_ADMIN_API_H
#define PROTO_IDENTITY_ADMIN_API_H

#include <stdint.h>

#include "common/field.h"

struct rate_limit_in {
    int64_t burst, per_hour; /* per_hour 0: not given */
    const char *reason;
};

extern const struct field_table rate_limit_in;
extern const struct field_table rate_limit_query, rate_status_query;
extern const struct field_table rate_limit_out, rate_status_out;

#endif
