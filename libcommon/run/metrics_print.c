/* The metrics as text: Prometheus's exposition format 0.0.4, and the documentation of a table.
 *
 * A series may be in the parts of several workers. It is printed where it is met first, summed over
 * that part and those after it. Numbers are read while their workers go on counting, so the buckets
 * of a histogram and its sum may be an observation apart.
 *
 * The surprise: a metric without labels is printed as 0 before it is ever counted, so that a rate
 * over its first event is right. One with labels has no series until then. */
#include <inttypes.h>
#include <stdbool.h>

#include "common/str.h"
#include "metrics_store.h"

static const char *const kind_names[] = {
    [METRIC_COUNTER] = "counter",
    [METRIC_GAUGE] = "gauge",
    [METRIC_HISTOGRAM] = "histogram",
};

const struct metric metrics_dropped = {
    METRIC_COUNTER,
    "metrics_series_dropped_total",
    "",
    "Updates lost because there were too many series or their labels were too long",
};

/* --- text ----------------------------------------------------------------------------------- */

/* A value that is not UTF-8 would make the whole page unreadable: what is not ASCII is then '?'. */
static void add_label_value(struct buf *out, struct str value)
{
    bool utf8 = str_is_utf8(value);
    for (size_t i = 0; i < value.n; i++) {
        char c = value.p[i];
        if (c == '\\' || c == '"')
            buf_add(out, (char[]){'\\', c}, 2);
        else if (c == '\n')
            buf_adds(out, "\\n");
        else
            buf_addc(out, utf8 || (unsigned char)c < 0x80 ? c : '?');
    }
}

/* name_suffix{a="x",b="y",le="0.1"}; labels are the values, each with its NUL. */
static void add_name(struct buf *out, const struct metric *m, const char *suffix,
                     const char *labels, const char *le)
{
    buf_adds(out, m->name);
    buf_adds(out, suffix);
    struct str names = str_of(m->labels);
    const char *separator = "{";
    while (names.n) {
        struct str value = str_of(labels);
        buf_adds(out, separator);
        buf_addstr(out, str_cut(&names, ','));
        buf_adds(out, "=\"");
        add_label_value(out, value);
        buf_adds(out, "\"");
        labels += value.n + 1;
        separator = ",";
    }
    if (le)
        buf_addf(out, "%sle=\"%s\"", separator, le);
    if (le || m->labels[0])
        buf_addc(out, '}');
}

static void add_histogram(struct buf *out, const struct metric *m, const char *labels,
                          const uint64_t numbers[METRICS_N_NUMBERS])
{
    uint64_t count = 0;
    for (size_t i = 0; i <= METRICS_N_BUCKETS; i++) {
        count += numbers[i];
        const char *le = i < METRICS_N_BUCKETS ? metrics_buckets[i].seconds : "+Inf";
        add_name(out, m, "_bucket", labels, le);
        buf_addf(out, " %" PRIu64 "\n", count);
    }
    uint64_t us = numbers[METRICS_SUM_US];
    add_name(out, m, "_sum", labels, /* le= */ NULL);
    buf_addf(out, " %" PRIu64 ".%06" PRIu64 "\n", us / 1000000, us % 1000000);
    add_name(out, m, "_count", labels, /* le= */ NULL);
    buf_addf(out, " %" PRIu64 "\n", count);
}

static void add_series(struct buf *out, const struct metric *m, const char *labels,
                       const uint64_t numbers[METRICS_N_NUMBERS])
{
    switch (m->kind) {
    case METRIC_COUNTER:
        add_name(out, m, "", labels, /* le= */ NULL);
        buf_addf(out, " %" PRIu64 "\n", numbers[0]);
        break;
    case METRIC_GAUGE:
        add_name(out, m, "", labels, /* le= */ NULL);
        buf_addf(out, " %" PRId64 "\n", (int64_t)numbers[0]);
        break;
    case METRIC_HISTOGRAM:
        add_histogram(out, m, labels, numbers);
        break;
    }
}

static void add_head(struct buf *out, const struct metric *m)
{
    buf_addf(out, "# HELP %s %s\n", m->name, m->prose);
    buf_addf(out, "# TYPE %s %s\n", m->name, kind_names[m->kind]);
}

/* --- sums ----------------------------------------------------------------------------------- */

static uint32_t series_count(const struct metrics_part *p)
{
    return __atomic_load_n(&p->n_series, __ATOMIC_ACQUIRE);
}

/* The part's series with the row and labels of s, or NULL. */
static const struct metrics_series *find(const struct metrics_part *p,
                                         const struct metrics_series *s, uint32_t hash)
{
    uint32_t n = series_count(p);
    for (uint32_t i = 0; i < n; i++) {
        const struct metrics_series *other = &p->series[i];
        if (p->hash[i] == hash && metrics_is_series(other, s->metric, s->labels, s->labels_size))
            return other;
    }
    return NULL;
}

/* Prints the i-th series of parts[at], unless an earlier part has it too. */
static void print_series(const struct metrics_part *parts, size_t n_parts, size_t at, uint32_t i,
                         struct buf *out)
{
    const struct metrics_series *s = &parts[at].series[i];
    uint32_t hash = parts[at].hash[i];
    for (size_t p = 0; p < at; p++) {
        if (find(&parts[p], s, hash))
            return;
    }
    uint64_t numbers[METRICS_N_NUMBERS] = {0};
    for (size_t p = at; p < n_parts; p++) {
        const struct metrics_series *same = find(&parts[p], s, hash);
        for (size_t k = 0; same && k < METRICS_N_NUMBERS; k++)
            numbers[k] += __atomic_load_n(&same->numbers[k], __ATOMIC_RELAXED);
    }
    add_series(out, s->metric, s->labels, numbers);
}

static void print_metric(const struct metric *m, struct buf *out)
{
    static const uint64_t zeros[METRICS_N_NUMBERS];
    const struct metrics_part *parts;
    size_t n_parts = metrics_parts(&parts);
    bool any = false;
    add_head(out, m);
    for (size_t p = 0; p < n_parts; p++) {
        uint32_t n = series_count(&parts[p]);
        for (uint32_t i = 0; i < n; i++) {
            if (parts[p].series[i].metric != m)
                continue;
            print_series(parts, n_parts, p, i, out);
            any = true;
        }
    }
    if (!any && m->labels[0] == '\0')
        add_series(out, m, "", zeros);
}

static void print_dropped(struct buf *out)
{
    const struct metrics_part *parts;
    size_t n_parts = metrics_parts(&parts);
    uint64_t numbers[METRICS_N_NUMBERS] = {0};
    for (size_t p = 0; p < n_parts; p++)
        numbers[0] += __atomic_load_n(&parts[p].dropped, __ATOMIC_RELAXED);
    add_head(out, &metrics_dropped);
    add_series(out, &metrics_dropped, "", numbers);
}

void metrics_print(const struct metric *const *tables, const size_t *counts, size_t n_tables,
                   struct buf *out)
{
    for (size_t t = 0; t < n_tables; t++) {
        for (size_t i = 0; i < counts[t]; i++)
            print_metric(&tables[t][i], out);
    }
    print_dropped(out);
}

void metrics_describe(const struct metric *rows, size_t n, struct buf *out)
{
    for (size_t i = 0; i < n; i++) {
        const struct metric *m = &rows[i];
        buf_addf(out, "| `%s` | %s | ", m->name, kind_names[m->kind]);
        struct str names = str_of(m->labels);
        for (const char *comma = ""; names.n; comma = ", ") {
            struct str name = str_cut(&names, ',');
            buf_addf(out, "%s`%.*s`", comma, (int)name.n, name.p);
        }
        buf_addf(out, " | %s |\n", m->prose);
    }
}
