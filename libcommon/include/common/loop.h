/* The one event loop of a process, on libevent. Everything that waits, waits here. */
#ifndef COMMON_LOOP_H
#define COMMON_LOOP_H

#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"

struct event_base;
struct loop;
struct loop_timer;

typedef void loop_fn(void *arg);

/* Before the first loop of a process: libevent's memory comes from cells, so that what a crowd of
 * connections took can be given back (mem_trim()). */
void loop_setup(void);
/* How many allocations of libevent have failed. When it has grown, what libevent was doing may be
 * half done, since few of its functions say so. */
uint64_t loop_failed_allocs(void);
/* libevent lives on its reserve: nothing more should be begun. */
bool loop_is_short_of_memory(void);

MUSTCHECK struct loop *loop_new(void);
void loop_free(struct loop *l);
/* For the code in http/ and data/ that hands sockets to libevent. */
struct event_base *loop_base(struct loop *l);

/* Runs until loop_stop(). */
void loop_run(struct loop *l);
/* One turn: waits at most max_wait_ms for events and handles them. For tests and for waiting at
 * start and shutdown. */
void loop_turn(struct loop *l, int max_wait_ms);
void loop_stop(struct loop *l);

/* Calls fn(arg) in a later turn of the loop, in the order of the calls. This is how a completion
 * is delivered without re-entering its caller, and how an object is freed that callers above us
 * may still hold. ERR_NO_MEMORY when it cannot be queued. */
MUSTCHECK enum err loop_later(struct loop *l, loop_fn *fn, void *arg);

/* A timer owns nothing; it is armed with loop_timer_set() and fires once. NULL: out of memory. */
MUSTCHECK struct loop_timer *loop_timer_new(struct loop *l, loop_fn *fn, void *arg);
void loop_timer_set(struct loop_timer *t, int64_t delay_ms);
void loop_timer_cancel(struct loop_timer *t);
void loop_timer_free(struct loop_timer *t);

/* The longest single callback since the last call, in microseconds: the watchdog metric. */
int64_t loop_longest_turn_us(struct loop *l);

#endif
