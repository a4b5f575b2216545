/* Tokens that have been verified, and users and sessions whose older tokens are refused. One
 * chained hash table each, of fixed size. Owns copies of the callers.
 *
 * Verified tokens are evicted by the clock algorithm. Revocations are a ring: when it is full the
 * oldest makes room, and if a token that it refused may still be alive then all tokens from before
 * that moment are refused. Their owners refresh them; nobody slips through. */
#include "token_priv.h"

#include <string.h>

#include <openssl/evp.h>

#include "common/clock.h"
#include "common/mem.h"

#define REVOCATIONS_MAX 8192
#define NONE UINT32_MAX

struct entry {
    struct token_id id;
    struct caller caller;
    uint32_t next;
    bool used; /* since the hand last passed */
};

/* Of a session, or, with session_id "", of a user. */
struct revocation {
    char user_id[UUID_SIZE];
    char session_id[UUID_SIZE];
    char spared[UUID_SIZE]; /* a user's session, or "" */
    int64_t generation;     /* of a user */
    int64_t at_s;
    uint32_t next;
};

struct token_cache {
    EVP_MD *sha256; /* fetched once: a fetch costs more than the digest */
    EVP_MD_CTX *ctx;

    struct entry *entries;
    uint32_t *heads; /* n_heads of them, a power of two */
    size_t n_heads;
    uint32_t n, max, hand;

    struct revocation *revocations;
    uint32_t *revoked_heads; /* REVOCATIONS_MAX of them */
    uint32_t n_revocations, oldest;
    int64_t floor_s; /* tokens issued before are refused */
};

void token_cache_free(struct token_cache *cache)
{
    if (!cache)
        return;
    EVP_MD_CTX_free(cache->ctx);
    EVP_MD_free(cache->sha256);
    mem_free(cache->entries);
    mem_free(cache->heads);
    mem_free(cache->revocations);
    mem_free(cache->revoked_heads);
    mem_free(cache);
}

struct token_cache *token_cache_new(size_t max_entries)
{
    struct token_cache *cache = mem_alloc(sizeof *cache);
    if (!cache)
        return NULL;
    cache->max = (uint32_t)MIN(MAX(max_entries, 1), UINT32_MAX / 2);
    cache->n_heads = 1;
    while (cache->n_heads < cache->max)
        cache->n_heads *= 2;
    cache->entries = mem_alloc(cache->max * sizeof cache->entries[0]);
    cache->heads = mem_alloc(cache->n_heads * sizeof cache->heads[0]);
    cache->revocations = mem_alloc(REVOCATIONS_MAX * sizeof cache->revocations[0]);
    cache->revoked_heads = mem_alloc(REVOCATIONS_MAX * sizeof cache->revoked_heads[0]);
    cache->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    cache->ctx = EVP_MD_CTX_new();
    if (!cache->entries || !cache->heads || !cache->revocations || !cache->revoked_heads ||
        !cache->sha256 || !cache->ctx) {
        token_cache_free(cache);
        return NULL;
    }
    memset(cache->heads, 0xff, cache->n_heads * sizeof cache->heads[0]);
    memset(cache->revoked_heads, 0xff, REVOCATIONS_MAX * sizeof cache->revoked_heads[0]);
    cache->floor_s = INT64_MIN;
    return cache;
}

/* --- verified tokens ---------------------------------------------------------------------------
 */

enum err token_cache_id(struct token_cache *cache, const struct token_keys *keys,
                        const struct token_expect *expect, struct str token,
                        struct token_id *ret_id)
{
    EVP_MD_CTX *ctx = cache->ctx;
    struct token_id id;
    bool ok = EVP_DigestInit_ex2(ctx, cache->sha256, NULL) == 1 &&
              EVP_DigestUpdate(ctx, &keys->set_id, sizeof keys->set_id) == 1 &&
              EVP_DigestUpdate(ctx, expect->issuer, strlen(expect->issuer) + 1) == 1 &&
              EVP_DigestUpdate(ctx, expect->audience, strlen(expect->audience) + 1) == 1 &&
              EVP_DigestUpdate(ctx, token.p, token.n) == 1 &&
              EVP_DigestFinal_ex(ctx, id.digest, NULL) == 1;
    if (!ok)
        return ERR_INTERNAL;
    *ret_id = id;
    return ERR_OK;
}

static uint32_t *entry_head(struct token_cache *cache, const struct token_id *id)
{
    uint32_t hash;
    memcpy(&hash, id->digest, sizeof hash);
    return &cache->heads[hash & (cache->n_heads - 1)];
}

static struct entry *entry_find(struct token_cache *cache, const struct token_id *id)
{
    for (uint32_t i = *entry_head(cache, id); i != NONE; i = cache->entries[i].next) {
        if (memcmp(&cache->entries[i].id, id, sizeof *id) == 0)
            return &cache->entries[i];
    }
    return NULL;
}

const struct caller *token_cache_get(struct token_cache *cache, const struct token_id *id)
{
    struct entry *e = entry_find(cache, id);
    if (!e)
        return NULL;
    e->used = true;
    return &e->caller;
}

/* A free slot: a new one, or that of an entry nobody used since the hand passed it last. */
static uint32_t entry_slot(struct token_cache *cache)
{
    if (cache->n < cache->max)
        return cache->n++;
    while (cache->entries[cache->hand].used) {
        cache->entries[cache->hand].used = false;
        cache->hand = (cache->hand + 1) % cache->max;
    }
    uint32_t slot = cache->hand;
    cache->hand = (cache->hand + 1) % cache->max;
    uint32_t *link = entry_head(cache, &cache->entries[slot].id);
    while (*link != slot)
        link = &cache->entries[*link].next;
    *link = cache->entries[slot].next;
    return slot;
}

void token_cache_put(struct token_cache *cache, const struct token_id *id, const struct caller *c)
{
    if (entry_find(cache, id))
        return;
    uint32_t slot = entry_slot(cache), *head = entry_head(cache, id);
    cache->entries[slot] = (struct entry){.id = *id, .caller = *c, .next = *head};
    *head = slot;
}

/* --- revocations -------------------------------------------------------------------------------
 */

static uint32_t *revoked_head(const struct token_cache *cache, const char *user_id,
                              const char *session_id)
{
    uint32_t hash = 2166136261; /* FNV-1a; the ids are of our own making */
    for (const char *p = user_id; *p; p++)
        hash = (hash ^ (uint8_t)*p) * 16777619;
    for (const char *p = session_id; *p; p++)
        hash = (hash ^ (uint8_t)*p) * 16777619;
    return &cache->revoked_heads[hash % REVOCATIONS_MAX];
}

static struct revocation *revocation_find(const struct token_cache *cache, const char *user_id,
                                          const char *session_id)
{
    uint32_t i = *revoked_head(cache, user_id, session_id);
    while (i != NONE) {
        struct revocation *r = &cache->revocations[i];
        if (strcmp(r->user_id, user_id) == 0 && strcmp(r->session_id, session_id) == 0)
            return r;
        i = r->next;
    }
    return NULL;
}

static bool is_of_before(const struct revocation *user, const struct caller *c)
{
    bool spared = user->spared[0] && c->generation == user->generation - 1 &&
                  strcmp(c->session_id, user->spared) == 0;
    return c->generation < user->generation && !spared;
}

bool token_cache_is_revoked(const struct token_cache *cache, const struct caller *c)
{
    if (c->issued_s < cache->floor_s)
        return true;
    if (cache->n_revocations == 0)
        return false;
    const struct revocation *user = revocation_find(cache, c->user_id, "");
    if (user && is_of_before(user, c))
        return true;
    return c->session_id[0] && revocation_find(cache, c->user_id, c->session_id);
}

static uint32_t revocation_slot(struct token_cache *cache)
{
    if (cache->n_revocations < REVOCATIONS_MAX)
        return cache->n_revocations++;
    uint32_t slot = cache->oldest;
    const struct revocation *r = &cache->revocations[slot];
    cache->oldest = (cache->oldest + 1) % REVOCATIONS_MAX;
    uint32_t *link = revoked_head(cache, r->user_id, r->session_id);
    while (*link != slot)
        link = &cache->revocations[*link].next;
    *link = r->next;
    /* No token lives longer: what an older revocation refused has expired by itself. */
    if (r->at_s >= clock_wall_us() / USEC_PER_SEC - TOKEN_MAX_LIFE_S)
        cache->floor_s = MAX(cache->floor_s, r->at_s + 1);
    return slot;
}

static void revocation_put(struct token_cache *cache, const struct revocation *new)
{
    struct revocation *known = revocation_find(cache, new->user_id, new->session_id);
    if (known) {
        known->at_s = MAX(known->at_s, new->at_s);
        if (new->generation > known->generation) {
            known->generation = new->generation;
            memcpy(known->spared, new->spared, sizeof known->spared);
        }
        return;
    }
    uint32_t slot = revocation_slot(cache);
    uint32_t *head = revoked_head(cache, new->user_id, new->session_id);
    cache->revocations[slot] = *new;
    cache->revocations[slot].next = *head;
    *head = slot;
}

enum err token_cache_revoke(struct token_cache *cache, const struct token_revocation *r)
{
    struct revocation new = {.generation = r->generation, .at_s = r->at_s};
    struct str session = str_of(r->session_id);
    bool of_session = r->generation < 0;

    if ((of_session && session.n == 0) ||
        str_copy(new.user_id, sizeof new.user_id, str_of(r->user_id)) != ERR_OK ||
        str_copy(of_session ? new.session_id : new.spared, UUID_SIZE, session) != ERR_OK)
        return ERR_INVALID;
    revocation_put(cache, &new);
    return ERR_OK;
}
