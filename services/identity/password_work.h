/* Password hashing on the worker pool: slow on purpose, so never on the loop. */
#ifndef IDENTITY_PASSWORD_WORK_H
#define IDENTITY_PASSWORD_WORK_H

#include <stdbool.h>

#include "common/err.h"
#include "common/password.h"
#include "common/str.h"

struct password_work {
    bool check; /* compare `password` with `hash` first */
    struct str password;
    const char *hash;              /* NULL: no such account, which takes as long */
    struct str fresh;              /* to hash when the check was passed; p NULL: none */
    bool passed;                   /* the check was passed, or not asked for */
    char made[PASSWORD_HASH_SIZE]; /* of fresh; or of password, when its hash is out of date; or ""
                                    */
    enum err err;                  /* hashing itself failed: out of memory */
};

/* For req_work(): arg is a struct password_work. */
void password_work_run(void *arg);

#endif
