/* Somebody proves that an account is his: by its password, and by a code where it has a second
 * factor. At sign-in, and again before he changes either. */
#ifndef IDENTITY_PROOF_H
#define IDENTITY_PROOF_H

#include <stdbool.h>
#include <stdint.h>

#include "common/req.h"
#include "login.h"
#include "password_work.h"
#include "secret.h"

/* What an account's MFA secret is sealed for: its id follows, so that it opens for no other. */
#define MFA_PURPOSE "mfa:"

struct proof {
    /* as read: borrowed from the arena */
    const char *user_id; /* NULL: nobody has the address */
    const char *email, *name, *hash, *mfa_secret;
    bool locked, active, mfa;
    int64_t last_step; /* of the code that was used last; -1: none */
    /* as checked */
    struct password_work work;
    enum login_code code;
    const char *step; /* of a code that is right; NULL: none */
    const char
        *recovery; /* hash of a recovery code; only the statement can tell whether it is right */
    enum login_outcome outcome;
};

/* Takes the row of login_load or account_load. ERR_NO_MEMORY when the arena is full. */
enum err proof_read(struct req *r, struct proof *p);
/* Checks the code of the authenticator app, or takes the recovery code. Both may be NULL. */
enum err proof_code(struct req *r, struct proof *p, const char *code, const char *recovery);
void proof_judge(struct proof *p);
/* Starts the write that counts a failure; the step after it has rows with `locked`. */
enum step_rc proof_fail(struct req *r, const struct proof *p);

/* The steps of who is signed in and gives his password once more. The first one reads
 * c->proof.work.password, which the route's own step before it has set. */
enum step_rc prove_load(struct req *r);
enum step_rc prove_account(struct req *r);
enum step_rc prove_password(struct req *r);
enum step_rc prove_judge(struct req *r);
enum step_rc prove_refuse(struct req *r);

#endif
