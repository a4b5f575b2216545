/* Texts that open something. Nothing is allocated: all is in the caller's structs. */
#include "secret.h"

#include <stdio.h>
#include <string.h>

#include "common/rng.h"

#define RECOVERY_BYTES 10
#define RECOVERY_CHARS 16

static enum err hash_text(struct str text, char ret_hash[SECRET_HASH_SIZE])
{
    uint8_t digest[SHA256_SIZE];
    enum err e = sha256(text, digest);
    if (e == ERR_OK)
        hex_encode(digest, sizeof(digest), ret_hash);
    return e;
}

enum err secret_hash(struct str text, char ret_hash[SECRET_HASH_SIZE])
{
    return hash_text(text, ret_hash);
}

enum err secret_make(const char *prefix, struct secret *ret_secret)
{
    uint8_t random[SECRET_BYTES];
    char encoded[BASE64_SIZE(SECRET_BYTES)];
    rng_bytes(random, sizeof(random));
    base64url_encode(random, sizeof(random), encoded);
    struct secret made;
    int n = snprintf(made.text, sizeof(made.text), "%s%s", prefix, encoded);
    if (n < 0 || (size_t)n >= sizeof(made.text))
        return ERR_TOO_LARGE;
    enum err e = hash_text(str_of(made.text), made.hash);
    if (e == ERR_OK)
        *ret_secret = made;
    return e;
}

enum err api_key_make(char ret_prefix[API_KEY_PREFIX_SIZE], struct secret *ret_secret)
{
    uint8_t random[(API_KEY_PREFIX_SIZE - 1) / 2];
    char prefix[API_KEY_PREFIX_SIZE], head[SECRET_PREFIX_SIZE];
    rng_bytes(random, sizeof(random));
    hex_encode(random, sizeof(random), prefix);
    (void)snprintf(head, sizeof(head), API_KEY_MARK "%s_", prefix);
    enum err e = secret_make(head, ret_secret);
    if (e == ERR_OK)
        memcpy(ret_prefix, prefix, sizeof(prefix));
    return e;
}

enum err api_key_split(struct str text, char ret_prefix[API_KEY_PREFIX_SIZE],
                       char ret_hash[SECRET_HASH_SIZE])
{
    struct str rest = text;
    if (!str_starts(rest, STR(API_KEY_MARK)))
        return ERR_INVALID;
    rest = (struct str){rest.p + strlen(API_KEY_MARK), rest.n - strlen(API_KEY_MARK)};
    struct str prefix = str_cut(&rest, '_');
    uint8_t bytes[API_KEY_PREFIX_SIZE];
    size_t n;
    if (prefix.n != API_KEY_PREFIX_SIZE - 1 || rest.n != BASE64_SIZE(SECRET_BYTES) - 2 ||
        hex_decode(prefix, bytes, sizeof(bytes), &n) != ERR_OK)
        return ERR_INVALID;
    enum err e = hash_text(text, ret_hash);
    return e == ERR_OK ? str_copy(ret_prefix, API_KEY_PREFIX_SIZE, prefix) : e;
}

enum err recovery_code_make(struct secret *ret_secret)
{
    uint8_t random[RECOVERY_BYTES];
    char plain[BASE32_SIZE(RECOVERY_BYTES)];
    rng_bytes(random, sizeof(random));
    base32_encode(random, sizeof(random), plain);
    struct secret made;
    enum err e = hash_text((struct str){plain, RECOVERY_CHARS}, made.hash);
    if (e != ERR_OK)
        return e;
    (void)snprintf(made.text, sizeof(made.text), "%.4s-%.4s-%.4s-%.4s", plain, plain + 4, plain + 8,
                   plain + 12);
    *ret_secret = made;
    return ERR_OK;
}

enum err recovery_code_hash(struct str text, char ret_hash[SECRET_HASH_SIZE])
{
    char plain[RECOVERY_CHARS];
    size_t n = 0;
    for (size_t i = 0; i < text.n; i++) {
        char c = text.p[i];
        if (c == '-' || c == ' ')
            continue;
        if (c >= 'a' && c <= 'z')
            c = (char)(c - 'a' + 'A');
        if (n == sizeof(plain) || !((c >= 'A' && c <= 'Z') || (c >= '2' && c <= '7')))
            return ERR_INVALID;
        plain[n++] = c;
    }
    return n == sizeof(plain) ? hash_text((struct str){plain, n}, ret_hash) : ERR_INVALID;
}
