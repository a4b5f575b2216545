/* Links for people without an account, and sending one again. */
#include "link.h"

#include <string.h>

#include "booking_core_api.h"
#include "booking_sql.h"
#include "routes_core.h"

/* --- making them ------------------------------------------------------------------------------ */

static enum err link_make(const struct svc *svc, struct arena *a, const char *good_for,
                          const char *path, struct link *ret_link)
{
    const char *token;
    if (!good_for || !path)
        return ERR_NO_MEMORY;
    enum err e = keyring_sign(svc->keyring, "link", a, str_of(good_for), &token);
    if (e != ERR_OK)
        return e;
    const char *url = arena_printf(a, "%s%s#token=%s", svc->config->web_url, path, token);
    if (!url)
        return ERR_NO_MEMORY;
    *ret_link = (struct link){.token = token, .url = url};
    return ERR_OK;
}

enum err link_to_booking(const struct svc *svc, struct arena *a, const char *id,
                         const char *version, struct link *ret_link)
{
    return link_make(svc, a, arena_printf(a, "booking %s %s", id, version),
                     arena_printf(a, "/bookings/%s", id), ret_link);
}

enum err link_to_waitlist(const struct svc *svc, struct arena *a, const char *id,
                          struct link *ret_link)
{
    return link_make(svc, a, arena_printf(a, "waitlist %s", id),
                     arena_printf(a, "/waitlist/%s", id), ret_link);
}

/* --- replies with one ------------------------------------------------------------------------- */

/* The id of what the reply shows, or NULL. */
static const char *made_id(struct req *r)
{
    const char *body = pg_first(r->rows, "body");
    const struct json *doc, *id;
    if (!body || json_parse(r->arena, str_of(body), &doc, NULL) != ERR_OK)
        return NULL;
    id = json_get(doc, "id");
    return id && json_type(id) == JSON_STRING ? json_string(id) : NULL;
}

static enum step_rc link_add(struct req *r, enum err e, const struct link *link)
{
    if (e != ERR_OK)
        return req_fail(r, e, NULL);
    const char *json =
        arena_printf(r->arena, "{\"token\":\"%s\",\"url\":\"%s\"}", link->token, link->url);
    if (!json)
        return req_fail(r, ERR_NO_MEMORY, NULL);
    req_reply_member(r, "link", json);
    return STEP_DONE;
}

enum step_rc reply_with_booking_link(struct req *r)
{
    struct link link;
    enum step_rc rc = reply_row(r);
    if (rc != STEP_DONE || r->caller.known)
        return rc;
    const char *id = made_id(r);
    return link_add(r, id ? link_to_booking(r->svc, r->arena, id, "1", &link) : ERR_NO_MEMORY,
                    &link);
}

enum step_rc reply_with_waitlist_link(struct req *r)
{
    struct link link;
    enum step_rc rc = reply_row(r);
    if (rc != STEP_DONE || r->caller.known)
        return rc;
    const char *id = made_id(r);
    return link_add(r, id ? link_to_waitlist(r->svc, r->arena, id, &link) : ERR_NO_MEMORY, &link);
}

/* --- sending one again ------------------------------------------------------------------------ */

static enum step_rc send_write(struct req *r)
{
    return req_pg(r, &sql_booking_link_send, PG_ARGS(req_sql_ctx(r), r->params[0], r->in_json));
}

const struct step booking_link_send_steps[] = {
    STEP(send_write), STEP(ring_bus), STEP(reply_row), STEP_END,
};
