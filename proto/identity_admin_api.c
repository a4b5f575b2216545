/* What the routes for operators take and give. PostgreSQL builds the replies; the rows here
 * describe them. */
#include "identity_admin_api.h"

#define REQ FIELD_REQUIRED
#define NIL (FIELD_REQUIRED | FIELD_NULLABLE)
#define PASSED_ON .offset = FIELD_NOWHERE
#define TABLE(symbol, schema, fields) \
    const struct field_table symbol = {.name = (schema), .rows = (fields), .n = ARRAY_LEN(fields)}
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
const struct field_table rate_limit_in = {.name = "RateLimitSet",
                                          .rows = rate_limit_in_fields,
                                          .n = ARRAY_LEN(rate_limit_in_fields),
                                          .bytes = sizeof(struct rate_limit_in)};

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
