/* Texts that open something: API keys, links, recovery codes, one-time passwords. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "common/arena.h"
#include "common/totp.h"
#include "secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool property)
{
    if (!property)
        abort();
}

static bool is_hex(const char *text, size_t n)
{
    return strlen(text) == n && strspn(text, "0123456789abcdefABCDEF") == n;
}

static void check_api_key(struct str s)
{
    char prefix[API_KEY_PREFIX_SIZE], hash[SECRET_HASH_SIZE], whole[SECRET_HASH_SIZE];
    if (api_key_split(s, prefix, hash) != ERR_OK)
        return;
    require(is_hex(prefix, API_KEY_PREFIX_SIZE - 1) && is_hex(hash, SECRET_HASH_SIZE - 1));
    require(str_starts(s, STR(API_KEY_MARK)) && s.n < SECRET_TEXT_SIZE);
    require(secret_hash(s, whole) == ERR_OK && strcmp(whole, hash) == 0);
}

/* However it is typed: in lower case, with a dash before each character. */
static void check_recovery_code(struct arena *a, struct str s)
{
    char hash[SECRET_HASH_SIZE], again[SECRET_HASH_SIZE];
    char *typed = arena_alloc(a, 2 * s.n + 1);
    if (!typed || recovery_code_hash(s, hash) != ERR_OK)
        return;
    for (size_t i = 0; i < s.n; i++) {
        bool upper = s.p[i] >= 'A' && s.p[i] <= 'Z';
        typed[2 * i] = '-';
        typed[2 * i + 1] = upper ? (char)(s.p[i] - 'A' + 'a') : s.p[i];
    }
    require(is_hex(hash, SECRET_HASH_SIZE - 1));
    require(recovery_code_hash((struct str){typed, 2 * s.n}, again) == ERR_OK);
    require(strcmp(hash, again) == 0);
}

/* The secret and the time of RFC 6238's first test vector: one code of three is right. */
static void check_totp(struct str s)
{
    static const uint8_t secret[] = "12345678901234567890";
    int64_t step;
    char code[7];
    if (totp_verify(secret, s, 59, &step) != ERR_OK)
        return;
    require(step >= 0 && step <= 2 && totp_code(secret, step, code) == ERR_OK);
    require(str_eq(s, str_of(code)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str s = {(const char *)data, size};
    struct arena *a = arena_new(4 * size + 65536);
    if (!a)
        abort();
    check_api_key(s);
    check_recovery_code(a, s);
    check_totp(s);
    arena_free(a);
    return 0;
}
