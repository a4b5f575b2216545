/* Signing in, keeping signed in, and trading an API key for a token.
 *
 * What is told and what not is login.h's; what happens at once with what is in the statements. A
 * refresh token works once, without grace: whoever presents one again, be it a client whose answer
 * got lost, has to sign in anew. A grace would be the thief's as well (RFC 9700 section 4.14.2). */
#include "common/rng.h"
#include "common/clock.h"
#include "identity.h"
#include "identity_api.h"

/* --- with a password ------------------------------------------------------------------------ */

static enum step_rc login_load(struct req *r)
{
    const struct login_in *in = r->in;
    return req_pg(r, &sql_login_load, PG_ARGS(req_sql_ctx(r), in->email));
}

static enum step_rc login_check(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    const struct login_in *in = r->in;
    enum err e = proof_read(r, &c->proof);
    if (e != ERR_OK)
        return req_fail(r, e, NULL);
    c->proof.work.password = str_of(in->password);
    return prove_password(r);
}

static enum step_rc login_enter(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    const struct login_in *in = r->in;
    const struct identity_config *config = identity_config(r->svc);
    struct proof *p = &c->proof;
    enum err e = p->work.err;
    if (e == ERR_OK && p->work.passed)
        e = proof_code(r, p, in->mfa_code, in->recovery_code);
    if (e == ERR_OK)
        e = secret_make("mhr_", &c->secret);
    if (e != ERR_OK)
        return req_fail(r, e, NULL);
    proof_judge(p);
    if (p->outcome != LOGIN_OK)
        return STEP_NEXT;
    uuid_v7(r->now_us / USEC_PER_MSEC, c->id);
    return req_pg(r, &sql_login_ok,
                  PG_ARGS(req_sql_ctx(r), p->user_id, p->hash,
                          p->work.made[0] ? p->work.made : NULL, p->step, p->recovery, c->id,
                          c->secret.hash, user_agent_of(r), number_text(r, config->refresh_ttl_s),
                          number_text(r, config->session_ttl_s)));
}

static enum step_rc login_entered(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    struct proof *p = &c->proof;
    if (p->outcome != LOGIN_OK)
        return STEP_NEXT;
    if (pg_rows(r->rows) == 0) {
        /* The recovery code is none, or something changed between reading and writing. */
        p->outcome = p->recovery || p->step ? LOGIN_WRONG_CODE : LOGIN_WRONG_PASSWORD;
        return STEP_NEXT;
    }
    (void)ring_bus(r);
    metric_add(&identity_metrics[M_LOGINS], 1, login_outcome_name(p->outcome));
    return tokens_reply(r, p->user_id, c->id, pg_first(r->rows, "claims"), c->secret.text);
}

static enum step_rc login_refuse(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    return proof_fail(r, &c->proof);
}

static enum step_rc login_refused(struct req *r)
{
    const struct identity_ctx *c = r->ctx;
    const char *locked = pg_first(r->rows, "locked");
    metric_add(&identity_metrics[M_LOGINS], 1, login_outcome_name(c->proof.outcome));
    if (locked && locked[0] == 't')
        metric_add(&identity_metrics[M_LOCKOUTS], 1);
    (void)ring_bus(r);
    return req_fail(r, login_outcome_err(c->proof.outcome), NULL);
}

/* --- with a refresh token ------------------------------------------------------------------- */

static enum step_rc refresh_trade(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    const struct refresh_in *in = r->in;
    enum err e = secret_hash(str_of(in->refresh_token), c->hash);
    if (e == ERR_OK)
        e = secret_make("mhr_", &c->secret);
    if (e != ERR_OK)
        return req_fail(r, e, NULL);
    return req_pg(r, &sql_refresh,
                  PG_ARGS(req_sql_ctx(r), c->hash, c->secret.hash,
                          number_text(r, identity_config(r->svc)->refresh_ttl_s),
                          user_agent_of(r)));
}

static enum step_rc refresh_reply(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    const char *verdict = pg_first(r->rows, "verdict");
    metric_add(&identity_metrics[M_REFRESHES], 1, verdict ? verdict : "unknown");
    if (verdict && strcmp(verdict, "ok") == 0)
        return tokens_reply(r, pg_first(r->rows, "user_id"), pg_first(r->rows, "session_id"),
                            pg_first(r->rows, "claims"), c->secret.text);
    if (verdict && strcmp(verdict, "reused") == 0) {
        req_note(r, "refresh token reused");
        (void)ring_bus(r);
        (void)ring_watch(r);
    }
    return req_fail(r, ERR_REFRESH_INVALID, NULL);
}

/* --- with an API key ------------------------------------------------------------------------ */

static enum step_rc api_token_trade(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    const struct api_token_in *in = r->in;
    enum err e = api_key_split(str_of(in->api_key), c->prefix, c->hash);
    if (e != ERR_OK)
        return req_fail(r, e == ERR_INVALID ? ERR_API_KEY_INVALID : e, NULL);
    return req_pg(r, &sql_api_key_use, PG_ARGS(req_sql_ctx(r), c->prefix, c->hash));
}

static enum step_rc api_token_reply(struct req *r)
{
    if (pg_rows(r->rows) == 0)
        return req_fail(r, ERR_API_KEY_INVALID, NULL);
    return tokens_reply(r, pg_first(r->rows, "user_id"), pg_first(r->rows, "id"),
                        pg_first(r->rows, "claims"), /* refresh= */ NULL);
}

/* --- the stories ---------------------------------------------------------------------------- */

/* clang-format off */
const struct step login_steps[] = {
    STEP(login_load),
    STEP(login_check),
    STEP(login_enter),
    STEP(login_entered),
    STEP(login_refuse),
    STEP(login_refused),
    STEP_END,
};

const struct step refresh_steps[] = {
    STEP(refresh_trade),
    STEP(refresh_reply),
    STEP_END,
};
const struct step api_token_steps[] = {
    STEP(api_token_trade),
    STEP(api_token_reply),
    STEP_END,
};
