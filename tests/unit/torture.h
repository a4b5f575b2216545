/* What every unit test includes first: cmocka, and the allocation torture.
 *
 * A scenario is a function that does a piece of work with the module under test, cleans up in every
 * case, and says whether it reached its end:
 *
 *     static bool scenario(void *arg UNUSED)
 *     {
 *         struct thing *t = thing_new();
 *         bool ok = t && thing_add(t, 1) == ERR_OK;
 *         thing_free(t);
 *         return ok;
 *     }
 *     ...
 *     torture(scenario, NULL);
 *
 * torture() runs it untouched (it must succeed), then with its first, second, ... allocation
 * failing, once alone and once with all later ones, and untouched again: a failure may fail the
 * scenario, never damage what comes after. The sanitizers watch for leaks and wild accesses. */
#ifndef TESTS_UNIT_TORTURE_H
#define TESTS_UNIT_TORTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/compiler.h"
#include "common/mem.h"

typedef bool torture_fn(void *arg);

#define TORTURE_MAX_ALLOCS 20000 /* a scenario with more is too big, or does not end */

#ifdef MEM_TORTURE

static inline void torture_pass(torture_fn *scenario, void *arg, int sticky)
{
    for (unsigned long n = 1;; n++) {
        if (n > TORTURE_MAX_ALLOCS)
            fail_msg("more than %d allocations", TORTURE_MAX_ALLOCS);
        mem_torture(n, sticky);
        bool reached = scenario(arg);
        unsigned long count = mem_torture_count();
        mem_torture(0, 0);
        if (count >= n)
            continue;
        /* The n-th allocation was never asked for: every one has failed in its turn. */
        if (!reached)
            fail_msg("failed without a failing allocation (before number %lu)", n);
        return;
    }
}

static inline void torture(torture_fn *scenario, void *arg)
{
    mem_torture(0, 0);
    assert_true(scenario(arg));
    if (mem_torture_count() == 0)
        fail_msg("the scenario allocates nothing: there is nothing to torture");
    torture_pass(scenario, arg, /* sticky= */ 0);
    torture_pass(scenario, arg, /* sticky= */ 1);
    assert_true(scenario(arg));
}

#else /* builds without the failing allocator run the scenario once */

static inline void torture(torture_fn *scenario, void *arg)
{
    assert_true(scenario(arg));
}

#endif
#endif
