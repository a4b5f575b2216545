/* What is kept of a person, for him: asked for, listed, fetched. Who puts it together is in
 * common/export.h; the boxes are opened here, in the reply to the account that they are about. */
#include "common/clock.h"
#include "identity.h"
#include "identity_api.h"

#define KEY_PURPOSE "export-key:" /* its id follows, so that it opens for no other */
#define BOX_PURPOSE "export:"
#define PAGE_BYTES (512 << 10) /* of boxes; one may go beyond by its own size */
#define DOCUMENT_BYTES (3u << 20)

/* --- asking ----------------------------------------------------------------------------------- */

/* {id, public, private} of a new one; of no use when there is one already. */
static const char *keys_make(struct req *r)
{
    char id[UUID_SIZE], public_key[BOX_KEY_SIZE], private_key[BOX_KEY_SIZE];
    const char *sealed;
    uuid_v7(r->now_us / USEC_PER_MSEC, id);
    const char *purpose = arena_printf(r->arena, KEY_PURPOSE "%s", id);
    if (!purpose || box_keys_make(public_key, private_key) != ERR_OK)
        return NULL;
    enum err e = keyring_seal(r->svc->keyring, purpose, r->arena, str_of(private_key), &sealed);
    memset(private_key, 0, sizeof(private_key));
    if (e != ERR_OK)
        return NULL;
    return arena_printf(r->arena, "{\"id\":\"%s\",\"public\":\"%s\",\"private\":\"%s\"}", id,
                        public_key, sealed);
}

static enum step_rc request_write(struct req *r, const char *user_id, const char *reason)
{
    const char *keys = keys_make(r);
    if (!keys)
        return req_fail(r, ERR_NO_MEMORY, NULL);
    return req_pg(r, &sql_export_request, PG_ARGS(req_sql_ctx(r), user_id, reason, keys));
}

static enum step_rc request_own(struct req *r)
{
    return request_write(r, NULL, NULL);
}

static enum step_rc request_user(struct req *r)
{
    const struct reason_in *in = r->in;
    return request_write(r, r->params[0], in->reason);
}

/* --- looking ---------------------------------------------------------------------------------- */

static enum step_rc list_load(struct req *r)
{
    return req_pg(r, &sql_export_list,
                  PG_ARGS(req_sql_ctx(r), req_query(r, "user_id"), req_query(r, "state"),
                          req_cursor(r), number_text(r, req_limit(r))));
}

static enum step_rc own_list_load(struct req *r)
{
    return req_pg(r, &sql_export_list,
                  PG_ARGS(req_sql_ctx(r), r->caller.user_id, NULL, req_cursor(r),
                          number_text(r, req_limit(r))));
}

static enum step_rc get_load(struct req *r)
{
    return req_pg(r, &sql_export_get, PG_ARGS(req_sql_ctx(r), r->params[0]));
}

/* --- fetching --------------------------------------------------------------------------------- */

static enum step_rc fetch_load(struct req *r)
{
    const char *page = req_query(r, "page");
    return req_pg(
        r, &sql_export_fetch,
        PG_ARGS(req_sql_ctx(r), r->params[0], page ? page : "1", number_text(r, PAGE_BYTES)));
}

static const char *cell(const struct req *r, int row, const char *name)
{
    return pg_get(r->rows, row, pg_col(r->rows, name));
}

/* The key that opens the boxes, or NULL. */
static const char *key_open(struct req *r)
{
    const char *purpose = arena_printf(r->arena, KEY_PURPOSE "%s", r->params[0]);
    const char *sealed = cell(r, 0, "private_key");
    struct str key;
    if (!purpose || !sealed ||
        keyring_unseal(r->svc->keyring, purpose, r->arena, str_of(sealed), &key) != ERR_OK)
        return NULL;
    return arena_strndup(r->arena, key.p, key.n);
}

static enum err parts_write(struct req *r, const char *key, struct buf *out)
{
    const char *purpose = arena_printf(r->arena, BOX_PURPOSE "%s", r->params[0]);
    if (!purpose)
        return ERR_NO_MEMORY;
    for (int row = 0; row < pg_rows(r->rows); row++) {
        struct str items;
        enum err e = box_open(key, purpose, r->arena, str_of(cell(r, row, "box")), &items);
        if (e != ERR_OK)
            return e;
        buf_addf(out, "%s{\"service\":\"%s\",\"items\":", row > 0 ? "," : "",
                 cell(r, row, "service"));
        buf_add(out, items.p, items.n);
        buf_adds(out, "}");
    }
    return ERR_OK;
}

static enum step_rc fetch_reply(struct req *r)
{
    const char *page = req_query(r, "page");
    if (pg_rows(r->rows) == 0 || !cell(r, 0, "box"))
        return req_fail(r, ERR_NOT_FOUND, NULL);
    const char *key = key_open(r);
    if (!key) {
        req_note(r, "the key of an export does not open");
        return req_fail(r, ERR_INTERNAL, NULL);
    }
    struct buf out = BUF_INIT(DOCUMENT_BYTES);
    buf_addf(&out, "{\"id\":\"%s\",\"user_id\":\"%s\",\"page\":%s,\"pages\":%s,\"parts\":[",
             r->params[0], r->caller.user_id, page ? page : "1", cell(r, 0, "pages"));
    enum err e = parts_write(r, key, &out);
    buf_adds(&out, "]}");
    if (e != ERR_OK) {
        buf_free(&out);
        req_note(r, "a part of an export does not open");
        return req_fail(r, e == ERR_NO_MEMORY ? e : ERR_INTERNAL, NULL);
    }
    req_reply_header(r, "Content-Disposition", "attachment; filename=\"my-data.json\"");
    return reply_buf(r, 0, &out);
}

/* --- the stories ------------------------------------------------------------------------------ */

/* clang-format off */
const struct step export_own_steps[] = {
    STEP(need_session),
    STEP(request_own),
    STEP(ring_bus),
    STEP(reply_row),
    STEP_END,
};

const struct step export_user_steps[] = {
    STEP(need_session),
    STEP(request_user),
    STEP(ring_bus),
    STEP(reply_row),
    STEP_END,
};

const struct step export_list_steps[] = {
    STEP(list_load),
    STEP(reply_row),
    STEP_END,
};

const struct step export_own_list_steps[] = {
    STEP(need_session),
    STEP(own_list_load),
    STEP(reply_row),
    STEP_END,
};

const struct step export_get_steps[] = {
    STEP(need_session),
    STEP(get_load),
    STEP(reply_row),
    STEP_END,
};

const struct step export_fetch_steps[] = {
    STEP(need_session),
    STEP(fetch_load),
    STEP(fetch_reply),
    STEP_END,
};
