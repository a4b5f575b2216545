/* The shared memory of the metrics, for the two files that count and print. Private to run/. */
#ifndef RUN_METRICS_STORE_H
#define RUN_METRICS_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "common/metrics.h"

/* Upper bounds of the histograms' buckets, ascending. */
#define METRICS_N_BUCKETS 12
struct metrics_bucket {
    uint64_t us;
    const char *seconds;
};
extern const struct metrics_bucket metrics_buckets[METRICS_N_BUCKETS];

/* Of a counter or gauge only the first number is used. A histogram has the observations of each
 * bucket by itself, then those above all of them, then the sum. */
#define METRICS_SUM_US (METRICS_N_BUCKETS + 1)
#define METRICS_N_NUMBERS (METRICS_N_BUCKETS + 2)

struct metrics_series {
    const struct metric *metric;
    size_t labels_size;
    char labels[METRICS_MAX_LABEL_BYTES]; /* the values, each with its NUL */
    uint64_t numbers[METRICS_N_NUMBERS];  /* read and written atomically */
};

static inline bool metrics_is_series(const struct metrics_series *s, const struct metric *m,
                                     const char *labels, size_t labels_size)
{
    return s->metric == m && s->labels_size == labels_size &&
           memcmp(s->labels, labels, labels_size) == 0;
}

/* One worker's numbers: written by it alone, read by all. */
struct metrics_part {
    uint32_t n_series;                 /* complete ones; atomic */
    uint64_t dropped;                  /* atomic */
    uint32_t hash[METRICS_MAX_SERIES]; /* of each series, side by side: searching is a scan */
    struct metrics_series series[METRICS_MAX_SERIES];
};

/* The parts of all workers; 0 before metrics_init(). */
size_t metrics_parts(const struct metrics_part **ret_parts);

#endif
