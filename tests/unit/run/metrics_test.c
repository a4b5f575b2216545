/* Metrics: what is counted is printed, over several processes, in a form that Prometheus takes. */
#include "torture.h"

#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/metrics.h"

static const struct metric metrics[] = {
    {METRIC_COUNTER, "dishes_served_total", "dish,table", "Dishes that were served"},
    {METRIC_COUNTER, "fires_lit_total", "", "Grills that were lit"},
    {METRIC_GAUGE, "guests", "room", "Guests who are seated"},
    {METRIC_HISTOGRAM, "dish_preparation_seconds", "dish", "From the order to the plate"},
    {METRIC_HISTOGRAM, "wait_seconds", "", "Until there was a seat"},
};
#define SERVED (&metrics[0])
#define LIT (&metrics[1])
#define GUESTS (&metrics[2])
#define PREPARATION (&metrics[3])
#define WAIT (&metrics[4])

static struct buf page;

static int setup(void **state UNUSED)
{
    page = BUF_INIT(1 << 22);
    return metrics_init(2) == ERR_OK ? 0 : -1;
}

static int teardown(void **state UNUSED)
{
    buf_free(&page);
    metrics_free();
    return 0;
}

static void print(void)
{
    static const struct metric *const tables[] = {metrics};
    static const size_t counts[] = {ARRAY_LEN(metrics)};
    buf_clear(&page);
    metrics_print(tables, counts, 1, &page);
    assert_int_equal(buf_err(&page), ERR_OK);
}

static void expect_line(const char *line)
{
    print();
    char whole[512];
    snprintf(whole, sizeof whole, "\n%s\n", line);
    if (!strstr(page.data, whole))
        fail_msg("no line %s in\n%s", line, page.data);
}

static size_t count_of(const char *text)
{
    size_t n = 0;
    for (const char *p = page.data; (p = strstr(p, text)); p++)
        n++;
    return n;
}

static void what_was_never_counted_is_zero(void **state UNUSED)
{
    print();
    assert_string_equal(page.data,
                        "# HELP dishes_served_total Dishes that were served\n"
                        "# TYPE dishes_served_total counter\n"
                        "# HELP fires_lit_total Grills that were lit\n"
                        "# TYPE fires_lit_total counter\n"
                        "fires_lit_total 0\n"
                        "# HELP guests Guests who are seated\n"
                        "# TYPE guests gauge\n"
                        "# HELP dish_preparation_seconds From the order to the plate\n"
                        "# TYPE dish_preparation_seconds histogram\n"
                        "# HELP wait_seconds Until there was a seat\n"
                        "# TYPE wait_seconds histogram\n"
                        "wait_seconds_bucket{le=\"0.001\"} 0\n"
                        "wait_seconds_bucket{le=\"0.005\"} 0\n"
                        "wait_seconds_bucket{le=\"0.01\"} 0\n"
                        "wait_seconds_bucket{le=\"0.025\"} 0\n"
                        "wait_seconds_bucket{le=\"0.05\"} 0\n"
                        "wait_seconds_bucket{le=\"0.1\"} 0\n"
                        "wait_seconds_bucket{le=\"0.25\"} 0\n"
                        "wait_seconds_bucket{le=\"0.5\"} 0\n"
                        "wait_seconds_bucket{le=\"1\"} 0\n"
                        "wait_seconds_bucket{le=\"2.5\"} 0\n"
                        "wait_seconds_bucket{le=\"5\"} 0\n"
                        "wait_seconds_bucket{le=\"10\"} 0\n"
                        "wait_seconds_bucket{le=\"+Inf\"} 0\n"
                        "wait_seconds_sum 0.000000\n"
                        "wait_seconds_count 0\n"
                        "# HELP metrics_series_dropped_total Updates lost because there were too "
                        "many series or their labels were too long\n"
                        "# TYPE metrics_series_dropped_total counter\n"
                        "metrics_series_dropped_total 0\n");
}

static void counts_by_label(void **state UNUSED)
{
    metric_add(SERVED, 2, "sushi", "7");
    metric_add(SERVED, 1, "sushi", "8");
    metric_add(SERVED, 40, "sushi", "7");
    metric_add(SERVED, 1, "sushi7", ""); /* the same letters, parted elsewhere */
    metric_add(SERVED, 1, NULL, NULL);
    metric_add(LIT, UINT64_MAX);
    metric_set(GUESTS, 12, "garden");
    metric_set(GUESTS, -3, "garden");
    expect_line("dishes_served_total{dish=\"sushi\",table=\"7\"} 42");
    expect_line("dishes_served_total{dish=\"sushi\",table=\"8\"} 1");
    expect_line("dishes_served_total{dish=\"sushi7\",table=\"\"} 1");
    expect_line("dishes_served_total{dish=\"\",table=\"\"} 1");
    expect_line("fires_lit_total 18446744073709551615");
    expect_line("guests{room=\"garden\"} -3");
}

static void label_values_are_escaped(void **state UNUSED)
{
    metric_set(GUESTS, 1, "a\"b\\c\nd");
    metric_set(GUESTS, 2, "caf\xc3\xa9");
    metric_set(GUESTS, 3, "\xff\"x\xc3");
    expect_line("guests{room=\"a\\\"b\\\\c\\nd\"} 1");
    expect_line("guests{room=\"caf\xc3\xa9\"} 2");
    expect_line("guests{room=\"?\\\"x?\"} 3");
}

static void histograms_cumulate(void **state UNUSED)
{
    static const int64_t us[] = {-5, 0, 1000, 1001, 100000, 9999999, 10000000, 10000001, 60000000};
    for (size_t i = 0; i < ARRAY_LEN(us); i++)
        metric_observe_us(PREPARATION, us[i], "ramen");
    expect_line("dish_preparation_seconds_bucket{dish=\"ramen\",le=\"0.001\"} 3");
    expect_line("dish_preparation_seconds_bucket{dish=\"ramen\",le=\"0.005\"} 4");
    expect_line("dish_preparation_seconds_bucket{dish=\"ramen\",le=\"0.05\"} 4");
    expect_line("dish_preparation_seconds_bucket{dish=\"ramen\",le=\"0.1\"} 5");
    expect_line("dish_preparation_seconds_bucket{dish=\"ramen\",le=\"5\"} 5");
    expect_line("dish_preparation_seconds_bucket{dish=\"ramen\",le=\"10\"} 7");
    expect_line("dish_preparation_seconds_bucket{dish=\"ramen\",le=\"+Inf\"} 9");
    expect_line("dish_preparation_seconds_sum{dish=\"ramen\"} 90.102001");
    expect_line("dish_preparation_seconds_count{dish=\"ramen\"} 9");
}

static void no_client_can_grow_the_process(void **state UNUSED)
{
    char name[16];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < METRICS_MAX_SERIES + 10; i++) {
            snprintf(name, sizeof name, "%d", i);
            metric_set(GUESTS, i, name);
        }
    }
    expect_line("guests{room=\"0\"} 0");
    expect_line("guests{room=\"1023\"} 1023");
    expect_line("metrics_series_dropped_total 20");
    assert_int_equal(count_of("\nguests{"), METRICS_MAX_SERIES);
    metric_add(LIT, 1); /* no room for this one either */
    expect_line("fires_lit_total 0");
    expect_line("metrics_series_dropped_total 21");
}

static void labels_have_their_limit(void **state UNUSED)
{
    char fits[METRICS_MAX_LABEL_BYTES], longer[METRICS_MAX_LABEL_BYTES + 1];
    memset(fits, 'a', sizeof fits);
    memset(longer, 'a', sizeof longer);
    fits[sizeof fits - 1] = longer[sizeof longer - 1] = '\0';
    metric_set(GUESTS, 1, fits);
    metric_set(GUESTS, 2, longer);
    metric_add(SERVED, 1, fits, "");
    metric_add(SERVED, 1, "", fits);
    print();
    assert_int_equal(count_of("\nguests{"), 1);
    assert_int_equal(count_of("\ndishes_served_total{"), 0);
    expect_line("metrics_series_dropped_total 3");
}

static void in_a_child(void (*fn)(void))
{
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        fn();
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void count_in_worker_1(void)
{
    metrics_worker(1);
    metric_add(SERVED, 10, "udon", "1");
    metric_add(SERVED, 5, "sushi", "7");
    metric_set(GUESTS, 6, "garden");
    metric_observe_us(PREPARATION, 2000000, "ramen");
    char longer[200] = {0};
    memset(longer, 'a', sizeof longer - 1);
    metric_set(GUESTS, 1, longer);
}

static void workers_are_summed(void **state UNUSED)
{
    metric_add(SERVED, 1, "sushi", "7");
    metric_set(GUESTS, 4, "garden");
    metric_observe_us(PREPARATION, 1000000, "ramen");
    in_a_child(count_in_worker_1);
    expect_line("dishes_served_total{dish=\"sushi\",table=\"7\"} 6");
    expect_line("dishes_served_total{dish=\"udon\",table=\"1\"} 10");
    expect_line("guests{room=\"garden\"} 10");
    expect_line("dish_preparation_seconds_bucket{dish=\"ramen\",le=\"1\"} 1");
    expect_line("dish_preparation_seconds_bucket{dish=\"ramen\",le=\"2.5\"} 2");
    expect_line("dish_preparation_seconds_sum{dish=\"ramen\"} 3.000000");
    expect_line("metrics_series_dropped_total 1");
    assert_int_equal(count_of("\ndishes_served_total{"), 2); /* each once */
    assert_int_equal(count_of("\nguests{"), 1);
}

/* Its counters go on, its gauges died with it. */
static void a_worker_that_is_started_again_goes_on(void **state UNUSED)
{
    in_a_child(count_in_worker_1);
    in_a_child(count_in_worker_1);
    expect_line("dishes_served_total{dish=\"udon\",table=\"1\"} 20");
    expect_line("guests{room=\"garden\"} 6");
    metrics_worker(1);
    expect_line("dishes_served_total{dish=\"udon\",table=\"1\"} 20");
    expect_line("guests{room=\"garden\"} 0");
    assert_int_equal(count_of("\ndishes_served_total{"), 2);
}

static void counting_without_a_mapping_does_nothing(void **state UNUSED)
{
    metrics_free();
    metric_add(LIT, 1);
    metric_set(GUESTS, 1, "garden");
    metric_observe_us(WAIT, 1);
    expect_line("fires_lit_total 0");
    metrics_free();
    assert_int_equal(metrics_init(1), ERR_OK);
    expect_line("fires_lit_total 0");
}

static void the_impossible_is_refused(void **state UNUSED)
{
    metrics_free();
    assert_int_equal(metrics_init(UINT32_MAX), ERR_NO_MEMORY);
    assert_int_equal(metrics_init(1), ERR_OK);
}

static void describes_a_table(void **state UNUSED)
{
    metrics_describe(metrics, 3, &page);
    assert_string_equal(
        page.data,
        "| `dishes_served_total` | counter | `dish`, `table` | Dishes that were served |\n"
        "| `fires_lit_total` | counter |  | Grills that were lit |\n"
        "| `guests` | gauge | `room` | Guests who are seated |\n");
}

/* promtool comes with Debian's package prometheus; without it this fails. */
static void promtool_finds_nothing(void **state UNUSED)
{
    metric_add(SERVED, 2, "su\"shi\\", "7\n");
    metric_add(LIT, 1);
    metric_set(GUESTS, -1, "\xff");
    metric_observe_us(PREPARATION, 123456, "ramen");
    metric_observe_us(WAIT, 99999999);
    print();

    FILE *input = tmpfile();
    assert_non_null(input);
    assert_int_equal(fwrite(page.data, 1, page.len, input), page.len);
    rewind(input);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        dup2(fileno(input), STDIN_FILENO);
        execlp("promtool", "promtool", "check", "metrics", (char *)NULL);
        _exit(127);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    fclose(input);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_was_never_counted_is_zero),
        TEST(counts_by_label),
        TEST(label_values_are_escaped),
        TEST(histograms_cumulate),
        TEST(no_client_can_grow_the_process),
        TEST(labels_have_their_limit),
        TEST(workers_are_summed),
        TEST(a_worker_that_is_started_again_goes_on),
        TEST(counting_without_a_mapping_does_nothing),
        TEST(the_impossible_is_refused),
        TEST(describes_a_table),
        TEST(promtool_finds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
