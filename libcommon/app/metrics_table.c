/* The metrics that every service has. The order is that of the enum in app.h. */
#include "app.h"

const struct metric app_metrics[] = {
    [M_REQUESTS] = {METRIC_COUNTER, "http_requests_total", "route,status", "Requests answered"},
    [M_DURATION] = {METRIC_HISTOGRAM, "http_request_duration_seconds", "route",
                    "From the complete request to the reply"},
    [M_IN_FLIGHT] = {METRIC_GAUGE, "http_requests_in_flight", "", "Requests in work"},
    [M_CONNECTIONS] = {METRIC_GAUGE, "http_connections", "", "Client connections"},
    [M_REFUSED] = {METRIC_COUNTER, "http_requests_refused_total", "code",
                   "Requests refused before they had a route"},
    [M_DROPPED_RESULTS] = {METRIC_COUNTER, "results_dropped_total", "",
                           "Results that came when their request was gone"},
    [M_RATE_LIMITED] = {METRIC_COUNTER, "rate_limited_total", "tier", "Requests refused with 429"},
    [M_RATE_LOCAL] = {METRIC_COUNTER, "rate_limit_local_total", "",
                      "Rate decisions taken without Redis"},
    [M_LONGEST_TURN] = {METRIC_HISTOGRAM, "loop_longest_turn_seconds", "",
                        "Longest single callback between two looks at the metrics"},
    [M_PG_BUSY] = {METRIC_GAUGE, "postgres_statements_busy", "",
                   "Statements in flight or waiting for a connection"},
    [M_LOG_DROPPED] = {METRIC_GAUGE, "log_lines_dropped", "",
                       "Log lines that could not be written"},
    [M_MEMORY] = {METRIC_GAUGE, "memory_in_use_bytes", "",
                  "Memory that was allocated and not freed"},
    [M_HEALTH] = {METRIC_COUNTER, "health_check_total", "endpoint,status", "Health checks"},
    [M_HEALTH_DURATION] = {METRIC_HISTOGRAM, "health_check_duration_seconds", "endpoint,check_type",
                           "Time of a health check"},
    [M_SERVICE_HEALTH] = {METRIC_GAUGE, "service_health_status", "service",
                          "1 healthy, 0 not, of what this service depends on"},
    [M_RESTARTS] = {METRIC_COUNTER, "worker_restarts_total", "",
                    "Workers that had to be restarted"},
    [M_STEP_FAILURES] = {METRIC_COUNTER, "job_failures_total", "kind", "Jobs that failed"},
    [M_RESEALED] =
        {METRIC_COUNTER, "resealed_total", "outcome",
         "Texts of older keys: sealed with the newest, or unreadable: their key is gone"},
    [M_MONTHS_AHEAD] =
        {METRIC_GAUGE, "log_months_ahead", "",
         "Months to come that have their partitions; below 1 is an alarm: upkeep fails"},
    [M_MAILS] = {METRIC_COUNTER, "mails_total", "mail,outcome", "Mails by kind and outcome"},
};
const size_t app_n_metrics = ARRAY_LEN(app_metrics);
