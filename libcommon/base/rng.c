/* Randomness from the kernel, unbuffered: nothing is kept in the process, so a fork cannot repeat
 * it and a core file cannot leak it.
 *
 * The surprise: a kernel that has no randomness for us is the one thing that stops the process,
 * because no caller could do anything safe with the answer. It is asked for in pieces of 256 bytes,
 * which it gives whole. */
#include "common/rng.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>

#include "common/compiler.h"

void rng_bytes(void *ret_data, size_t n)
{
    unsigned char *p = ret_data;
    while (n > 0) {
        ssize_t got = getrandom(p, MIN(n, (size_t)256), 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            abort();
        p += got;
        n -= (size_t)got;
    }
}

uint64_t rng_below(uint64_t bound)
{
    assert(bound > 0);
    /* 2^64 mod bound values at the bottom would make the remainders uneven: draw again. */
    uint64_t uneven = -bound % bound;
    uint64_t value;
    do
        rng_bytes(&value, sizeof value);
    while (value < uneven);
    return value % bound;
}

void uuid_v7(int64_t now_ms, char ret_text[UUID_SIZE])
{
    static const char hex[] = "0123456789abcdef";
    uint8_t bytes[16];
    rng_bytes(bytes, sizeof bytes);
    for (int i = 0; i < 6; i++)
        bytes[i] = (uint8_t)(now_ms >> (40 - 8 * i));
    bytes[6] = (uint8_t)(0x70 | (bytes[6] & 0x0f)); /* version 7 */
    bytes[8] = (uint8_t)(0x80 | (bytes[8] & 0x3f)); /* the RFC's variant */

    char *out = ret_text;
    for (int i = 0; i < 16; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10)
            *out++ = '-';
        *out++ = hex[bytes[i] >> 4];
        *out++ = hex[bytes[i] & 15];
    }
    *out = '\0';
}
