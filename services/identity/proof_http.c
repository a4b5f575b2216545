/* What the owner of an account changes of how he signs in: password, second factor, recovery codes;
 * and that he deletes it. Each takes his password once more, so that an access token alone does not
 * change them. */
#include "common/clock.h"
#include "common/encode.h"
#include "common/rng.h"
#include "common/totp.h"
#include "identity.h"
#include "identity_api.h"
#include "password_policy.h"

#define ISSUER "My%20Hibachi"
#define REPLY_BYTES 4096

/* The row that a write returns when it was done; without one somebody else was quicker. */
static enum step_rc change_done(struct req *r)
{
    return pg_rows(r->rows) ? STEP_NEXT : req_fail(r, ERR_STATE_CONFLICT, NULL);
}

static enum step_rc reply_204(struct req *r)
{
    return req_reply_empty(r, 204);
}

static enum step_rc reply_prepared(struct req *r)
{
    const struct identity_ctx *c = r->ctx;
    return req_reply(r, 0, str_of(c->reply));
}

/* --- the password --------------------------------------------------------------------------- */

static enum step_rc change_policy(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    const struct password_change_in *in = r->in;
    const char *problem = password_problem(str_of(in->new_password), c->proof.email, c->proof.name);
    if (!problem && strcmp(in->new_password, in->current_password) == 0)
        problem = "is the current one";
    if (problem)
        return req_fail_field(r, "/new_password", problem);
    c->proof.work.password = str_of(in->current_password);
    c->proof.work.fresh = str_of(in->new_password);
    return STEP_NEXT;
}

static enum step_rc change_save(struct req *r)
{
    const struct proof *p = &((struct identity_ctx *)r->ctx)->proof;
    return req_pg(r, &sql_password_change, PG_ARGS(req_sql_ctx(r), p->hash, p->work.made));
}

/* --- the second factor ---------------------------------------------------------------------- */

static enum step_rc password_taken(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    const struct password_in *in = r->in;
    c->proof.work.password = str_of(in->password);
    return STEP_NEXT;
}

static enum step_rc setup_save(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    if (c->proof.mfa)
        return req_fail(r, ERR_MFA_ENABLED, NULL);
    uint8_t secret[TOTP_SECRET_BYTES];
    char text[BASE32_SIZE(TOTP_SECRET_BYTES)];
    rng_bytes(secret, sizeof(secret));
    base32_encode(secret, sizeof(secret), text);

    struct buf uri = BUF_INIT(REPLY_BYTES), reply = BUF_INIT(REPLY_BYTES);
    buf_adds(&uri, "otpauth://totp/" ISSUER ":");
    percent_encode(&uri, str_of(c->proof.email));
    buf_addf(&uri, "?secret=%s&issuer=", text);
    buf_adds(&uri, ISSUER);
    const char *uri_text = text_take(r, &uri);
    struct json_writer w = JSON_WRITER(&reply);
    json_open(&w, NULL, '{');
    json_put_cstr(&w, "secret", text);
    json_put_cstr(&w, "otpauth_uri", uri_text);
    json_close(&w, '}');
    c->reply = text_take(r, &reply);

    const char *purpose = arena_printf(r->arena, MFA_PURPOSE "%s", c->proof.user_id);
    if (!uri_text || !c->reply || !purpose)
        return req_fail(r, ERR_NO_MEMORY, NULL);
    enum err e = keyring_seal(r->svc->keyring, purpose, r->arena,
                              (struct str){(const char *)secret, sizeof(secret)}, &c->sealed);
    if (e != ERR_OK)
        return req_fail(r, e, NULL);
    return req_pg(r, &sql_mfa_setup, PG_ARGS(req_sql_ctx(r), c->sealed));
}

/* Makes the codes: the texts as the reply, the hashes as a JSON array for the statement. */
static const char *recovery_make(struct req *r, struct identity_ctx *c)
{
    struct buf reply = BUF_INIT(REPLY_BYTES), hashes = BUF_INIT(REPLY_BYTES);
    struct json_writer texts = JSON_WRITER(&reply), list = JSON_WRITER(&hashes);
    json_open(&texts, NULL, '{');
    json_open(&texts, "recovery_codes", '[');
    json_open(&list, NULL, '[');
    enum err e = ERR_OK;
    for (int i = 0; i < RECOVERY_CODES && e == ERR_OK; i++) {
        struct secret code;
        e = recovery_code_make(&code);
        if (e != ERR_OK)
            break;
        json_put_cstr(&texts, NULL, code.text);
        json_put_cstr(&list, NULL, code.hash);
    }
    json_close(&texts, ']');
    json_close(&texts, '}');
    json_close(&list, ']');
    c->reply = text_take(r, &reply);
    const char *text = text_take(r, &hashes);
    return e == ERR_OK && c->reply ? text : NULL;
}

static enum step_rc enable_save(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    const struct mfa_enable_in *in = r->in;
    struct proof *p = &c->proof;
    if (p->mfa)
        return req_fail(r, ERR_MFA_ENABLED, NULL);
    if (!p->mfa_secret)
        return req_fail(r, ERR_MFA_NOT_SET_UP, NULL);
    p->mfa = true;
    enum err e = proof_code(r, p, in->code, NULL);
    if (e != ERR_OK)
        return req_fail(r, e, NULL);
    if (p->code != CODE_GOOD)
        return req_fail_field(r, "/code", "is not right");
    const char *hashes = recovery_make(r, c);
    if (!hashes)
        return req_fail(r, ERR_NO_MEMORY, NULL);
    return req_pg(r, &sql_mfa_enable, PG_ARGS(req_sql_ctx(r), p->mfa_secret, p->step, hashes));
}

static enum step_rc disable_taken(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    const struct mfa_disable_in *in = r->in;
    if (!in->code && !in->recovery_code)
        return req_fail_field(r, "/code", "is needed, or a recovery code");
    c->proof.work.password = str_of(in->password);
    return STEP_NEXT;
}

static enum step_rc disable_code(struct req *r)
{
    struct proof *p = &((struct identity_ctx *)r->ctx)->proof;
    const struct mfa_disable_in *in = r->in;
    if (!p->mfa)
        return req_fail(r, ERR_MFA_NOT_SET_UP, NULL);
    enum err e = proof_code(r, p, in->code, in->recovery_code);
    return e == ERR_OK ? STEP_NEXT : req_fail(r, e, NULL);
}

static enum step_rc disable_save(struct req *r)
{
    const struct proof *p = &((struct identity_ctx *)r->ctx)->proof;
    return req_pg(r, &sql_mfa_disable, PG_ARGS(req_sql_ctx(r), p->step, p->recovery));
}

/* A recovery code that is none shows only now: it counts as well. */
static enum step_rc disable_late(struct req *r)
{
    struct proof *p = &((struct identity_ctx *)r->ctx)->proof;
    if (pg_rows(r->rows))
        return STEP_NEXT;
    p->outcome = LOGIN_WRONG_CODE;
    return proof_fail(r, p);
}

static enum step_rc recovery_save(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    if (!c->proof.mfa)
        return req_fail(r, ERR_MFA_NOT_SET_UP, NULL);
    const char *hashes = recovery_make(r, c);
    if (!hashes)
        return req_fail(r, ERR_NO_MEMORY, NULL);
    return req_pg(r, &sql_recovery_codes, PG_ARGS(req_sql_ctx(r), hashes));
}

static enum step_rc erase_save(struct req *r)
{
    return req_pg(r, &sql_erase_self, PG_ARGS(req_sql_ctx(r)));
}

/* --- the stories ---------------------------------------------------------------------------- */

/* clang-format off */
const struct step password_change_steps[] = {
    STEP(need_session),
    STEP(prove_load),
    STEP(prove_account),
    STEP(change_policy),
    STEP(prove_password),
    STEP(prove_judge),
    STEP(prove_refuse),
    STEP(change_save),
    STEP(change_done),
    STEP(ring_bus),
    STEP(ring_watch),
    STEP(reply_204),
    STEP_END,
};

const struct step mfa_setup_steps[] = {
    STEP(need_session),
    STEP(prove_load),
    STEP(prove_account),
    STEP(password_taken),
    STEP(prove_password),
    STEP(prove_judge),
    STEP(prove_refuse),
    STEP(setup_save),
    STEP(change_done),
    STEP(reply_prepared),
    STEP_END,
};

const struct step mfa_enable_steps[] = {
    STEP(need_session),
    STEP(prove_load),
    STEP(prove_account),
    STEP(enable_save),
    STEP(change_done),
    STEP(ring_bus),
    STEP(reply_prepared),
    STEP_END,
};

const struct step mfa_disable_steps[] = {
    STEP(need_session),
    STEP(disable_taken),
    STEP(prove_load),
    STEP(prove_account),
    STEP(disable_code),
    STEP(prove_password),
    STEP(prove_judge),
    STEP(prove_refuse),
    STEP(disable_save),
    STEP(disable_late),
    STEP(prove_refuse),
    STEP(ring_bus),
    STEP(reply_204),
    STEP_END,
};

const struct step erase_self_steps[] = {
    STEP(need_session),
    STEP(prove_load),
    STEP(prove_account),
    STEP(password_taken),
    STEP(prove_password),
    STEP(prove_judge),
    STEP(prove_refuse),
    STEP(erase_save),
    STEP(change_done),
    STEP(ring_bus),
    STEP(ring_watch),
    STEP(reply_row),
    STEP_END,
};

const struct step recovery_codes_steps[] = {
    STEP(need_session),
    STEP(prove_load),
    STEP(prove_account),
    STEP(password_taken),
    STEP(prove_password),
    STEP(prove_judge),
    STEP(prove_refuse),
    STEP(recovery_save),
    STEP(change_done),
    STEP(reply_prepared),
    STEP_END,
};
