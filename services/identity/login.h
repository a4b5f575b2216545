/* What a sign-in comes to. */
#ifndef IDENTITY_LOGIN_H
#define IDENTITY_LOGIN_H

#include <stdbool.h>

#include "common/err.h"

enum login_outcome {
    LOGIN_OK,
    LOGIN_UNKNOWN,        /* nobody has the address */
    LOGIN_WRONG_PASSWORD, /* counts towards the lock */
    LOGIN_LOCKED,         /* by failures, for a while */
    LOGIN_CODE_REQUIRED,
    LOGIN_WRONG_CODE, /* counts towards the lock */
    LOGIN_DISABLED,   /* locked or disabled by people */
    LOGIN_OUTCOME_MAX
};

enum login_code { CODE_NONE, CODE_GOOD, CODE_BAD };

struct login_facts {
    bool known;  /* there is an account with the address */
    bool locked; /* by failed logins */
    bool password_ok;
    bool mfa; /* the account has a second factor */
    enum login_code code;
    bool active;
};

/* Nothing about an account is told before its password and code are right: until then a wrong
 * password, an unknown address and a locked account look the same. That an account is locked by
 * failures is not told even then, or guessing would go on during the lock; a mail tells the owner.
 */
enum login_outcome login_judge(const struct login_facts *f);

const char *login_outcome_name(enum login_outcome o); /* as in login_history */
enum err login_outcome_err(enum login_outcome o);     /* what the client is told */

#endif
