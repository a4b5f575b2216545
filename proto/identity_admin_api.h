/* The bodies and queries of identity's routes for operators: rate limits, jobs, parked events. */
#ifndef PROTO_IDENTITY_ADMIN_API_H
#define PROTO_IDENTITY_ADMIN_API_H

#include <stdint.h>

#include "common/field.h"

struct rate_limit_in {
    int64_t burst, per_hour; /* per_hour 0: not given */
    const char *reason;
};

struct task_retry_in {
    const char *reason; /* NULL: not given */
};

struct task_cancel_in {
    const char *reason;
};

struct event_retry_in {
    const char *consumer;
};

extern const struct field_table rate_limit_in, task_retry_in, task_cancel_in, event_retry_in;
extern const struct field_table rate_limit_query, rate_status_query, task_query;
extern const struct field_table rate_limit_out, rate_status_out, task_out, task_detail_out,
    task_status_out, event_parked_list_out;

#endif
