/* Time-based one-time passwords (RFC 6238), which are HOTP (RFC 4226) over the number of 30-second
 * steps since 1970. Owns nothing; which steps have been used is the caller's to remember. */
#include "common/totp.h"

#include <stdio.h>

#include <openssl/evp.h>
#include <openssl/hmac.h>

#define STEP_S 30
#define DIGITS 6
#define MODULUS 1000000 /* 10 to the DIGITS */
#define SHA1_SIZE 20

enum err totp_code(const uint8_t secret[TOTP_SECRET_BYTES], int64_t step, char ret_code[7])
{
    uint8_t counter[8], mac[SHA1_SIZE];

    if (step < 0)
        return ERR_INVALID;
    for (size_t i = 0; i < sizeof counter; i++)
        counter[i] = (uint8_t)((uint64_t)step >> (56 - 8 * i));
    if (!HMAC(EVP_sha1(), secret, TOTP_SECRET_BYTES, counter, sizeof counter, mac, NULL))
        return ERR_INTERNAL;
    /* RFC 4226, 5.3: the last nibble says where the 31 bits are. */
    const uint8_t *at = mac + (mac[SHA1_SIZE - 1] & 0x0f);
    uint32_t bits = ((uint32_t)at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
                    (uint32_t)at[3];
    snprintf(ret_code, DIGITS + 1, "%06u", (unsigned)(bits % MODULUS));
    return ERR_OK;
}

enum err totp_verify(const uint8_t secret[TOTP_SECRET_BYTES], struct str code, int64_t now_s,
                     int64_t *ret_step)
{
    int64_t now_step = now_s / STEP_S, matched = -1;
    char expected[DIGITS + 1];

    if (code.n != DIGITS)
        return ERR_UNAUTHORIZED;
    /* All steps are tried whatever matches; the latest one wins, so that should two steps have the
     * same code, the earlier does not stay usable. */
    for (int64_t step = MAX(now_step - 1, 0); step <= now_step + 1; step++) {
        enum err e = totp_code(secret, step, expected);
        if (e != ERR_OK)
            return e;
        if (str_eq_consttime(expected, code.p, DIGITS))
            matched = step;
    }
    if (matched < 0)
        return ERR_UNAUTHORIZED;
    *ret_step = matched;
    return ERR_OK;
}
