/* Names of permissions and scopes, from the rows of permissions.def. Owns nothing. */
#include "common/token.h"

#include <string.h>

static const struct {
    const char *name;
    const char *prose;
} perms[] = {
#define PERM(symbol, name, prose) {name, prose},
#include "permissions.def"
#undef PERM
};

static const char *const scopes[] = {"none", "own", "station", "all"};

const char *perm_name(enum perm p)
{
    return p >= 0 && p < PERM_MAX ? perms[p].name : "none";
}

const char *perm_prose(enum perm p)
{
    return p >= 0 && p < PERM_MAX ? perms[p].prose : "Any signed-in caller";
}

enum perm perm_from_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(perms); i++) {
        if (strcmp(perms[i].name, name) == 0)
            return (enum perm)i;
    }
    return PERM_MAX;
}

const char *scope_name(enum scope s)
{
    return (size_t)s < ARRAY_LEN(scopes) ? scopes[s] : scopes[SCOPE_NONE];
}

enum scope scope_from_name(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(scopes); i++) {
        if (strcmp(scopes[i], name) == 0)
            return (enum scope)i;
    }
    return SCOPE_NONE;
}
