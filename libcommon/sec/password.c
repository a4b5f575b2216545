/* Password hashing with libargon2. Owns nothing. The hashes come from our own database, and are
 * still not believed: parameters in a row must not be able to take the machine's memory. */
#include "common/password.h"

#include <stdint.h>

#include <argon2.h>

#include "common/rng.h"

#define COST_T 2
#define COST_M_KIB 19456
#define COST_P 1
#define SALT_SIZE 16
#define HASH_SIZE 32
#define PASSWORD_MAX_BYTES (4 * PASSWORD_MAX) /* UTF-8 */

/* The most that a stored hash may ask for. */
#define MAX_T 10
#define MAX_M_KIB (256 * 1024)
#define MAX_P 4

struct cost {
    int64_t t, m_kib, p;
};

/* Of no password: 32 zero bytes are no digest that anybody has met. */
static const char nobody[] = "$argon2id$v=19$m=19456,t=2,p=1$bm90IGFueW9uZSdzLi4uIQ$"
                             "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

/* Takes "name=number" and what follows it up to sep. */
static bool cost_take(struct str *s, struct str name, char sep, int64_t max, int64_t *ret)
{
    struct str item = str_cut(s, sep);
    if (!str_starts(item, name))
        return false;
    item = (struct str){item.p + name.n, item.n - name.n};
    return str_to_i64(item, 1, max, ret) == ERR_OK;
}

static bool cost_parse(const char *phc, struct cost *ret)
{
    struct str s = str_of(phc);
    const struct str prefix = STR("$argon2id$v=19$");

    if (s.n >= PASSWORD_HASH_SIZE || !str_starts(s, prefix))
        return false;
    s = (struct str){s.p + prefix.n, s.n - prefix.n};
    return cost_take(&s, STR("m="), ',', MAX_M_KIB, &ret->m_kib) &&
           cost_take(&s, STR("t="), ',', MAX_T, &ret->t) &&
           cost_take(&s, STR("p="), '$', MAX_P, &ret->p);
}

enum err password_hash(struct str password, char ret_phc[PASSWORD_HASH_SIZE])
{
    uint8_t salt[SALT_SIZE];
    char phc[PASSWORD_HASH_SIZE];

    if (password.n > PASSWORD_MAX_BYTES)
        return ERR_INVALID;
    rng_bytes(salt, sizeof salt);
    int rc = argon2id_hash_encoded(COST_T, COST_M_KIB, COST_P, password.p, password.n, salt,
                                   sizeof salt, HASH_SIZE, phc, sizeof phc);
    if (rc == ARGON2_MEMORY_ALLOCATION_ERROR)
        return ERR_NO_MEMORY;
    if (rc != ARGON2_OK)
        return ERR_INTERNAL;
    memcpy(ret_phc, phc, sizeof phc);
    return ERR_OK;
}

enum err password_verify(struct str password, const char *phc)
{
    struct cost cost;
    bool real = phc && cost_parse(phc, &cost) && password.n <= PASSWORD_MAX_BYTES;

    /* The work is done for the nobody too, and its outcome thrown away. */
    int rc = argon2id_verify(real ? phc : nobody, password.p, MIN(password.n, PASSWORD_MAX_BYTES));
    if (rc == ARGON2_MEMORY_ALLOCATION_ERROR)
        return ERR_NO_MEMORY;
    return real && rc == ARGON2_OK ? ERR_OK : ERR_UNAUTHORIZED;
}

bool password_needs_rehash(const char *phc)
{
    struct cost cost;
    return !phc || !cost_parse(phc, &cost) || cost.t < COST_T || cost.m_kib < COST_M_KIB;
}
