/* The second factor: three lines, a code, a recovery code, and an MFA secret as the table has it. A
 * secret that cannot be opened is a fault of ours that is told, never a code that is right. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "../../../libcommon/app/req_priv.h"
#include "common/clock.h"
#include "proof.h"
#include "secret.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ACCOUNT "018e2c5e-0000-7000-8000-000000000001"

static void require(bool property)
{
    if (!property)
        abort();
}

static struct svc *service(void)
{
    static struct svc svc;
    if (!svc.keyring)
        require(keyring_parse("a:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8", &svc.keyring) ==
                ERR_OK);
    return &svc;
}

static const char *line(struct arena *a, struct str *rest)
{
    struct str s = str_cut(rest, '\n');
    const char *text = arena_strndup(a, s.p, s.n);
    require(text);
    return s.n ? text : NULL;
}

static void check(struct req *r, const char *code, const char *recovery, const char *sealed)
{
    struct proof p = {
        .user_id = ACCOUNT, .mfa_secret = sealed, .active = true, .mfa = true, .last_step = -1};
    p.work.passed = true;
    enum err e = proof_code(r, &p, code, recovery);
    require(e == ERR_OK || (e == ERR_INTERNAL && code));
    if (e != ERR_OK)
        p.code = CODE_BAD;
    require((p.code == CODE_NONE) == (!code && !recovery));
    require((p.code == CODE_GOOD) == (p.step || p.recovery));
    proof_judge(&p);
    require((p.outcome == LOGIN_OK) == (p.code == CODE_GOOD));
    require(!p.recovery || strlen(p.recovery) == SECRET_HASH_SIZE - 1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reqx x = {0};
    x.r.svc = service();
    x.r.arena = arena_new(16 * size + 65536);
    x.r.now_us = 59 * USEC_PER_SEC;
    require(x.r.arena);
    struct str rest = {(const char *)data, size};
    const char *code = line(x.r.arena, &rest), *recovery = line(x.r.arena, &rest);
    const char *sealed = line(x.r.arena, &rest);
    check(&x.r, code, recovery, sealed ? sealed : "");
    arena_free(x.r.arena);
    return 0;
}
