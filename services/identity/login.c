/* What a sign-in comes to: a pure decision over the facts, and a table of what follows from it. */
#include "login.h"

#include "common/compiler.h"

/* In the order of enum login_outcome. */
static const struct {
    const char *name;
    enum err err;
} outcomes[] = {
    {"ok", ERR_OK},
    {"unknown", ERR_INVALID_CREDENTIALS},
    {"wrong_password", ERR_INVALID_CREDENTIALS},
    {"locked", ERR_INVALID_CREDENTIALS},
    {"code_required", ERR_MFA_REQUIRED},
    {"wrong_code", ERR_MFA_INVALID},
    {"disabled", ERR_ACCOUNT_DISABLED},
};

_Static_assert(ARRAY_LEN(outcomes) == LOGIN_OUTCOME_MAX, "one row an outcome");

enum login_outcome login_judge(const struct login_facts *f)
{
    if (!f->known)
        return LOGIN_UNKNOWN;
    if (f->locked)
        return LOGIN_LOCKED;
    if (!f->password_ok)
        return LOGIN_WRONG_PASSWORD;
    if (f->mfa && f->code == CODE_NONE)
        return LOGIN_CODE_REQUIRED;
    if (f->mfa && f->code == CODE_BAD)
        return LOGIN_WRONG_CODE;
    return f->active ? LOGIN_OK : LOGIN_DISABLED;
}

const char *login_outcome_name(enum login_outcome o)
{
    return outcomes[o].name;
}

enum err login_outcome_err(enum login_outcome o)
{
    return outcomes[o].err;
}
