/* The numbers of a service. They live in one shared mapping, made before the fork, with a part for
 * each worker: a worker writes its own part only, so that nothing needs a lock or an atomic
 * read-modify-write, and whoever is asked sums the parts. The mapping is the module's until
 * metrics_free(). Only the thread that runs the loop may count.
 *
 * A series is a row of a metrics table with its label values. It is found through a hash table that
 * is private to the process; the series itself is published to the readers by the counter n_series,
 * which is raised when the series is complete. A worker that is started again in the place of a
 * crashed one goes on with its numbers.
 *
 * The surprise: rows are known by their address, which is the same in all workers because they are
 * forks of one process. Before metrics_init() counting does nothing, so that libraries can be used
 * without it. */
#include "common/metrics.h"

#include <assert.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>
#include <sys/mman.h>

#include "metrics_store.h"

const struct metrics_bucket metrics_buckets[METRICS_N_BUCKETS] = {
    {1000, "0.001"}, {5000, "0.005"},  {10000, "0.01"},  {25000, "0.025"},
    {50000, "0.05"}, {100000, "0.1"},  {250000, "0.25"}, {500000, "0.5"},
    {1000000, "1"},  {2500000, "2.5"}, {5000000, "5"},   {10000000, "10"},
};

#define N_SLOTS (2 * METRICS_MAX_SERIES)

static struct metrics_part *parts; /* the mapping */
static unsigned n_parts;
static struct metrics_part *own;
static uint16_t slots[N_SLOTS]; /* of the own part: index of a series + 1, or 0 */

/* For the one writer: the store is atomic, so that readers see whole numbers. */
static void add(uint64_t *number, uint64_t n)
{
    __atomic_store_n(number, *number + n, __ATOMIC_RELAXED);
}

/* --- finding a series ----------------------------------------------------------------------- */

static size_t label_count(const struct metric *m)
{
    size_t n = m->labels[0] ? 1 : 0;
    for (const char *p = m->labels; *p; p++)
        n += *p == ',';
    return n;
}

/* Joins the label values, each with its NUL. Returns the size, SIZE_MAX when there is no room. */
static size_t join(const struct metric *m, va_list values, char ret_labels[METRICS_MAX_LABEL_BYTES])
{
    size_t size = 0;
    for (size_t n = label_count(m); n > 0; n--) {
        const char *value = va_arg(values, const char *);
        size_t value_size = value ? strlen(value) + 1 : 1;
        if (value_size > METRICS_MAX_LABEL_BYTES - size)
            return SIZE_MAX;
        memcpy(ret_labels + size, value ? value : "", value_size);
        size += value_size;
    }
    return size;
}

/* FNV-1a over the row's address and the labels. */
static uint32_t hash_of(const struct metric *m, const char *labels, size_t size)
{
    uint32_t hash = 2166136261U;
    for (uintptr_t bits = (uintptr_t)m; bits; bits >>= 8)
        hash = (hash ^ (uint8_t)bits) * 16777619U;
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (uint8_t)labels[i]) * 16777619U;
    return hash;
}

/* The free slot or the one of the series. There is always a free one: slots outnumber series. */
static uint16_t *slot_of(uint32_t hash, const struct metric *m, const char *labels, size_t size)
{
    uint32_t i = hash % N_SLOTS;
    while (slots[i]) {
        size_t index = slots[i] - 1U;
        if (own->hash[index] == hash && metrics_is_series(&own->series[index], m, labels, size))
            break;
        i = (i + 1) % N_SLOTS;
    }
    return &slots[i];
}

/* The series of this process with these label values, made when it is new. NULL, and counted, when
 * it cannot be. */
static struct metrics_series *series_of(const struct metric *m, va_list values)
{
    if (!own)
        return NULL;
    char labels[METRICS_MAX_LABEL_BYTES];
    size_t size = join(m, values, labels);
    if (size == SIZE_MAX) {
        add(&own->dropped, 1);
        return NULL;
    }
    uint32_t hash = hash_of(m, labels, size);
    uint16_t *slot = slot_of(hash, m, labels, size);
    if (*slot)
        return &own->series[*slot - 1];
    uint32_t n = own->n_series;
    if (n == METRICS_MAX_SERIES) {
        add(&own->dropped, 1);
        return NULL;
    }
    struct metrics_series *s = &own->series[n];
    *s = (struct metrics_series){.metric = m, .labels_size = size};
    memcpy(s->labels, labels, size);
    own->hash[n] = hash;
    __atomic_store_n(&own->n_series, n + 1, __ATOMIC_RELEASE);
    *slot = (uint16_t)(n + 1);
    return s;
}

/* --- counting ------------------------------------------------------------------------------- */

void metric_add(const struct metric *m, uint64_t n, ...)
{
    assert(m->kind == METRIC_COUNTER);
    va_list values;
    va_start(values, n);
    struct metrics_series *s = series_of(m, values);
    va_end(values);
    if (s)
        add(&s->numbers[0], n);
}

void metric_set(const struct metric *m, int64_t value, ...)
{
    assert(m->kind == METRIC_GAUGE);
    va_list values;
    va_start(values, value);
    struct metrics_series *s = series_of(m, values);
    va_end(values);
    if (s)
        __atomic_store_n(&s->numbers[0], (uint64_t)value, __ATOMIC_RELAXED);
}

void metric_observe_us(const struct metric *m, int64_t us, ...)
{
    assert(m->kind == METRIC_HISTOGRAM);
    va_list values;
    va_start(values, us);
    struct metrics_series *s = series_of(m, values);
    va_end(values);
    if (!s)
        return;
    uint64_t took_us = us > 0 ? (uint64_t)us : 0;
    size_t i = 0;
    while (i < METRICS_N_BUCKETS && took_us > metrics_buckets[i].us)
        i++;
    add(&s->numbers[i], 1);
    add(&s->numbers[METRICS_SUM_US], took_us);
}

/* --- the mapping ---------------------------------------------------------------------------- */

enum err metrics_init(unsigned workers)
{
    assert(!parts && workers > 0);
    void *p = mmap(NULL, workers * sizeof *parts, PROT_READ | PROT_WRITE,
                   MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED)
        return ERR_NO_MEMORY;
    parts = p;
    n_parts = workers;
    metrics_worker(0);
    return ERR_OK;
}

void metrics_worker(unsigned worker)
{
    assert(worker < n_parts);
    own = &parts[worker];
    memset(slots, 0, sizeof slots);
    for (uint32_t i = 0; i < own->n_series; i++) {
        struct metrics_series *s = &own->series[i];
        if (s->metric->kind == METRIC_GAUGE) /* what it measured died with the predecessor */
            __atomic_store_n(&s->numbers[0], 0, __ATOMIC_RELAXED);
        *slot_of(own->hash[i], s->metric, s->labels, s->labels_size) = (uint16_t)(i + 1);
    }
}

void metrics_free(void)
{
    if (parts)
        munmap(parts, n_parts * sizeof *parts);
    parts = NULL;
    own = NULL;
    n_parts = 0;
}

size_t metrics_parts(const struct metrics_part **ret_parts)
{
    *ret_parts = parts;
    return n_parts;
}
