/* What the routes for operators take and give. PostgreSQL builds the replies; the rows here
 * describe them. */
#include "identity_admin_api.h"

#define REQ FIELD_REQUIRED
#define NIL (FIELD_REQUIRED | FIELD_NULLABLE)
#define PASSED_ON .offset = FIELD_NOWHERE
#define TABLE(symbol, schema, fields) \
    const struct field_table symbol = {.name = (schema), .rows = (fields), .n = ARRAY_LEN(fields)}
#define TABLE_IN(symbol, schema, fields)                       \
    const struct field_table symbol = {.name = (schema),       \
                                       .rows = (fields),       \
                                       .n = ARRAY_LEN(fields), \
                                       .bytes = sizeof(struct symbol)}
#define OUT(n, t, f, text) \
    .name = (n), .type = (t), .flags = (f), .offset = FIELD_NOWHERE, .prose = (text)

#define MAX_RATE 1000000
#define MAX_PER_HOUR (60 * MAX_RATE)

/* clang-format 14 cannot lay out rows of unequal length. */
/* clang-format off */

/* --- rate limits ------------------------------------------------------------------------------ */

static const struct field rate_limit_in_fields[] = {
    {.name = "per_minute", .type = FIELD_INT, .flags = REQ, .min = 1, .max = MAX_RATE, PASSED_ON,
     .prose = "Requests a minute that come back", .example = "30"},
    {.name = "burst", .type = FIELD_INT, .flags = REQ, .min = 1, .max = MAX_RATE,
     .offset = FIELD_AT(struct rate_limit_in, burst, int64_t),
     .prose = "Requests at once after a pause", .example = "60"},
    {.name = "per_hour", .type = FIELD_INT, .min = 1, .max = MAX_PER_HOUR,
     .offset = FIELD_AT(struct rate_limit_in, per_hour, int64_t),
     .prose = "Requests in one hour, not below burst; 60 times per_minute when not given"},
    {.name = "reason", .type = FIELD_STR, .flags = REQ, .min = 10, .max = 500,
     .offset = FIELD_AT(struct rate_limit_in, reason, const char *),
     .prose = "Why, for the audit log"},
};
TABLE_IN(rate_limit_in, "RateLimitSet", rate_limit_in_fields);

static const struct field rate_limit_query_fields[] = {
    {.name = "service", .type = FIELD_STR, .pattern = "slug", .min = 1, .max = 40, PASSED_ON,
     .prose = "Of one service"},
    {.name = "overridden", .type = FIELD_BOOL, PASSED_ON,
     .prose = "true: only those with a limit of their own; false: only those without"},
};
TABLE(rate_limit_query, "RateLimitQuery", rate_limit_query_fields);

static const struct field rate_limit_fields[] = {
    {OUT("operation", FIELD_STR, REQ, "operationId in the API reference")},
    {OUT("services", FIELD_LIST, REQ, "Who has it; none: it is gone, only the limit was left"),
     .item = FIELD_STR},
    {OUT("method", FIELD_STR, NIL, "Its method")},
    {OUT("path", FIELD_STR, NIL, "Its path")},
    {OUT("tier", FIELD_STR, NIL, "What holds without a limit of its own")},
    {OUT("per_minute", FIELD_INT, NIL, "Its own limit: a minute; null without one")},
    {OUT("burst", FIELD_INT, NIL, "At once")},
    {OUT("per_hour", FIELD_INT, NIL, "An hour")},
    {OUT("reason", FIELD_STR, NIL, "Why")},
    {OUT("changed_by", FIELD_UUID, NIL, "Who set it")},
    {OUT("changed_at", FIELD_TIMESTAMP, NIL, "When")},
    {OUT("version", FIELD_INT, REQ, "The entity tag; 0 without a limit of its own")},
};
TABLE(rate_limit_out, "RateLimit", rate_limit_fields);

/* --- how they go ------------------------------------------------------------------------------ */

static const struct field rate_status_query_fields[] = {
    {.name = "minutes", .type = FIELD_INT, .min = 1, .max = 1440, PASSED_ON,
     .prose = "How far back to count; 60 when not given"},
};
TABLE(rate_status_query, "RateLimitStatusQuery", rate_status_query_fields);

#define RATE_OUT(text)                                                                             \
    {OUT("per_minute", FIELD_INT, REQ, text)},                                                     \
    {OUT("burst", FIELD_INT, REQ, "At once")},                                                     \
    {OUT("per_hour", FIELD_INT, REQ, "An hour")}
#define COUNTS_OUT                                                                                 \
    {OUT("allowed", FIELD_INT, REQ, "Requests that passed")},                                      \
    {OUT("refused", FIELD_INT, REQ, "Requests that got 429")},                                     \
    {OUT("local", FIELD_INT, REQ, "Of both, decided without Redis")}
#define MODES "redis|mixed|local|off|gone"
#define MODE_PROSE                                                                                 \
    "Who counts: Redis for all processes, some or all of them alone, nobody because limits are "  \
    "switched off, or there is no process"

static const struct field rate_tier_fields[] = {
    {OUT("tier", FIELD_STR, REQ, "public, user, admin, ai, auth")},
    RATE_OUT("What holds: a minute"),
    COUNTS_OUT,
};
static TABLE(rate_tier_out, "RateLimitTier", rate_tier_fields);

static const struct field rate_service_fields[] = {
    {OUT("service", FIELD_STR, REQ, "Its name")},
    {OUT("mode", FIELD_ENUM, REQ, MODE_PROSE), .choices = MODES},
    {OUT("processes", FIELD_INT, REQ, "How many were heard of in the last three minutes")},
    {OUT("tiers", FIELD_LIST, REQ, "Its tiers"), .sub = &rate_tier_out},
};
static TABLE(rate_service_out, "RateLimitService", rate_service_fields);

static const struct field rate_override_fields[] = {
    {OUT("operation", FIELD_STR, REQ, "operationId in the API reference")},
    RATE_OUT("Its own limit: a minute"),
    COUNTS_OUT,
};
static TABLE(rate_override_out, "RateLimitOverride", rate_override_fields);

static const struct field rate_refused_fields[] = {
    {OUT("service", FIELD_STR, REQ, "Where")},
    {OUT("bucket", FIELD_STR, REQ, "The tier or operation")},
    {OUT("caller", FIELD_STR, REQ, "The end of an account's id, or the network of an address"),
     .example = "\"ip 203.0.113.0\""},
    {OUT("refused", FIELD_INT, REQ, "How often, at least")},
};
static TABLE(rate_refused_out, "RateLimitRefused", rate_refused_fields);

static const struct field rate_status_fields[] = {
    {OUT("at", FIELD_TIMESTAMP, REQ, "Now; services tell every few seconds")},
    {OUT("minutes", FIELD_INT, REQ, "How far back it counts")},
    {OUT("mode", FIELD_ENUM, REQ, MODE_PROSE), .choices = MODES},
    {OUT("services", FIELD_LIST, REQ, "All that ever ran"), .sub = &rate_service_out},
    {OUT("overrides", FIELD_LIST, REQ, "Operations with a limit of their own"),
     .sub = &rate_override_out},
    {OUT("most_refused", FIELD_LIST, REQ, "20 at most, in the whole hours that the minutes touch"),
     .sub = &rate_refused_out},
};
TABLE(rate_status_out, "RateLimitStatus", rate_status_fields);

/* --- jobs ------------------------------------------------------------------------------------- */

#define STATES "queued|running|parked"
#define REASON(S, f)                                                                               \
    {.name = "reason", .type = FIELD_STR, .flags = (f), .min = 10, .max = 500,                     \
     .offset = FIELD_AT(struct S, reason, const char *), .prose = "Why, for the audit log"}

static const struct field task_query_fields[] = {
    {.name = "state", .type = FIELD_ENUM, .choices = STATES, PASSED_ON,
     .prose = "parked: the dead letters, which failed each time"},
};
TABLE(task_query, "TaskQuery", task_query_fields);

static const struct field task_retry_fields[] = {REASON(task_retry_in, 0)};
TABLE_IN(task_retry_in, "TaskRetry", task_retry_fields);

static const struct field task_cancel_fields[] = {REASON(task_cancel_in, REQ)};
TABLE_IN(task_cancel_in, "TaskCancel", task_cancel_fields);

#define TASK_OUT                                                                                   \
    {OUT("id", FIELD_INT, REQ, "The job")},                                                        \
    {OUT("kind", FIELD_STR, REQ, "What it does; its service comes first")},                        \
    {OUT("state", FIELD_ENUM, REQ, "parked: it failed each time; one that is done is gone"),       \
     .choices = STATES},                                                                           \
    {OUT("due_at", FIELD_TIMESTAMP, REQ, "queued: when it runs; running: when its lease ends")},   \
    {OUT("attempts", FIELD_INT, REQ, "Tries so far")},                                             \
    {OUT("last_error", FIELD_STR, NIL, "Why the last one failed, masked")},                        \
    {OUT("created_at", FIELD_TIMESTAMP, REQ, "Since when")},                                       \
    {OUT("request_id", FIELD_STR, NIL, "Which request queued it")}

static const struct field task_fields[] = {TASK_OUT};
TABLE(task_out, "Task", task_fields);

static const struct field task_detail_fields[] = {
    TASK_OUT,
    {OUT("payload", FIELD_ANY, REQ, "What it got: ids, times and our own words; the rest is ***")},
    {OUT("worker", FIELD_STR, NIL, "The process that took it last")},
};
TABLE(task_detail_out, "TaskDetail", task_detail_fields);

static const struct field task_queue_fields[] = {
    {OUT("kind", FIELD_STR, REQ, "Kind of job")},
    {OUT("state", FIELD_ENUM, REQ, "State"), .choices = STATES},
    {OUT("n", FIELD_INT, REQ, "How many")},
    {OUT("oldest_due_at", FIELD_TIMESTAMP, REQ, "The one that waits longest")},
};
static TABLE(task_queue_out, "TaskQueue", task_queue_fields);

static const struct field event_consumer_fields[] = {
    {OUT("name", FIELD_STR, REQ, "Who reads events; its service comes first")},
    {OUT("moved_at", FIELD_TIMESTAMP, NIL, "When it last read one")},
    {OUT("behind", FIELD_INT, REQ, "Events before it; 1,000 is 1,000 or more")},
    {OUT("parked", FIELD_INT, REQ, "Events that it refused")},
};
static TABLE(event_consumer_out, "EventConsumer", event_consumer_fields);

static const struct field task_status_fields[] = {
    {OUT("jobs", FIELD_LIST, REQ, "What waits, by kind and state"), .sub = &task_queue_out},
    {OUT("consumers", FIELD_LIST, REQ, "Who reads the event log"), .sub = &event_consumer_out},
};
TABLE(task_status_out, "TaskStatus", task_status_fields);

/* --- parked events ---------------------------------------------------------------------------- */

static const struct field event_retry_fields[] = {
    {.name = "consumer", .type = FIELD_STR, .flags = REQ, .max = 80,
     .offset = FIELD_AT(struct event_retry_in, consumer, const char *),
     .prose = "Who refused it", .example = "\"booking.cache\""},
};
TABLE_IN(event_retry_in, "EventRetry", event_retry_fields);

static const struct field event_parked_fields[] = {
    {OUT("consumer", FIELD_STR, REQ, "Who refused it")},
    {OUT("event_id", FIELD_UUID, REQ, "The event")},
    {OUT("type", FIELD_STR, REQ, "What happened")},
    {OUT("subject", FIELD_STR, REQ, "To what")},
    {OUT("why", FIELD_STR, REQ, "Why, masked")},
    {OUT("parked_at", FIELD_TIMESTAMP, REQ, "When")},
    {OUT("retry", FIELD_BOOL, REQ, "Does the consumer get it once more?")},
};
static TABLE(event_parked_out, "ParkedEvent", event_parked_fields);

static const struct field event_parked_list_fields[] = {
    {OUT("items", FIELD_LIST, REQ, "Newest first, 500 at most"), .sub = &event_parked_out},
};
TABLE(event_parked_list_out, "ParkedEventList", event_parked_list_fields);
