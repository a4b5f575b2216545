/* What the service is given instead of libargon2's functions while it is tortured: a hash takes a
 * tenth of a second else, and each request to sign in is sent some two hundred times. Not a hash at
 * all: never in a product. */
#include <argon2.h>
#include <stdio.h>
#include <string.h>

int argon2id_hash_encoded(const uint32_t t, const uint32_t m, const uint32_t p,
                          const void *password, const size_t n, const void *salt,
                          const size_t n_salt, const size_t n_hash, char *encoded,
                          const size_t size)
{
    (void)salt, (void)n_salt, (void)n_hash;
    unsigned sum = 5381;
    for (size_t i = 0; i < n; i++)
        sum = sum * 33 + ((const unsigned char *)password)[i];
    int length = snprintf(
        encoded, size, "$argon2id$v=19$m=%u,t=%u,p=%u$c2FsdHNhbHRzYWx0c2FsdA$%08x", m, t, p, sum);
    return length > 0 && (size_t)length < size ? ARGON2_OK : ARGON2_ENCODING_FAIL;
}

int argon2id_verify(const char *encoded, const void *password, const size_t n)
{
    char again[200];
    argon2id_hash_encoded(2, 19456, 1, password, n, "", 0, 0, again, sizeof(again));
    const char *hash = strrchr(encoded, '$');
    return hash && strcmp(hash, strrchr(again, '$')) == 0 ? ARGON2_OK : ARGON2_VERIFY_MISMATCH;
}
