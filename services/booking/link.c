/* Links to bookings, and sending one again. */
#include "link.h"

#include "booking_core_api.h"
#include "booking_sql.h"
#include "routes_core.h"

enum err link_make(const struct svc *svc, struct arena *a, const char *booking_id,
                   const char *version, struct link *ret_link)
{
    const char *token, *payload = arena_printf(a, "booking %s %s", booking_id, version);
    if (!payload)
        return ERR_NO_MEMORY;
    enum err e = keyring_sign(svc->keyring, "link", a, str_of(payload), &token);
    if (e != ERR_OK)
        return e;
    const char *url =
        arena_printf(a, "%s/bookings/%s#token=%s", svc->config->web_url, booking_id, token);
    if (!url)
        return ERR_NO_MEMORY;
    *ret_link = (struct link){.token = token, .url = url};
    return ERR_OK;
}

static enum step_rc send_write(struct req *r)
{
    return req_pg(r, &sql_booking_link_send, PG_ARGS(req_sql_ctx(r), r->params[0], r->in_json));
}

const struct step booking_link_send_steps[] = {
    STEP(send_write), STEP(ring_bus), STEP(reply_row), STEP_END,
};
