/* The log of a process: levels, context, and the file. The one module with global state beside the
 * clock and the metrics, because every other one may have to be logged about; before log_open() it
 * writes to standard error, as service "-".
 *
 * A line is built on the stack and written with one write(2), so that threads and processes that
 * share a file do not mix their lines. The context belongs to the thread that set it.
 *
 * The surprise: standard error is often a pipe that we share with other processes. O_NONBLOCK is a
 * property of the open file, not of the descriptor, and would be theirs too; so the pipe is opened
 * once more through /proc. Where that is not allowed, poll(2) is asked before each write. */
#include "common/log.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/mem.h"
#include "log_line.h"
#include "log_mask.h"

enum sink_kind {
    SINK_POLLED, /* must be asked before it is written to */
    SINK_READY,  /* a file, or our own non-blocking pipe or terminal */
    SINK_SOCKET,
};

struct sink {
    int fd;
    enum sink_kind kind;
};

static const struct sink standard_error = {STDERR_FILENO, SINK_POLLED};

static const char *const level_names[] = {
    [LOG_DEBUG] = "debug",
    [LOG_INFO] = "info",
    [LOG_WARN] = "warn",
    [LOG_ERROR] = "error",
};

static const char *service_name = "-";
static _Atomic enum log_level least_level = LOG_INFO;
static char *file_path; /* NULL: standard error */
static atomic_uint_fast64_t n_dropped;

static pthread_mutex_t sink_lock = PTHREAD_MUTEX_INITIALIZER;
static struct sink sink = {STDERR_FILENO, SINK_POLLED}; /* under the lock */
static bool torn; /* under the lock: the last line was written in part */

static _Thread_local const char *context_request_id;
static _Thread_local const char *context_step;

/* --- where lines go ------------------------------------------------------------------------- */

static enum err sink_open_stderr(struct sink *ret_sink)
{
    struct stat st;
    if (fstat(STDERR_FILENO, &st) != 0)
        return ERR_UNAVAILABLE;
    *ret_sink = standard_error;
    if (S_ISREG(st.st_mode)) {
        ret_sink->kind = SINK_READY; /* opened again it would have an offset of its own */
    } else if (S_ISSOCK(st.st_mode)) {
        ret_sink->kind = SINK_SOCKET;
    } else {
        int fd = open("/proc/self/fd/2", O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
        if (fd >= 0)
            *ret_sink = (struct sink){fd, SINK_READY};
    }
    return ERR_OK;
}

static enum err sink_open(const char *path, struct sink *ret_sink)
{
    if (!path)
        return sink_open_stderr(ret_sink);
    int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0640);
    if (fd < 0)
        return ERR_UNAVAILABLE;
    *ret_sink = (struct sink){fd, SINK_READY};
    return ERR_OK;
}

static void sink_replace(struct sink new_sink)
{
    pthread_mutex_lock(&sink_lock);
    int old_fd = sink.fd;
    sink = new_sink;
    torn = false;
    pthread_mutex_unlock(&sink_lock);
    if (old_fd != STDERR_FILENO)
        close(old_fd);
}

static bool sink_takes(struct sink s)
{
    struct pollfd ready = {.fd = s.fd, .events = POLLOUT};
    return s.kind != SINK_POLLED || (poll(&ready, 1, 0) == 1 && (ready.revents & POLLOUT));
}

static ssize_t sink_write(struct sink s, const char *p, size_t n)
{
    if (!sink_takes(s))
        return -1;
    ssize_t written;
    do {
        if (s.kind == SINK_SOCKET)
            written = send(s.fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        else
            written = write(s.fd, p, n);
    } while (written < 0 && errno == EINTR);
    return written;
}

/* Writes the line, or drops and counts it. After half a line (a full disk) the next one begins with
 * a line end, so that only the half is lost. */
static void emit(const struct log_line *l)
{
    pthread_mutex_lock(&sink_lock);
    if (torn && sink_write(sink, "\n", 1) == 1)
        torn = false;
    ssize_t written = torn ? -1 : sink_write(sink, l->text, l->len);
    if (written != (ssize_t)l->len) {
        torn = torn || written > 0;
        atomic_fetch_add(&n_dropped, 1);
    }
    pthread_mutex_unlock(&sink_lock);
}

/* --- lines ---------------------------------------------------------------------------------- */

static void put_field(struct log_line *l, const struct log_field *f)
{
    char masked[MAX(LOG_PHONE_SIZE, LOG_IP_SIZE)];
    switch (f->kind) {
    case LOG_KIND_END:
        break;
    case LOG_KIND_STR:
        log_line_text(l, f->key, f->s);
        break;
    case LOG_KIND_INT:
        log_line_int(l, f->key, f->i);
        break;
    case LOG_KIND_BOOL:
        log_line_bool(l, f->key, f->i != 0);
        break;
    case LOG_KIND_EMAIL:
        log_line_email(l, f->key, f->s);
        break;
    case LOG_KIND_PHONE:
        if (f->s)
            log_mask_phone(f->s, masked);
        log_line_text(l, f->key, f->s ? masked : NULL);
        break;
    case LOG_KIND_IP:
        if (f->s)
            log_mask_ip(f->s, masked);
        log_line_text(l, f->key, f->s ? masked : NULL);
        break;
    }
}

void log_write(enum log_level level, const char *event, const struct log_field *fields)
{
    if (level < least_level)
        return;
    char ts[RFC3339_SIZE];
    clock_rfc3339(clock_wall_us(), ts);

    struct log_line l;
    log_line_begin(&l);
    log_line_text(&l, "ts", ts);
    log_line_text(&l, "level", level_names[level]);
    log_line_text(&l, "event", event);
    log_line_text(&l, "service", service_name);
    log_line_int(&l, "pid", getpid());
    if (context_request_id)
        log_line_text(&l, "request_id", context_request_id);
    if (context_step)
        log_line_text(&l, "step", context_step);
    for (const struct log_field *f = fields; f->kind != LOG_KIND_END; f++)
        put_field(&l, f);
    log_line_end(&l);
    emit(&l);
}

enum err log_open(const char *service, const char *path, enum log_level min_level)
{
    char *path_copy = NULL;
    if (path && strcmp(path, "-") != 0) {
        path_copy = mem_strdup(path);
        if (!path_copy)
            return ERR_NO_MEMORY;
    }
    struct sink opened;
    enum err e = sink_open(path_copy, &opened);
    if (e != ERR_OK) {
        mem_free(path_copy);
        return e;
    }
    sink_replace(opened);
    mem_free(file_path);
    file_path = path_copy;
    service_name = service;
    least_level = min_level;
    return ERR_OK;
}

enum err log_reopen(void)
{
    struct sink opened;
    enum err e = sink_open(file_path, &opened);
    if (e == ERR_OK)
        sink_replace(opened);
    return e;
}

void log_close(void)
{
    sink_replace(standard_error);
    mem_free(file_path);
    file_path = NULL;
    service_name = "-";
    least_level = LOG_INFO;
}

uint64_t log_dropped(void)
{
    return atomic_load(&n_dropped);
}

void log_context(const char *request_id, const char *step)
{
    context_request_id = request_id;
    context_step = step;
}
