/* Somebody proves that an account is his. Texts live in the request's arena. */
#include "proof.h"

#include "common/clock.h"
#include "common/totp.h"
#include "identity.h"

/* --- the parts ------------------------------------------------------------------------------ */

static bool column_take(struct req *r, const char *name, const char **ret_text)
{
    const char *value = pg_first(r->rows, name);
    *ret_text = value ? arena_strdup(r->arena, value) : NULL;
    return !value || *ret_text;
}

static bool column_is(const struct req *r, const char *name, const char *wanted)
{
    const char *value = pg_first(r->rows, name);
    return value && strcmp(value, wanted) == 0;
}

enum err proof_read(struct req *r, struct proof *p)
{
    if (pg_rows(r->rows) == 0)
        return ERR_OK;
    if (!column_take(r, "id", &p->user_id) || !column_take(r, "email", &p->email) ||
        !column_take(r, "name", &p->name) || !column_take(r, "password_hash", &p->hash) ||
        !column_take(r, "mfa_secret", &p->mfa_secret))
        return ERR_NO_MEMORY;
    p->locked = column_is(r, "locked", "t");
    p->active = column_is(r, "state", "active");
    p->mfa = column_is(r, "mfa", "t");
    const char *last = pg_first(r->rows, "mfa_last_step");
    if (!last || str_to_i64(str_of(last), 0, INT64_MAX, &p->last_step) != ERR_OK)
        p->last_step = -1;
    return ERR_OK;
}

static enum err mfa_secret_open(struct req *r, const struct proof *p, struct str *ret_secret)
{
    const char *purpose = arena_printf(r->arena, MFA_PURPOSE "%s", p->user_id);
    if (!purpose)
        return ERR_NO_MEMORY;
    struct str secret;
    enum err e = keyring_unseal(r->svc->keyring, purpose, r->arena, str_of(p->mfa_secret), &secret);
    if (e == ERR_INVALID || (e == ERR_OK && secret.n != TOTP_SECRET_BYTES)) {
        req_note(r, "an MFA secret cannot be opened: is its key gone from KEYRING?");
        return ERR_INTERNAL;
    }
    if (e == ERR_OK)
        *ret_secret = secret;
    return e;
}

static enum err code_check(struct req *r, struct proof *p, const char *code)
{
    struct str secret;
    int64_t step;
    enum err e = mfa_secret_open(r, p, &secret);
    if (e != ERR_OK)
        return e;
    e = totp_verify((const uint8_t *)secret.p, str_of(code), r->now_us / USEC_PER_SEC, &step);
    if (e == ERR_UNAUTHORIZED || (e == ERR_OK && step <= p->last_step)) {
        p->code = CODE_BAD;
        return ERR_OK;
    }
    if (e != ERR_OK)
        return e;
    p->code = CODE_GOOD;
    p->step = number_text(r, step);
    return p->step ? ERR_OK : ERR_NO_MEMORY;
}

static enum err recovery_check(struct req *r, struct proof *p, const char *recovery)
{
    char hash[SECRET_HASH_SIZE];
    enum err e = recovery_code_hash(str_of(recovery), hash);
    p->code = e == ERR_OK ? CODE_GOOD : CODE_BAD;
    if (e != ERR_OK)
        return e == ERR_INVALID ? ERR_OK : e;
    p->recovery = arena_strdup(r->arena, hash);
    return p->recovery ? ERR_OK : ERR_NO_MEMORY;
}

enum err proof_code(struct req *r, struct proof *p, const char *code, const char *recovery)
{
    p->code = CODE_NONE;
    if (!p->mfa)
        return ERR_OK;
    if (code)
        return code_check(r, p, code);
    return recovery ? recovery_check(r, p, recovery) : ERR_OK;
}

void proof_judge(struct proof *p)
{
    struct login_facts facts = {
        .known = p->user_id != NULL,
        .locked = p->locked,
        .password_ok = p->work.passed,
        .mfa = p->mfa,
        .code = p->code,
        .active = p->active,
    };
    p->outcome = login_judge(&facts);
}

enum step_rc proof_fail(struct req *r, const struct proof *p)
{
    const struct identity_config *config = identity_config(r->svc);
    return req_pg(r, &sql_login_fail,
                  PG_ARGS(req_sql_ctx(r), p->user_id, login_outcome_name(p->outcome),
                          user_agent_of(r), number_text(r, config->lockout_after),
                          number_text(r, config->lockout_base_s),
                          number_text(r, config->lockout_max_s)));
}

/* --- the steps of who is signed in ---------------------------------------------------------- */

enum step_rc prove_load(struct req *r)
{
    return req_pg(r, &sql_account_load, PG_ARGS(req_sql_ctx(r)));
}

enum step_rc prove_account(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    if (pg_rows(r->rows) == 0) /* the session ended a moment ago */
        return req_fail(r, ERR_UNAUTHORIZED, NULL);
    enum err e = proof_read(r, &c->proof);
    return e == ERR_OK ? STEP_NEXT : req_fail(r, e, NULL);
}

enum step_rc prove_password(struct req *r)
{
    struct identity_ctx *c = r->ctx;
    c->proof.work.check = true;
    c->proof.work.hash = c->proof.hash;
    return req_work(r, password_work_run, &c->proof.work);
}

/* Codes are not asked for here: mfa_disable does so itself. */
enum step_rc prove_judge(struct req *r)
{
    struct proof *p = &((struct identity_ctx *)r->ctx)->proof;
    if (p->work.err != ERR_OK)
        return req_fail(r, p->work.err, NULL);
    if (p->code == CODE_NONE)
        p->code = CODE_GOOD;
    proof_judge(p);
    return p->outcome == LOGIN_OK ? STEP_NEXT : proof_fail(r, p);
}

enum step_rc prove_refuse(struct req *r)
{
    const struct proof *p = &((struct identity_ctx *)r->ctx)->proof;
    if (p->outcome == LOGIN_OK)
        return STEP_NEXT;
    (void)ring_bus(r);
    if (p->outcome == LOGIN_WRONG_CODE)
        return req_fail_field(r, "/code", "is not right, or was used before");
    return req_fail(r, ERR_PASSWORD_WRONG, NULL);
}
