/* The event loop of a process, on libevent. Only the thread that runs a loop may call it; other
 * threads wake it through a file descriptor of theirs (work.c), so libevent needs no locks.
 *
 * "Later" is a zero-delay timer and not an activated event: libevent appends an event that is
 * activated from a callback to the queue it is just working through, so that a chain of completions
 * would starve the sockets. A timer waits for the next turn, after the sockets have been looked at.
 *
 * The surprise: libevent's own clock is the kernel's coarse one, cached for a turn. A timer set by
 * a callback that took long would fire early; ours looks at the real clock and waits for the rest.
 *
 * libevent 2.1 does not say when its wait ended, so the length of a turn is taken from two sides:
 * our own callbacks are timed one by one by the wall, and each turn as a whole by the processor
 * time it took, which leaves out the wait. A foreign callback that sleeps in the kernel is not
 * seen. */
#include "common/loop.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "common/cell.h"
#include "common/clock.h"
#include "common/mem.h"
#include "common/reserve.h"

#define FIRST_CALLS 32
#define MIN_FINAL_TURNS 3
#define MAX_FINAL_TURNS 1000 /* for calls that queue further calls while the loop is freed */
#define MAX_DELAY_MS (INT64_C(366) * 86400 * 1000)

struct call {
    loop_fn *fn;
    void *arg;
};

struct calls {
    struct call *list;
    size_t n, cap;
};

struct loop {
    struct event_base *base;
    struct event drain;   /* pending while calls are queued */
    struct event limit;   /* ends the wait of loop_turn() */
    struct calls queued;  /* for the next turn */
    struct calls drained; /* the list that is being worked through, then the spare one */
    bool in_turn;
    bool stopped;
    int64_t longest_us;
};

struct loop_timer {
    struct loop *loop;
    struct event event;
    loop_fn *fn;
    void *arg;
    int64_t due_us; /* monotonic */
};

static struct timeval timeval_of_us(int64_t us)
{
    return (struct timeval){.tv_sec = us / USEC_PER_SEC, .tv_usec = us % USEC_PER_SEC};
}

static void call_timed(struct loop *l, loop_fn *fn, void *arg)
{
    int64_t start_us = clock_mono_us();
    fn(arg);
    l->longest_us = MAX(l->longest_us, clock_mono_us() - start_us);
}

/* --- later ---------------------------------------------------------------------------------- */

static enum err calls_reserve(struct calls *c)
{
    if (c->n < c->cap)
        return ERR_OK;
    size_t cap = MAX(2 * c->cap, FIRST_CALLS);
    struct call *list = mem_realloc(c->list, cap * sizeof *list);
    if (!list)
        return ERR_NO_MEMORY;
    c->list = list;
    c->cap = cap;
    return ERR_OK;
}

/* Works through what is queued now. The lists change places first: what these calls queue is for
 * the next turn. */
static void on_drain(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
    struct loop *l = arg;
    struct calls now = l->queued;
    l->queued = l->drained;
    l->queued.n = 0;
    l->drained = now;
    for (size_t i = 0; i < now.n; i++)
        call_timed(l, now.list[i].fn, now.list[i].arg);
}

enum err loop_later(struct loop *l, loop_fn *fn, void *arg)
{
    static const struct timeval no_delay;
    struct calls *q = &l->queued;
    enum err e = calls_reserve(q);
    if (e != ERR_OK)
        return e;
    if (q->n == 0 && event_add(&l->drain, &no_delay) != 0)
        return ERR_NO_MEMORY;
    q->list[q->n++] = (struct call){fn, arg};
    return ERR_OK;
}

/* --- timers --------------------------------------------------------------------------------- */

/* A timer that cannot be armed for lack of memory fires at once: a deadline that comes too
 * early ends in an error, one that never comes in a hang. */
static void timer_arm(struct loop_timer *t, int64_t delay_us)
{
    struct timeval tv = timeval_of_us(delay_us);
    if (event_add(&t->event, &tv) != 0) {
        t->due_us = 0;
        event_active(&t->event, EV_TIMEOUT, 1);
    }
}

static void on_timer(evutil_socket_t fd UNUSED, short what UNUSED, void *arg)
{
    struct loop_timer *t = arg;
    int64_t left_us = t->due_us - clock_mono_us();
    if (left_us > 0)
        timer_arm(t, left_us);
    else
        call_timed(t->loop, t->fn, t->arg); /* may free t */
}

struct loop_timer *loop_timer_new(struct loop *l, loop_fn *fn, void *arg)
{
    struct loop_timer *t = mem_alloc(sizeof *t);
    if (!t)
        return NULL;
    *t = (struct loop_timer){.loop = l, .fn = fn, .arg = arg};
    event_assign(&t->event, l->base, -1, 0, on_timer, t);
    return t;
}

void loop_timer_set(struct loop_timer *t, int64_t delay_ms)
{
    int64_t delay_us = MIN(MAX(delay_ms, 0), MAX_DELAY_MS) * USEC_PER_MSEC;
    t->due_us = clock_mono_us() + delay_us;
    timer_arm(t, delay_us);
}

void loop_timer_cancel(struct loop_timer *t)
{
    event_del(&t->event);
}

void loop_timer_free(struct loop_timer *t)
{
    if (!t)
        return;
    event_del(&t->event);
    mem_free(t);
}

/* --- turning -------------------------------------------------------------------------------- */

static int64_t cpu_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
    return ts.tv_sec * USEC_PER_SEC + ts.tv_nsec / 1000;
}

/* start_us is the processor time until now. Returns that at the end of the turn, which is where the
 * next one starts: the clock costs as much as a small callback. */
static int64_t turn(struct loop *l, int flags, int64_t start_us)
{
    assert(!l->in_turn); /* libevent cannot turn inside a callback */
    l->in_turn = true;
    event_base_loop(l->base, flags);
    l->in_turn = false;
    int64_t end_us = cpu_us();
    l->longest_us = MAX(l->longest_us, end_us - start_us);
    return end_us;
}

/* Nothing to do: that the turn is over is all that was wanted. */
static void on_limit(evutil_socket_t fd UNUSED, short what UNUSED, void *arg UNUSED)
{
}

void loop_turn(struct loop *l, int max_wait_ms)
{
    struct timeval tv = timeval_of_us(max_wait_ms * USEC_PER_MSEC);
    if (max_wait_ms > 0 && event_add(&l->limit, &tv) == 0) {
        turn(l, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY, cpu_us());
        event_del(&l->limit);
    } else {
        turn(l, EVLOOP_NONBLOCK, cpu_us());
    }
}

void loop_run(struct loop *l)
{
    int64_t us = cpu_us();
    while (!l->stopped)
        us = turn(l, EVLOOP_ONCE | EVLOOP_NO_EXIT_ON_EMPTY, us);
    l->stopped = false;
}

void loop_stop(struct loop *l)
{
    l->stopped = true;
}

int64_t loop_longest_turn_us(struct loop *l)
{
    int64_t us = l->longest_us;
    l->longest_us = 0;
    return us;
}

/* --- the loop itself ------------------------------------------------------------------------ */

static struct event_base *base_new(void)
{
    struct event_config *config = event_config_new();
    if (!config)
        return NULL;
    event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_IGNORE_ENV);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

/* Of libevent, which runs on the loop's thread only. It is not made for memory that runs out: parts
 * of it crash, or lose a request without a word, when they get none for some small thing. So those
 * come from a reserve then. What is large, it lives without. */
static uint64_t n_failed_allocs;

static void *event_alloc(size_t size)
{
    void *p = cell_alloc(size);
    if (!p)
        p = reserve_alloc(size);
    n_failed_allocs += !p;
    return p;
}

static void event_free_memory(void *p)
{
    if (reserve_has(p))
        reserve_free(p);
    else
        cell_free(p);
}

/* Of what a piece in ordinary memory has there may be more than was asked for: never less. */
static void *event_move(void *old, size_t old_size, void *new, size_t new_size)
{
    if (new &&old) {
        memcpy(new, old, MIN(old_size, new_size));
        event_free_memory(old);
    }
    return new;
}

static void *event_realloc(void *old, size_t size)
{
    if (reserve_has(old)) {
        if (size <= RESERVE_BYTES)
            return old;
        void *new = cell_alloc(size);
        n_failed_allocs += !new;
        return event_move(old, RESERVE_BYTES, new, size);
    }
    void *p = cell_realloc(old, size);
    if (!p)
        p = event_move(old, old ? cell_size(old) : 0, reserve_alloc(size), size);
    n_failed_allocs += !p;
    return p;
}

void loop_setup(void)
{
    /* It keeps some bytes for every file descriptor number that it has ever seen. */
    event_set_mem_functions(event_alloc, event_realloc, event_free_memory);
}

uint64_t loop_failed_allocs(void)
{
    return n_failed_allocs;
}

bool loop_is_short_of_memory(void)
{
    return reserve_is_low();
}

struct loop *loop_new(void)
{
    struct loop *l = mem_alloc(sizeof *l);
    if (!l)
        return NULL;
    l->base = base_new();
    if (!l->base) {
        mem_free(l);
        return NULL;
    }
    event_assign(&l->drain, l->base, -1, 0, on_drain, l);
    event_assign(&l->limit, l->base, -1, 0, on_limit, l);
    return l;
}

void loop_free(struct loop *l)
{
    if (!l)
        return;
    /* What is queued is owed: it frees objects. So is what libevent has put off (dns.c). */
    for (int i = 0; i < MIN_FINAL_TURNS || (l->queued.n && i < MAX_FINAL_TURNS); i++)
        loop_turn(l, 0);
    event_del(&l->drain);
    event_del(&l->limit);
    event_base_free(l->base);
    mem_free(l->queued.list);
    mem_free(l->drained.list);
    mem_free(l);
}

struct event_base *loop_base(struct loop *l)
{
    return l->base;
}
