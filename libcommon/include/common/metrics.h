/* Counters, gauges and histograms, printed in the Prometheus text format 0.0.4.
 *
 * The rows of a .def table name the metrics; a metric with labels has one series for each
 * combination of label values seen, at most METRICS_MAX_SERIES in all (further ones are counted in
 * metrics_series_dropped_total, so that no client can grow the process). The numbers of all workers
 * of a service live in one shared mapping made before the fork: whoever is asked prints them all.
 */
#ifndef COMMON_METRICS_H
#define COMMON_METRICS_H

#include <stddef.h>
#include <stdint.h>

#include "common/buf.h"
#include "common/compiler.h"
#include "common/err.h"

enum metric_kind { METRIC_COUNTER, METRIC_GAUGE, METRIC_HISTOGRAM };

struct metric {
    enum metric_kind kind;
    const char *name;   /* with unit and suffix: http_request_duration_seconds */
    const char *labels; /* "route,status" or "" */
    const char *prose;
};

#define METRICS_MAX_SERIES 1024
#define METRICS_MAX_LABEL_BYTES 120 /* label values of one series, joined */

/* Maps the shared memory for `workers` processes. Call once, before the fork. */
MUSTCHECK enum err metrics_init(unsigned workers);
/* Chooses this process's part of the mapping: 0 <= worker < workers. */
void metrics_worker(unsigned worker);
void metrics_free(void);

/* The label values follow in the row's order, as many as the row has labels. */
void metric_add(const struct metric *m, uint64_t n, ...);
void metric_set(const struct metric *m, int64_t value, ...);
/* Histograms measure time: microseconds in, seconds in the print. */
void metric_observe_us(const struct metric *m, int64_t us, ...);

/* Prints the rows of the tables with the numbers of all workers: sums of counters, histograms and
 * gauges. Histogram buckets are those of the table in metrics.c. */
void metrics_print(const struct metric *const *tables, const size_t *counts, size_t n_tables,
                   struct buf *out);
extern const struct metric metrics_dropped; /* printed after the tables' */
/* Documentation of a table as Markdown rows (--metrics). */
void metrics_describe(const struct metric *rows, size_t n, struct buf *out);

#endif
