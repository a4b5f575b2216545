/* API keys: shown once, kept as a hash, good for access tokens (see login_http.c). */
#include "common/clock.h"
#include "common/rng.h"
#include "identity.h"
#include "identity_api.h"

static enum step_rc key_check(struct req *r)
{
    const struct api_key_in *in = r->in;
    int i = 0;
    for (const struct json *item = json_first(in->permissions); item; item = json_next(item), i++) {
        if (perm_from_name(json_string(item)) != PERM_MAX)
            continue;
        const char *pointer = arena_printf(r->arena, "/permissions/%d", i);
        return pointer ? req_fail_field(r, pointer, "is not a permission")
                       : req_fail(r, ERR_NO_MEMORY, NULL);
    }
    return STEP_NEXT;
}

static enum step_rc key_create(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    enum err e = api_key_make(c->prefix, &c->secret);
    if (e != ERR_OK)
        return req_fail(r, e, NULL);
    uuid_v7(r->now_us / USEC_PER_MSEC, c->id);
    return req_pg(r, &sql_api_key_create,
                  PG_ARGS(req_sql_ctx(r), c->id, r->in_json, c->prefix, c->secret.hash));
}

/* The database's object with one member more, which the database does not know. */
static enum step_rc key_created(struct req *r)
{
    const struct identity_ctx *c = r->ctx;
    const char *body = pg_first(r->rows, "body"), *location = pg_first(r->rows, "location");
    size_t n = body ? strlen(body) : 0;
    if (n < 2 || body[n - 1] != '}')
        return req_fail(r, ERR_INTERNAL, NULL);
    const char *text =
        arena_printf(r->arena, "%.*s, \"api_key\": \"%s\"}", (int)n - 1, body, c->secret.text);
    if (location)
        req_reply_header(r, "Location", location);
    return text ? req_reply(r, 0, str_of(text)) : req_fail(r, ERR_NO_MEMORY, NULL);
}

static enum step_rc key_list(struct req *r)
{
    return req_pg(r, &sql_api_key_list,
                  PG_ARGS(req_sql_ctx(r), req_cursor(r), number_text(r, req_limit(r))));
}

static enum step_rc key_revoke(struct req *r)
{
    return req_pg(r, &sql_api_key_revoke, PG_ARGS(req_sql_ctx(r), r->params[0]));
}

/* clang-format off */
const struct step api_key_create_steps[] = {
    STEP(need_session),
    STEP(key_check),
    STEP(key_create),
    STEP(ring_bus),
    STEP(key_created),
    STEP_END,
};

const struct step api_key_list_steps[] = {
    STEP(key_list),
    STEP(reply_row),
    STEP_END,
};

const struct step api_key_revoke_steps[] = {
    STEP(need_session),
    STEP(key_revoke),
    STEP(ring_watch),
    STEP(reply_row),
    STEP_END,
};
