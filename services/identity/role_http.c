/* Roles, and what each may do. */
#include "identity.h"
#include "identity_api.h"

#define LIST_BYTES 16384

static enum step_rc role_list(struct req *r)
{
    return req_pg(r, &sql_role_list, PG_ARGS(req_sql_ctx(r)));
}

static enum step_rc role_get(struct req *r)
{
    return req_pg(r, &sql_role_get, PG_ARGS(req_sql_ctx(r), r->params[0]));
}

/* The names are a table of ours: a wrong one is the client's mistake, and so is one given twice. */
static enum step_rc role_set_check(struct req *r)
{
    const struct role_set_in *in = r->in;
    bool seen[PERM_MAX] = {false};
    int i = 0;
    for (const struct json *item = json_first(in->permissions); item; item = json_next(item), i++) {
        const struct json *name = json_get(item, "permission");
        enum perm perm = name ? perm_from_name(json_string(name)) : PERM_MAX;
        if (perm != PERM_MAX && !seen[perm]) {
            seen[perm] = true;
            continue;
        }
        const char *pointer = arena_printf(r->arena, "/permissions/%d/permission", i);
        return pointer ? req_fail_field(r, pointer,
                                        perm == PERM_MAX ? "is not a permission" : "is given twice")
                       : req_fail(r, ERR_NO_MEMORY, NULL);
    }
    return STEP_NEXT;
}

static enum step_rc role_set(struct req *r)
{
    return req_pg(r, &sql_role_set, PG_ARGS(req_sql_ctx(r), r->params[0], r->in_json, r->if_match));
}

static enum step_rc permission_list(struct req *r)
{
    struct buf b = BUF_INIT(LIST_BYTES);
    struct json_writer w = JSON_WRITER(&b);
    json_open(&w, NULL, '{');
    json_open(&w, "items", '[');
    for (int p = 0; p < PERM_MAX; p++) {
        json_open(&w, NULL, '{');
        json_put_cstr(&w, "name", perm_name((enum perm)p));
        json_put_cstr(&w, "description", perm_prose((enum perm)p));
        json_close(&w, '}');
    }
    json_close(&w, ']');
    json_close(&w, '}');
    return reply_buf(r, 0, &b);
}

/* clang-format off */
const struct step role_list_steps[] = {
    STEP(role_list),
    STEP(reply_row),
    STEP_END,
};

const struct step role_get_steps[] = {
    STEP(role_get),
    STEP(reply_row),
    STEP_END,
};

const struct step role_set_steps[] = {
    STEP(role_set_check),
    STEP(role_set),
    STEP(reply_row),
    STEP_END,
};

const struct step permission_list_steps[] = {
    STEP(permission_list),
    STEP_END,
};
