/* What identity.claims() says of an account: what is taken fits a token. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "claims.h"
#include "common/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct caller *c)
{
    if (c->n_stations > CALLER_MAX_STATIONS || strlen(c->role) >= sizeof c->role)
        abort();
    for (size_t i = 0; i < c->n_stations; i++)
        if (!str_is_uuid(str_of(c->stations[i])))
            abort();
    for (size_t i = 0; i < PERM_MAX; i++)
        if (c->scopes[i] > SCOPE_ALL)
            abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct caller nobody;
    struct caller c = nobody;
    struct arena *a = arena_new(1 << 20);
    const char *text = a ? arena_strndup(a, (const char *)data, size) : NULL;
    if (text && claims_read(a, text, &c) == ERR_OK)
        check(&c);
    else if (memcmp(&c, &nobody, sizeof c) != 0)
        abort();
    arena_free(a);
    return 0;
}
