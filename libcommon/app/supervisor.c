/* The parent of the workers. It holds the listening sockets (so that a worker's queue survives the
 * worker), restarts what crashes with backoff, and hands SIGTERM and SIGHUP on. It has no loop and
 * no connections; what it does is wait for signals. */
#include <errno.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "app.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"

#define BACKOFF_MIN_MS 100
#define BACKOFF_MAX_MS 10000
#define HEALTHY_AFTER_US (30 * USEC_PER_SEC)

struct child {
    pid_t pid; /* 0: not running */
    int64_t started_us, restart_us;
    int backoff_ms;
};

struct supervisor {
    struct child *children;
    unsigned n;
    int (*serve)(void *arg, unsigned worker);
    void *arg;
    sigset_t signals, before;
    bool stopping;
    int status;
};

static void child_start(struct supervisor *s, unsigned i)
{
    struct child *c = &s->children[i];
    pid_t parent = getpid();
    c->started_us = clock_mono_us();
    c->pid = fork();
    if (c->pid == 0) {
        /* When the parent is killed outright its workers finish what they have and go. */
        prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() != parent)
            _exit(0);
        sigprocmask(SIG_SETMASK, &s->before, NULL);
        exit(s->serve(s->arg, i));
    }
    if (c->pid < 0) {
        c->pid = 0;
        c->restart_us = clock_mono_us() + BACKOFF_MAX_MS * USEC_PER_MSEC;
        log_event(LOG_ERROR, "worker.fork_failed", LOG_I("errno", errno));
    }
}

static void child_ended(struct supervisor *s, pid_t pid, int status)
{
    struct child *c = s->children;
    while (c < s->children + s->n && c->pid != pid)
        c++;
    if (c == s->children + s->n)
        return;
    int64_t now = clock_mono_us();
    bool was_healthy = now - c->started_us > HEALTHY_AFTER_US;
    c->pid = 0;
    int code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    if (s->stopping || code == 0 || code == EXIT_HOPELESS) {
        s->status = MAX(s->status, code);
        s->stopping = s->stopping || code == EXIT_HOPELESS || s->n == 1;
        return;
    }
    c->backoff_ms =
        was_healthy || !c->backoff_ms ? BACKOFF_MIN_MS : MIN(c->backoff_ms * 2, BACKOFF_MAX_MS);
    c->restart_us = now + c->backoff_ms * USEC_PER_MSEC;
    metric_add(&app_metrics[M_RESTARTS], 1);
    log_event(LOG_ERROR, "worker.crashed", LOG_I("worker", c - s->children), LOG_I("pid", pid),
              LOG_I("exit", code), LOG_I("restart_in_ms", c->backoff_ms));
}

static void children_signal(const struct supervisor *s, int sig)
{
    for (unsigned i = 0; i < s->n; i++)
        if (s->children[i].pid)
            kill(s->children[i].pid, sig);
}

/* Starts what is due; returns how long to wait for the next, in ms, or -1 when nothing is. */
static int64_t children_due(struct supervisor *s)
{
    int64_t now = clock_mono_us(), wait_ms = -1;
    for (unsigned i = 0; i < s->n && !s->stopping; i++) {
        struct child *c = &s->children[i];
        if (c->pid)
            continue;
        int64_t left_ms = (c->restart_us - now + USEC_PER_MSEC - 1) / USEC_PER_MSEC;
        if (left_ms <= 0)
            child_start(s, i);
        else
            wait_ms = wait_ms < 0 ? left_ms : MIN(wait_ms, left_ms);
    }
    return wait_ms;
}

static bool any_running(const struct supervisor *s)
{
    for (unsigned i = 0; i < s->n; i++)
        if (s->children[i].pid)
            return true;
    return false;
}

static void signal_wait(struct supervisor *s, int64_t wait_ms)
{
    struct timespec ts = {wait_ms / 1000, (wait_ms % 1000) * 1000000};
    int sig = wait_ms < 0 ? sigwaitinfo(&s->signals, NULL) : sigtimedwait(&s->signals, NULL, &ts);
    if (sig == SIGTERM || sig == SIGINT) {
        s->stopping = true;
        children_signal(s, SIGTERM);
    } else if (sig == SIGHUP) {
        if (log_reopen() != ERR_OK) /* the old file is kept */
            log_event(LOG_ERROR, "log.reopen_failed", LOG_I("errno", errno));
        children_signal(s, SIGHUP);
    }
    int status;
    pid_t pid;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        child_ended(s, pid, status);
}

int supervise(unsigned workers, int (*serve)(void *arg, unsigned worker), void *arg)
{
    struct supervisor s = {.n = workers, .serve = serve, .arg = arg};
    s.children = mem_alloc(workers * sizeof(*s.children));
    if (!s.children)
        return EXIT_HOPELESS;
    sigemptyset(&s.signals);
    const int handled[] = {SIGTERM, SIGINT, SIGHUP, SIGCHLD};
    for (size_t i = 0; i < ARRAY_LEN(handled); i++)
        sigaddset(&s.signals, handled[i]);
    sigprocmask(SIG_BLOCK, &s.signals, &s.before);
    do {
        int64_t wait_ms = children_due(&s);
        signal_wait(&s, wait_ms);
        if (s.stopping)
            children_signal(&s, SIGTERM);
    } while (!s.stopping || any_running(&s));
    mem_free(s.children);
    return s.status;
}
