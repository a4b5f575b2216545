/* From identity.claims() to a struct caller. The JSON is parsed in the caller's arena. */
#include "claims.h"

#include <string.h>

#include "common/json.h"
#include "common/str.h"

static bool stations_read(const struct json *list, struct caller *c)
{
    if (!list || json_type(list) != JSON_ARRAY || json_count(list) > CALLER_MAX_STATIONS)
        return false;
    for (const struct json *item = json_first(list); item; item = json_next(item)) {
        if (json_type(item) != JSON_STRING || !str_is_uuid(str_of(json_string(item))))
            return false;
        memcpy(c->stations[c->n_stations++], json_string(item), UUID_SIZE);
    }
    return true;
}

static bool scopes_read(const struct json *map, struct caller *c)
{
    if (!map || json_type(map) != JSON_OBJECT)
        return false;
    for (const struct json *item = json_first(map); item; item = json_next(item)) {
        if (json_type(item) != JSON_STRING)
            return false;
        enum perm perm = perm_from_name(json_name(item));
        if (perm != PERM_MAX)
            c->scopes[perm] = (uint8_t)scope_from_name(json_string(item));
    }
    return true;
}

enum err claims_read(struct arena *a, const char *json, struct caller *ret_caller)
{
    const struct json *doc;
    enum err e = json_parse(a, str_of(json), &doc, NULL);
    if (e != ERR_OK)
        return e == ERR_MALFORMED ? ERR_INTERNAL : e;
    const struct json *role = json_get(doc, "role");
    const struct json *generation = json_get(doc, "generation");
    struct caller c = {0};
    if (json_type(doc) != JSON_OBJECT || !role || json_type(role) != JSON_STRING ||
        str_copy(c.role, sizeof(c.role), str_of(json_string(role))) != ERR_OK || !generation ||
        json_type(generation) != JSON_NUMBER || json_i64(generation, &c.generation) != ERR_OK ||
        c.generation < 0 || !stations_read(json_get(doc, "stations"), &c) ||
        !scopes_read(json_get(doc, "scopes"), &c))
        return ERR_INTERNAL;
    memcpy(ret_caller->role, c.role, sizeof(c.role));
    memcpy(ret_caller->stations, c.stations, sizeof(c.stations));
    memcpy(ret_caller->scopes, c.scopes, sizeof(c.scopes));
    ret_caller->n_stations = c.n_stations;
    ret_caller->generation = c.generation;
    return ERR_OK;
}
