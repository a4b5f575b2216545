/* What a service keeps of a person, for him to have. identity takes the request and tells it by the
 * event privacy.export.requested, which has a public key; each service that keeps something of
 * people has a consumer (EXPORT_CONSUMER) that queues its job (EXPORT_JOB), whose batches go into
 * boxes (crypto.h) that identity alone can open, when the person fetches them. So a service that is
 * away answers later, and nobody else reads the answer.
 *
 * To join: a row in bus.export_services, `exports` in the service's description, the consumer and
 * the job in its tables. */
#ifndef COMMON_EXPORT_H
#define COMMON_EXPORT_H

#include "common/bus.h"
#include "common/field.h"
#include "common/pg.h"

struct export_source {
    /* $1 context, $2 {export_id, user_id, after}, $3 how many: rows of `item`, a JSON object whose
     * one member says what it is, and of `after`, the place behind it in an order that lasts. All
     * that is behind the payload's `after`, from the beginning without. */
    const struct pg_stmt *load;
    const struct field_table *out; /* of the items: its sealed members leave in plain text */
};

void export_run(void *owner, struct job *job);

#define EXPORT_CONSUMER(service)                                        \
    {                                                                   \
        .name = service ".export", .types = "privacy.export.requested", \
        .function = "bus.export_queue",                                 \
    }
#define EXPORT_JOB(service)                                                                 \
    {                                                                                       \
        .kind = service ".export", .concurrency = 1, .lease_ms = 60000, .max_attempts = 20, \
        .run = export_run,                                                                  \
    }

#endif
