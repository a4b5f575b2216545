/* A few threads for work that keeps a processor busy (password hashing, PDF), so that it does not
 * stop the loop. The queue is bounded: when it is full the caller is told so and answers 503. */
#ifndef COMMON_WORK_H
#define COMMON_WORK_H

#include <stddef.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/loop.h"

struct work_pool;

/* Threads start at the first job. NULL: out of memory. */
MUSTCHECK struct work_pool *work_pool_new(struct loop *l, unsigned threads, size_t max_queued);
/* Waits for the running jobs; their done() is still called, queued ones only get done(). */
void work_pool_free(struct work_pool *w);

/* run(arg) is called on a thread and may touch nothing but *arg; done(arg) is called on the loop
 * in a later turn. ERR_BUSY when the queue is full. */
MUSTCHECK enum err work_submit(struct work_pool *w, void (*run)(void *arg), loop_fn *done,
                               void *arg);

#endif
