/* Randomness from the kernel (getrandom(2)). Never fails: without entropy the process stops. */
#ifndef COMMON_RNG_H
#define COMMON_RNG_H

#include <stddef.h>
#include <stdint.h>

void rng_bytes(void *ret_data, size_t n);
/* Uniform in [0, bound); bound > 0. */
uint64_t rng_below(uint64_t bound);

#define UUID_SIZE 37
/* A version 7 UUID (RFC 9562: time-ordered, so that indexes stay dense) in lower case.
 * now_ms is the wall clock. Not a secret: 74 random bits. */
void uuid_v7(int64_t now_ms, char ret_text[UUID_SIZE]);

#endif
