/* Exponential backoff with "equal jitter": see backoff.h. */
#include "common/backoff.h"

#include "common/compiler.h"
#include "common/rng.h"

int64_t backoff_ms(unsigned failures, int64_t min_ms, int64_t max_ms)
{
    int64_t ms = min_ms;
    for (unsigned i = 1; i < failures && ms < max_ms; i++)
        ms *= 2;
    ms = MIN(ms, max_ms);
    return ms / 2 + (int64_t)rng_below((uint64_t)ms / 2 + 1);
}
