/* Password hashing on the worker pool. Runs on another thread and touches its argument only. */
#include "password_work.h"

#include "common/compiler.h"

static void hash_into(struct password_work *w, struct str password)
{
    w->err = password_hash(password, w->made);
    if (w->err != ERR_OK)
        w->made[0] = '\0';
}

void password_work_run(void *arg)
{
    struct password_work *w = arg;
    w->passed = true;
    w->err = ERR_OK;
    w->made[0] = '\0';
    if (w->check) {
        enum err e = password_verify(w->password, w->hash);
        w->passed = e == ERR_OK;
        w->err = e == ERR_UNAUTHORIZED ? ERR_OK : e;
        if (!w->passed)
            return;
    }
    if (w->fresh.p)
        hash_into(w, w->fresh);
    else if (w->check && password_needs_rehash(w->hash))
        hash_into(w, w->password);
}
