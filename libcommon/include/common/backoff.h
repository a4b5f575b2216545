/* How long to wait before the next try of something that keeps failing. */
#ifndef COMMON_BACKOFF_H
#define COMMON_BACKOFF_H

#include <stdint.h>

/* Doubles with each failure in a row, from min_ms to max_ms. Half of that is certain, the other
 * half by chance, so that processes that have failed together do not come back together. */
int64_t backoff_ms(unsigned failures, int64_t min_ms, int64_t max_ms);

#endif
