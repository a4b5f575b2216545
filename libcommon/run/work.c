/* The worker pool. Jobs belong to the pool from work_submit() until done() returns; what arg points
 * at belongs to the caller throughout.
 *
 * A job moves through three lists under one lock: queued, then taken by a thread, then finished. A
 * thread that finishes one writes to an eventfd, which the loop watches: so libevent itself is
 * never touched from a thread.
 *
 * The surprise: work_pool_free() calls the outstanding done()s itself, before it returns, because
 * afterwards nobody would. A done() for a job that never ran is one whose result is as the caller
 * initialised it. */
#include "common/work.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <sys/queue.h>
#include <unistd.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/mem.h"

#define STACK_BYTES 262144 /* hashing keeps its megabytes on the heap */

struct job {
    TAILQ_ENTRY(job) link;
    void (*run)(void *arg);
    loop_fn *done;
    void *arg;
};

TAILQ_HEAD(job_list, job);

struct work_pool {
    struct event wake;
    int wake_fd;
    bool delivering;
    size_t max_queued;
    unsigned max_threads, n_threads;
    pthread_t *threads;

    pthread_mutex_t lock; /* of what follows */
    pthread_cond_t more;  /* a job was queued, or the pool is stopping */
    struct job_list queued, finished;
    size_t n_queued;
    bool stopping;
};

/* --- on a thread ---------------------------------------------------------------------------- */

/* The next job, or NULL when the pool stops: what is queued then is not begun. */
static struct job *job_wait(struct work_pool *w)
{
    while (!w->stopping && TAILQ_EMPTY(&w->queued))
        pthread_cond_wait(&w->more, &w->lock);
    if (w->stopping)
        return NULL;
    struct job *job = TAILQ_FIRST(&w->queued);
    TAILQ_REMOVE(&w->queued, job, link);
    w->n_queued--;
    return job;
}

static void *thread_main(void *arg)
{
    struct work_pool *w = arg;
    struct job *job;
    pthread_mutex_lock(&w->lock);
    while ((job = job_wait(w))) {
        pthread_mutex_unlock(&w->lock);
        job->run(job->arg);
        pthread_mutex_lock(&w->lock);
        TAILQ_INSERT_TAIL(&w->finished, job, link);
        eventfd_write(w->wake_fd, 1);
    }
    pthread_mutex_unlock(&w->lock);
    return NULL;
}

/* --- on the loop ---------------------------------------------------------------------------- */

static void deliver(struct work_pool *w, struct job_list *jobs)
{
    w->delivering = true;
    struct job *job;
    while ((job = TAILQ_FIRST(jobs))) {
        TAILQ_REMOVE(jobs, job, link);
        job->done(job->arg);
        mem_free(job);
    }
    w->delivering = false;
}

static void on_wake(evutil_socket_t fd, short what UNUSED, void *arg)
{
    struct work_pool *w = arg;
    struct job_list jobs = TAILQ_HEAD_INITIALIZER(jobs);
    eventfd_t count;
    eventfd_read(fd, &count);
    pthread_mutex_lock(&w->lock);
    TAILQ_CONCAT(&jobs, &w->finished, link);
    pthread_mutex_unlock(&w->lock);
    deliver(w, &jobs);
}

/* Starts the threads, with every signal blocked: signals are the loop's. Some are enough. */
static enum err threads_start(struct work_pool *w)
{
    sigset_t all, before;
    pthread_attr_t attr;
    if (pthread_attr_init(&attr) != 0)
        return ERR_NO_MEMORY;
    pthread_attr_setstacksize(&attr, STACK_BYTES);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    while (w->n_threads < w->max_threads &&
           pthread_create(&w->threads[w->n_threads], &attr, thread_main, w) == 0)
        w->n_threads++;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return w->n_threads ? ERR_OK : ERR_NO_MEMORY;
}

enum err work_submit(struct work_pool *w, void (*run)(void *arg), loop_fn *done, void *arg)
{
    if (w->n_threads == 0) {
        enum err e = threads_start(w);
        if (e != ERR_OK)
            return e;
    }
    struct job *job = mem_alloc(sizeof *job);
    if (!job)
        return ERR_NO_MEMORY;
    *job = (struct job){.run = run, .done = done, .arg = arg};

    pthread_mutex_lock(&w->lock);
    bool taken = !w->stopping && w->n_queued < w->max_queued;
    if (taken) {
        TAILQ_INSERT_TAIL(&w->queued, job, link);
        w->n_queued++;
        pthread_cond_signal(&w->more);
    }
    pthread_mutex_unlock(&w->lock);
    if (!taken)
        mem_free(job);
    return taken ? ERR_OK : ERR_BUSY;
}

struct work_pool *work_pool_new(struct loop *l, unsigned threads, size_t max_queued)
{
    struct work_pool *w = mem_alloc(sizeof *w);
    pthread_t *ids = mem_alloc(threads * sizeof *ids);
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (!w || !ids || fd < 0)
        goto fail;
    *w = (struct work_pool){
        .wake_fd = fd, .max_queued = max_queued, .max_threads = threads, .threads = ids};
    TAILQ_INIT(&w->queued);
    TAILQ_INIT(&w->finished);
    event_assign(&w->wake, loop_base(l), fd, EV_READ | EV_PERSIST, on_wake, w);
    if (event_add(&w->wake, NULL) != 0)
        goto fail;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->more, NULL);
    return w;

fail:
    if (fd >= 0)
        close(fd);
    mem_free(ids);
    mem_free(w);
    return NULL;
}

void work_pool_free(struct work_pool *w)
{
    if (!w)
        return;
    assert(!w->delivering); /* a done() must not free the pool that calls it */
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_broadcast(&w->more);
    pthread_mutex_unlock(&w->lock);
    for (unsigned i = 0; i < w->n_threads; i++)
        pthread_join(w->threads[i], NULL);

    /* Alone now: no lock. A done() that submits again is told that the pool is busy. */
    deliver(w, &w->finished);
    deliver(w, &w->queued);
    event_del(&w->wake);
    close(w->wake_fd);
    pthread_cond_destroy(&w->more);
    pthread_mutex_destroy(&w->lock);
    mem_free(w->threads);
    mem_free(w);
}
