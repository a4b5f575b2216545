/* Two clocks. The wall clock is what people and the database see; it can be shifted by a file that
 * a drill or a test maps (CLOCK_OFFSET_FILE), and SQL gets it as a parameter instead of calling
 * now(). The monotonic clock measures and is never shifted. */
#ifndef COMMON_CLOCK_H
#define COMMON_CLOCK_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"

#define USEC_PER_SEC INT64_C(1000000)
#define USEC_PER_MSEC INT64_C(1000)

/* Microseconds since the epoch, UTC, shifted. */
int64_t clock_wall_us(void);
/* Microseconds since some fixed point; only differences mean something. */
int64_t clock_mono_us(void);

/* Maps `path` (8 bytes, signed microseconds, native byte order) as the shift of the wall clock.
 * Without a call the shift is 0. */
MUSTCHECK enum err clock_map_offset(const char *path);

#define RFC3339_SIZE 32
/* 2026-03-01T18:00:00.123456Z */
void clock_rfc3339(int64_t wall_us, char ret_text[RFC3339_SIZE]);

#endif
