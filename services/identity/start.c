/* Start and stop of the service: the regular jobs, and a look at the signing key. */
#include "common/clock.h"
#include "common/log.h"
#include "common/mem.h"
#include "identity.h"

#define TOKEN_BYTES 16384
#define SCHEDULE_RETRY_MS 5000

/* owner is the svc: by the time that PostgreSQL goes its state may be gone. */
static void on_scheduled(void *owner, uint64_t id UNUSED, struct pg_result *result)
{
    const struct svc *svc = owner;
    struct identity_state *state = svc->state;
    if (state && pg_result_err(result) != ERR_OK)
        loop_timer_set(state->schedule, SCHEDULE_RETRY_MS);
    pg_result_free(result);
}

static void schedule(void *arg)
{
    struct svc *svc = arg;
    struct identity_state *state = svc->state;
    char now[RFC3339_SIZE], ctx[RFC3339_SIZE + 64];
    clock_rfc3339(clock_wall_us(), now);
    (void)snprintf(ctx, sizeof(ctx), "{\"now\":\"%s\",\"request_id\":\"start\"}", now);
    if (pg_exec(svc->pg, &sql_jobs_schedule, PG_ARGS(ctx), on_scheduled, svc, 0) != ERR_OK)
        loop_timer_set(state->schedule, SCHEDULE_RETRY_MS);
}

/* Better now than at the first login. */
static enum err signing_check(const struct svc *svc)
{
    struct caller nobody = {.expires_s = 1};
    struct buf token = BUF_INIT(TOKEN_BYTES);
    uuid_v7(0, nobody.user_id);
    enum err e = token_sign(svc->token_keys, svc->config->token_issuer, svc->config->token_audience,
                            &nobody, &token);
    buf_free(&token);
    return e;
}

enum err identity_start(struct svc *svc)
{
    if (signing_check(svc) != ERR_OK) {
        log_event(LOG_ERROR, "start.failed", LOG_S("variable", "JWKS"),
                  LOG_S("why", "has no private key to sign access tokens with"));
        return ERR_INVALID;
    }
    struct identity_state *state = mem_alloc(sizeof(*state));
    if (!state)
        return ERR_NO_MEMORY;
    svc->state = state;
    state->schedule = loop_timer_new(svc->loop, schedule, svc);
    if (!state->schedule) {
        identity_stop(svc);
        return ERR_NO_MEMORY;
    }
    loop_timer_set(state->schedule, 0);
    return ERR_OK;
}

void identity_stop(struct svc *svc)
{
    struct identity_state *state = svc->state;
    if (!state)
        return;
    loop_timer_free(state->schedule);
    mem_free(state);
    svc->state = NULL;
}
