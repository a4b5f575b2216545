/* The step from what the database says of an account's rights to what its access token carries. */
#ifndef IDENTITY_CLAIMS_H
#define IDENTITY_CLAIMS_H

#include "common/arena.h"
#include "common/compiler.h"
#include "common/err.h"
#include "common/token.h"

/* An access token that an API key was traded for says so here, in place of a role. */
#define ROLE_API_KEY "API_KEY"

/* json is {role, generation, stations: [uuid], scopes: {permission: scope}} as identity.claims()
 * gives it. Sets these members of *ret_caller. Permissions that this program does not know are left
 * out: the database may be a version ahead. ERR_INTERNAL when it is not of that form. */
MUSTCHECK
enum err claims_read(struct arena *a, const char *json, struct caller *ret_caller);

#endif
