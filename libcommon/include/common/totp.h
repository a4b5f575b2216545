/* Time-based one-time passwords (RFC 6238): SHA-1, 6 digits, 30 s, as every authenticator app. */
#ifndef COMMON_TOTP_H
#define COMMON_TOTP_H

#include <stdint.h>

#include "common/compiler.h"
#include "common/err.h"
#include "common/str.h"

#define TOTP_SECRET_BYTES 20

/* Accepts the step of now and one step to each side. *ret_step is the step that matched: the caller
 * stores it and refuses steps up to it, so that a code works once. ERR_UNAUTHORIZED otherwise. */
MUSTCHECK enum err totp_verify(const uint8_t secret[TOTP_SECRET_BYTES], struct str code,
                               int64_t now_s, int64_t *ret_step);
MUSTCHECK enum err totp_code(const uint8_t secret[TOTP_SECRET_BYTES], int64_t step,
                             char ret_code[7]);

#endif
