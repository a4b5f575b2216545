/* Finds the row for a method and a path. */
#ifndef COMMON_ROUTER_H
#define COMMON_ROUTER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/arena.h"
#include "common/compiler.h"
#include "common/err.h"
#include "common/route.h"
#include "common/str.h"

#define ROUTER_MAX_PARAMS 4

struct router;

/* The tables must outlive the router. NULL when out of memory; a path that two rows claim for the
 * same method, or one with a broken pattern, is a mistake of ours and stops the process. */
MUSTCHECK
struct router *router_new(const struct route *const *tables, const size_t *counts, size_t n_tables);
void router_free(struct router *r);

struct router_match {
    const struct route *route;
    const char *params[ROUTER_MAX_PARAMS]; /* decoded, checked, in the arena */
    char allow[64];                        /* with ERR_METHOD_NOT_ALLOWED: for the Allow header */
};

/* path as sent, without the query. Dots, empty segments, encoded slashes and ill-formed escapes
 * match nothing; {id} and {x_id} take UUIDs, other parameters [A-Za-z0-9._~-]{1,512}.
 * ERR_NOT_FOUND, ERR_METHOD_NOT_ALLOWED, or ERR_TOO_LARGE when the arena is full. */
MUSTCHECK
enum err router_find(const struct router *r, struct arena *a, const char *method, struct str path,
                     struct router_match *ret_match);

/* Is a parameter of that name a UUID? */
bool router_is_id(struct str name);

#endif
