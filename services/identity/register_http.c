/* Signing up and the links in mails.
 *
 * None of these answers tells whether an address has an account. Who asks for a mail only queues a
 * job, which looks the address up later; who signs up waits for the hash in any case. */
#include "common/clock.h"
#include "common/rng.h"
#include "identity.h"
#include "identity_api.h"
#include "password_policy.h"

#define MAX_EMAIL 320

/* --- signing up ----------------------------------------------------------------------------- */

static enum step_rc register_hash(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    const struct register_in *in = r->in;
    const char *problem = password_problem(str_of(in->password), in->email, in->name);
    if (problem)
        return req_fail_field(r, "/password", problem);
    c->proof.work.fresh = str_of(in->password);
    return req_work(r, password_work_run, &c->proof.work);
}

static enum step_rc register_save(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    const struct register_in *in = r->in;
    enum err e = c->proof.work.err;
    if (e == ERR_OK)
        e = link_make(r, c);
    if (e != ERR_OK)
        return req_fail(r, e, NULL);
    uuid_v7(r->now_us / USEC_PER_MSEC, c->id);
    return req_pg(r, &sql_register,
                  PG_ARGS(req_sql_ctx(r), c->id, in->email, in->name, in->phone, c->proof.work.made,
                          c->secret.hash, c->sealed,
                          number_text(r, identity_config(r->svc)->verify_ttl_s)));
}

/* --- asking for a mail ---------------------------------------------------------------------- */

/* The address goes into the queue sealed: the queue is no place for people's data. */
static enum step_rc mail_request(struct req *r, const char *purpose)
{
    struct identity_ctx *c = r->ctx;
    const struct email_in *in = r->in;
    char email[MAX_EMAIL];
    enum err e = str_copy(email, sizeof(email), str_of(in->email));
    for (char *p = email; e == ERR_OK && *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p = (char)(*p - 'A' + 'a');
    if (e == ERR_OK)
        e = secret_hash(str_of(email), c->hash);
    if (e == ERR_OK)
        e = keyring_seal(r->svc->keyring, "mail-request", r->arena, str_of(email), &c->sealed);
    if (e != ERR_OK)
        return req_fail(r, e, NULL);
    return req_pg(r, &sql_mail_request, PG_ARGS(req_sql_ctx(r), purpose, c->hash, c->sealed));
}

static enum step_rc forgot_request(struct req *r)
{
    return mail_request(r, "reset");
}

static enum step_rc resend_request(struct req *r)
{
    return mail_request(r, "verify");
}

/* --- following a link ----------------------------------------------------------------------- */

static enum step_rc link_followed(struct req *r)
{
    if (pg_rows(r->rows) == 0)
        return req_fail(r, ERR_LINK_INVALID, NULL);
    return req_reply_empty(r, 204);
}

static enum step_rc verify_save(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    const struct link_in *in = r->in;
    enum err e = secret_hash(str_of(in->token), c->hash);
    if (e != ERR_OK)
        return req_fail(r, e, NULL);
    return req_pg(r, &sql_email_verify, PG_ARGS(req_sql_ctx(r), c->hash));
}

static enum step_rc reset_load(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    const struct reset_in *in = r->in;
    enum err e = secret_hash(str_of(in->token), c->hash);
    if (e != ERR_OK)
        return req_fail(r, e, NULL);
    return req_pg(r, &sql_token_load, PG_ARGS(req_sql_ctx(r), c->hash));
}

static enum step_rc reset_hash(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    const struct reset_in *in = r->in;
    if (pg_rows(r->rows) == 0)
        return req_fail(r, ERR_LINK_INVALID, NULL);
    const char *problem = password_problem(str_of(in->password), pg_first(r->rows, "email"),
                                           pg_first(r->rows, "name"));
    if (problem)
        return req_fail_field(r, "/password", problem);
    c->proof.work.fresh = str_of(in->password);
    return req_work(r, password_work_run, &c->proof.work);
}

static enum step_rc reset_save(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    if (c->proof.work.err != ERR_OK)
        return req_fail(r, c->proof.work.err, NULL);
    return req_pg(r, &sql_password_reset, PG_ARGS(req_sql_ctx(r), c->hash, c->proof.work.made));
}

/* --- the stories ---------------------------------------------------------------------------- */

/* clang-format off */
const struct step register_steps[] = {
    STEP(register_hash),
    STEP(register_save),
    STEP(ring_bus),
    STEP(reply_row),
    STEP_END,
};

const struct step resend_steps[] = {
    STEP(resend_request),
    STEP(ring_bus),
    STEP(reply_row),
    STEP_END,
};

const struct step forgot_steps[] = {
    STEP(forgot_request),
    STEP(ring_bus),
    STEP(reply_row),
    STEP_END,
};

const struct step verify_steps[] = {
    STEP(verify_save),
    STEP(ring_bus),
    STEP(link_followed),
    STEP_END,
};

const struct step reset_steps[] = {
    STEP(reset_load),
    STEP(reset_hash),
    STEP(reset_save),
    STEP(ring_bus),
    STEP(ring_watch),
    STEP(link_followed),
    STEP_END,
};
