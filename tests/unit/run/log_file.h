/* A log in a folder of its own, for the tests of the log. */
#ifndef TESTS_UNIT_RUN_LOG_FILE_H
#define TESTS_UNIT_RUN_LOG_FILE_H

#include "torture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"

static char dir[64], path[96];
static char content[1 << 20]; /* of the log, as read_log() found it */

static int setup(void **state UNUSED)
{
    snprintf(dir, sizeof dir, "/tmp/log_test.XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof path, "%s/log", dir);
    return log_open("kitchen", path, LOG_INFO) == ERR_OK ? 0 : -1;
}

static int teardown(void **state UNUSED)
{
    log_close();
    unlink(path);
    return rmdir(dir);
}

static inline void read_log(const char *from)
{
    int fd = open(from, O_RDONLY);
    assert_true(fd >= 0);
    ssize_t n = read(fd, content, sizeof content - 1);
    assert_true(n >= 0);
    content[n] = '\0';
    close(fd);
}

/* What follows the fixed beginning of the only line. */
static inline const char *only_line(void)
{
    read_log(path);
    char *end = strchr(content, '\n');
    assert_non_null(end);
    assert_int_equal(end[1], '\0');
    *end = '\0';
    const char *pid = strstr(content, ",\"pid\":");
    assert_non_null(pid);
    return pid + strcspn(pid + 1, ",}") + 1;
}

static inline void forget(void)
{
    assert_int_equal(truncate(path, 0), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
