/* The log: whatever the values are, there is one line, it is JSON, and it is not too long. The
 * input is cut at NULs into values, which go in by every kind of field. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/json.h"
#include "common/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define N_VALUES 6
#define MAX_LINE 4096

/* The log goes to a file in memory. */
static int log_fd(void)
{
    static int fd = -1;
    char path[64];
    if (fd >= 0)
        return fd;
    fd = memfd_create("log", 0);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    if (fd < 0 || log_open("fuzz", path, LOG_DEBUG) != ERR_OK)
        abort();
    return fd;
}

static void check_line(struct arena *a, struct str line)
{
    const struct json *doc;
    if (line.n == 0 || line.n > MAX_LINE || line.p[line.n - 1] != '\n')
        abort();
    line.n--;
    for (size_t i = 0; i < line.n; i++) {
        if ((unsigned char)line.p[i] < 0x20)
            abort();
    }
    if (json_parse(a, line, &doc, NULL) != ERR_OK || !json_get(doc, "ts"))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char line[2 * MAX_LINE];
    char *values[N_VALUES];
    struct arena *a = arena_new(1 << 20);
    struct str rest = {(const char *)data, size};
    int fd = log_fd();
    for (size_t i = 0; i < N_VALUES; i++) {
        struct str value = str_cut(&rest, '\0');
        values[i] = a ? arena_strndup(a, value.p, value.n) : NULL;
        if (!values[i])
            abort();
    }
    if (ftruncate(fd, 0) != 0)
        abort();
    log_context(values[0], NULL);
    log_event(LOG_INFO, "fuzz", LOG_S("text", values[1]), LOG_EMAIL("email", values[2]),
              LOG_PHONE("phone", values[3]), LOG_IP("ip", values[4]), LOG_S("more", values[5]));
    ssize_t n = pread(fd, line, sizeof line, 0);
    check_line(a, (struct str){line, n > 0 ? (size_t)n : 0});
    arena_free(a);
    return 0;
}
