/* Query parameters for statements with filters: those that are absent are absent, so that the
 * planner can forget them. */
#include "query_json.h"

#include <string.h>

const char *query_json(struct req *r, const char *from, const char *to, const char *const *names,
                       size_t n)
{
    struct buf out = BUF_INIT(8192);
    struct json_writer w = JSON_WRITER(&out);
    json_open(&w, NULL, '{');
    if (from)
        json_put_cstr(&w, "from", from);
    if (to)
        json_put_cstr(&w, "to", to);
    for (size_t i = 0; i < n; i++) {
        const char *value = req_query(r, names[i]);
        if (!value && strcmp(names[i], "station_id") == 0 && r->scope == SCOPE_STATION &&
            r->caller.n_stations == 1)
            value = r->caller.stations[0];
        if (value)
            json_put_cstr(&w, names[i], value);
    }
    json_close(&w, '}');
    const char *text = arena_take(r->arena, &out);
    return text;
}

const char *query_limit(struct req *r)
{
    return arena_printf(r->arena, "%d", req_limit(r));
}
