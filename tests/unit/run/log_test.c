/* The form of a line, and where lines go. */
#include "log_file.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* --- the form of a line --------------------------------------------------------------------- */

static void a_line_says_when_what_and_who(void **state UNUSED)
{
    log_event(LOG_WARN, "grill.hot", LOG_I("degrees", -40), LOG_B("lit", true), LOG_B("wet", false),
              LOG_S("name", "teppan"), LOG_S("none", NULL));
    char expected[256];
    snprintf(expected, sizeof expected,
             "\",\"level\":\"warn\",\"event\":\"grill.hot\",\"service\":\"kitchen\",\"pid\":%d,"
             "\"degrees\":-40,\"lit\":true,\"wet\":false,\"name\":\"teppan\",\"none\":null}\n",
             getpid());
    read_log(path);
    assert_memory_equal(content, "{\"ts\":\"20", 9);
    size_t ts = strlen("{\"ts\":\"2026-03-01T18:00:00.123456Z");
    assert_int_equal(content[ts - 1], 'Z');
    assert_string_equal(content + ts, expected);
}

static void an_event_needs_no_fields(void **state UNUSED)
{
    log_event(LOG_INFO, "quiet");
    assert_string_equal(only_line(), "}");
}

static void low_levels_are_left_out(void **state UNUSED)
{
    log_event(LOG_DEBUG, "unseen");
    read_log(path);
    assert_string_equal(content, "");
    assert_int_equal(log_open("kitchen", path, LOG_ERROR), ERR_OK);
    log_event(LOG_WARN, "unseen");
    log_event(LOG_ERROR, "seen");
    only_line();
    assert_non_null(strstr(content, "\"level\":\"error\",\"event\":\"seen\""));
}

static void *log_elsewhere(void *arg UNUSED)
{
    log_event(LOG_INFO, "elsewhere");
    return NULL;
}

static void the_context_is_of_the_thread(void **state UNUSED)
{
    log_context("0af7651916cd43dd8448eb211c80319c", "create_price");
    log_event(LOG_INFO, "here", LOG_I("n", 1));
    assert_string_equal(only_line(), ",\"request_id\":\"0af7651916cd43dd8448eb211c80319c\","
                                     "\"step\":\"create_price\",\"n\":1}");
    forget();
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, log_elsewhere, NULL), 0);
    pthread_join(thread, NULL);
    assert_string_equal(only_line(), "}");
    forget();
    log_context(NULL, NULL);
    log_event(LOG_INFO, "after");
    assert_string_equal(only_line(), "}");
}

/* --- where lines go ------------------------------------------------------------------------- */

static void opens_again_after_rotation(void **state UNUSED)
{
    char old[128];
    snprintf(old, sizeof old, "%s/log.1", dir);
    assert_int_equal(rename(path, old), 0);
    log_event(LOG_INFO, "first");
    assert_int_equal(log_reopen(), ERR_OK);
    log_event(LOG_INFO, "second");
    only_line();
    assert_non_null(strstr(content, "\"second\""));
    read_log(old);
    assert_non_null(strstr(content, "\"first\""));
    unlink(old);
}

static void keeps_the_old_file_when_there_is_no_new_one(void **state UNUSED)
{
    char moved[96];
    snprintf(moved, sizeof moved, "%s.moved", dir);
    assert_int_equal(rename(dir, moved), 0);
    assert_int_equal(log_reopen(), ERR_UNAVAILABLE);
    assert_int_equal(log_open("other", path, LOG_DEBUG), ERR_UNAVAILABLE);
    log_event(LOG_INFO, "still");
    assert_int_equal(rename(moved, dir), 0);
    only_line();
    assert_non_null(strstr(content, "\"event\":\"still\",\"service\":\"kitchen\""));
}

static void does_not_wait_for_a_reader(void **state UNUSED)
{
    char fifo[128];
    snprintf(fifo, sizeof fifo, "%s/fifo", dir);
    assert_int_equal(mkfifo(fifo, 0600), 0);
    assert_int_equal(log_open("kitchen", fifo, LOG_INFO), ERR_UNAVAILABLE);
    unlink(fifo);
}

static void a_full_disk_drops_lines(void **state UNUSED)
{
    assert_int_equal(log_open("kitchen", "/dev/full", LOG_INFO), ERR_OK);
    uint64_t before = log_dropped();
    log_event(LOG_INFO, "lost");
    assert_int_equal(log_dropped(), before + 1);
}

/* The disk is full in the middle of a line: only that one is broken. */
static void half_a_line_spoils_no_other(void **state UNUSED)
{
    struct rlimit unlimited, limit;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &unlimited), 0);
    limit = (struct rlimit){.rlim_cur = 50, .rlim_max = unlimited.rlim_max};
    uint64_t before = log_dropped();
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
    log_event(LOG_INFO, "half");
    log_event(LOG_INFO, "lost");
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &unlimited), 0);
    log_event(LOG_INFO, "whole");
    read_log(path);
    assert_int_equal(content[50], '\n');
    assert_int_equal(content[51], '{');
    assert_non_null(strstr(content + 51, "\"whole\""));
    assert_int_equal(log_dropped(), before + 2);
}

/* Puts fd in the place of standard error; returns the real one. */
static int replace_stderr(int fd)
{
    int real = dup(STDERR_FILENO);
    assert_true(real >= 0);
    assert_int_equal(dup2(fd, STDERR_FILENO), STDERR_FILENO);
    return real;
}

static void restore_stderr(int real)
{
    dup2(real, STDERR_FILENO);
    close(real);
}

/* Logs to standard error until a line is dropped; everything that was taken must be whole. */
static void fill(int reader, bool open_first)
{
    uint64_t before = log_dropped();
    int lines = 0;
    if (open_first)
        assert_int_equal(log_open("kitchen", NULL, LOG_INFO), ERR_OK);
    for (; log_dropped() == before && lines < 100000; lines++)
        log_event(LOG_INFO, "fill", LOG_S("v", "some text to fill the pipe with"));
    bool flags_kept = (fcntl(STDERR_FILENO, F_GETFL) & O_NONBLOCK) == 0;

    assert_int_equal(fcntl(reader, F_SETFL, O_NONBLOCK), 0);
    int whole = 0;
    size_t in_line = 0;
    ssize_t n;
    while ((n = read(reader, content, sizeof content)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            whole += content[i] == '\n';
            in_line = content[i] == '\n' ? 0 : in_line + 1;
        }
    }
    log_event(LOG_INFO, "room.again");
    bool again = read(reader, content, sizeof content) > 0;
    log_close();
    assert_true(flags_kept); /* others write to that pipe too */
    assert_int_equal(whole, lines - 1);
    assert_int_equal(in_line, 0);
    assert_true(again);
}

static void a_full_pipe_drops_lines(void **state UNUSED)
{
    static const bool open_first[] = {true, false};
    for (size_t i = 0; i < ARRAY_LEN(open_first); i++) {
        int fds[2];
        log_close();
        assert_int_equal(pipe(fds), 0);
        int real = replace_stderr(fds[1]);
        close(fds[1]);
        fill(fds[0], open_first[i]);
        restore_stderr(real);
        close(fds[0]);
    }
}

static void a_full_socket_drops_lines(void **state UNUSED)
{
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    int real = replace_stderr(fds[1]);
    close(fds[1]);
    fill(fds[0], /* open_first= */ true);
    restore_stderr(real);
    close(fds[0]);
}

static void a_reader_that_is_gone_is_no_harm(void **state UNUSED)
{
    static const bool open_first[] = {true, false};
    signal(SIGPIPE, SIG_IGN);
    for (size_t i = 0; i < ARRAY_LEN(open_first); i++) {
        int fds[2];
        log_close();
        assert_int_equal(pipe(fds), 0);
        int real = replace_stderr(fds[1]);
        close(fds[1]);
        if (open_first[i])
            assert_int_equal(log_open("kitchen", "-", LOG_INFO), ERR_OK);
        close(fds[0]);
        uint64_t before = log_dropped();
        log_event(LOG_INFO, "lost");
        log_close();
        restore_stderr(real);
        assert_int_equal(log_dropped(), before + 1);
    }
}

static void standard_error_may_be_a_file(void **state UNUSED)
{
    int fd = open(path, O_WRONLY);
    assert_true(fd >= 0);
    int real = replace_stderr(fd);
    log_close();
    log_event(LOG_INFO, "before.open");
    enum err e = log_open("kitchen", "-", LOG_INFO);
    log_event(LOG_INFO, "after.open");
    ssize_t n = write(STDERR_FILENO, "others\n", 7); /* after ours, not over it */
    e = e == ERR_OK ? log_reopen() : e;
    log_event(LOG_INFO, "after.reopen");
    restore_stderr(real);
    close(fd);
    assert_int_equal(e, ERR_OK);
    assert_int_equal(n, 7);
    read_log(path);
    const char *first = strstr(content, "\"event\":\"before.open\",\"service\":\"-\"");
    const char *second = strstr(content, "\"event\":\"after.open\",\"service\":\"kitchen\"");
    const char *third = strstr(content, "others\n");
    const char *fourth = strstr(content, "\"after.reopen\"");
    assert_true(first && first < second && second < third && third < fourth);
}

static void no_standard_error_is_said(void **state UNUSED)
{
    int real = dup(STDERR_FILENO);
    close(STDERR_FILENO);
    enum err e = log_open("kitchen", "-", LOG_INFO);
    restore_stderr(real);
    assert_int_equal(e, ERR_UNAVAILABLE);
}

static void *log_many(void *arg)
{
    for (int i = 0; i < 500; i++)
        log_event(LOG_INFO, "many", LOG_S("letter", arg), LOG_I("i", i));
    return NULL;
}

static void threads_do_not_mix_lines(void **state UNUSED)
{
    pthread_t threads[4];
    char letters[4][2] = {"a", "b", "c", "d"};
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, log_many, letters[i]), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    read_log(path);
    int lines = 0;
    for (char *line = content, *end; *line; line = end + 1, lines++) {
        end = strchr(line, '\n');
        assert_non_null(end);
        assert_memory_equal(line, "{\"ts\":\"", 7);
        assert_int_equal(end[-1], '}');
        assert_null(memmem(line + 1, (size_t)(end - line) - 1, "{", 1));
    }
    assert_int_equal(lines, 2000);
}

static bool scenario(void *arg UNUSED)
{
    enum err e = log_open("tortured", path, LOG_INFO);
    assert_true(e == ERR_OK || e == ERR_NO_MEMORY);
    log_event(LOG_INFO, "logging.needs.no.memory", LOG_S("v", "a@example.com"));
    return log_reopen() == ERR_OK && e == ERR_OK;
}

static void survives_torture(void **state UNUSED)
{
    uint64_t before = log_dropped();
    torture(scenario, NULL);
    assert_int_equal(log_dropped(), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_line_says_when_what_and_who), TEST(an_event_needs_no_fields),
        TEST(low_levels_are_left_out),       TEST(the_context_is_of_the_thread),
        TEST(opens_again_after_rotation),    TEST(keeps_the_old_file_when_there_is_no_new_one),
        TEST(does_not_wait_for_a_reader),    TEST(a_full_disk_drops_lines),
        TEST(half_a_line_spoils_no_other),   TEST(a_full_pipe_drops_lines),
        TEST(a_full_socket_drops_lines),     TEST(a_reader_that_is_gone_is_no_harm),
        TEST(standard_error_may_be_a_file),  TEST(no_standard_error_is_said),
        TEST(threads_do_not_mix_lines),      TEST(survives_torture),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
