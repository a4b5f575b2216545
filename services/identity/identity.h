/* What the files of this service share: configuration, metrics, the steps' context, and the lists
 * of steps that the route table names. */
#ifndef IDENTITY_IDENTITY_H
#define IDENTITY_IDENTITY_H

#include "claims.h"
#include "common/bus.h"
#include "common/req.h"
#include "identity_sql.h"
#include "login.h"
#include "proof.h"
#include "secret.h"

struct identity_config {
#define CONFIG(member, type, name, def, min, max, flags, choices, prose) CONFIG_C_##type member;
#include "config.def"
#undef CONFIG
};

static inline const struct identity_config *identity_config(const struct svc *svc)
{
    return svc->own_config;
}

/* svc->state */
struct identity_state {
    struct loop_timer *schedule;
};

enum identity_metric {
#define METRIC(symbol, kind, name, labels, prose) M_##symbol,
#include "metrics.def"
#undef METRIC
    M_MAX
};

extern const struct metric identity_metrics[M_MAX];
extern const struct job_kind identity_jobs[];
extern const size_t identity_n_jobs;
extern const struct consumer identity_consumers[];
extern const size_t identity_n_consumers;
extern const struct command identity_commands[];
extern const size_t identity_n_commands;
extern const struct route identity_routes[];
extern const size_t identity_n_routes;

/* identity_events.c */
enum err identity_start(struct svc *svc);
void identity_stop(struct svc *svc);

/* One struct for the steps of all routes: r->ctx. */
struct identity_ctx {
    struct proof proof;   /* the account whose password is checked */
    struct secret secret; /* the one that is being made: refresh token, link, API key */
    const char *sealed;   /* the same for the job that mails it */
    char id[UUID_SIZE];   /* of what is being made: account, session, key */
    char prefix[API_KEY_PREFIX_SIZE];
    char hash[SECRET_HASH_SIZE]; /* of the secret that the client sent */
    const char *user_agent;
    const char *reply; /* JSON text that waits for the write to succeed */
};

/* --- small parts of many steps -------------------------------------------------------------- */

/* The first step of what an API key must not do: whatever is about the account itself. */
enum step_rc need_session(struct req *r);
/* After the commit of what every process follows, revoked sessions and feature flags: look now. */
enum step_rc ring_watch(struct req *r);
/* Copies a finished buffer into the arena, frees it and replies with it. */
enum step_rc reply_buf(struct req *r, int status, struct buf *b);
/* The same without replying; NULL when it does not fit. */
const char *text_take(struct req *r, struct buf *b);
/* The User-Agent for people to recognise a session by: cut, printable, or NULL. */
const char *user_agent_of(struct req *r);
/* Makes the token of a mail's link: c->secret for the table, c->sealed for the job. */
enum err link_make(struct req *r, struct identity_ctx *c);
/* A number of the configuration as a statement's parameter. */
const char *number_text(struct req *r, int64_t value);
/* {"access_token": ..., "token_type", "expires_in", "refresh_token"} for the claims that the
 * database gave. refresh NULL and the role API_KEY: the token of an API key, whose id is
 * session_id. */
enum step_rc tokens_reply(struct req *r, const char *user_id, const char *session_id,
                          const char *claims, const char *refresh);

/* --- steps, by file ------------------------------------------------------------------------- */

extern const struct step login_steps[], refresh_steps[], api_token_steps[]; /* login_http.c */
extern const struct step logout_steps[], logout_all_steps[], session_list_steps[],
    session_end_steps[]; /* session_http.c */
extern const struct step register_steps[], verify_steps[], resend_steps[], forgot_steps[],
    reset_steps[]; /* register_http.c */
extern const struct step password_change_steps[], mfa_setup_steps[], mfa_enable_steps[],
    mfa_disable_steps[], recovery_codes_steps[], erase_self_steps[]; /* proof_http.c */
extern const struct step me_get_steps[], me_update_steps[], login_history_steps[]; /* me_http.c */
extern const struct step user_list_steps[], user_get_steps[], user_create_steps[],
    user_update_steps[], user_lock_steps[], user_unlock_steps[], user_disable_steps[],
    user_enable_steps[], user_delete_steps[], user_restore_steps[], user_role_give_steps[],
    user_role_take_steps[]; /* user_http.c */
extern const struct step role_list_steps[], role_get_steps[], role_set_steps[],
    permission_list_steps[]; /* role_http.c */
extern const struct step api_key_create_steps[], api_key_list_steps[],
    api_key_revoke_steps[];                                        /* api_key_http.c */
extern const struct step audit_list_steps[], audit_export_steps[]; /* audit_http.c */
extern const struct step feature_list_steps[], feature_set_steps[], feature_clear_steps[],
    jwks_steps[]; /* feature_http.c */
extern const struct step rate_limit_list_steps[], rate_limit_get_steps[], rate_limit_set_steps[],
    rate_limit_clear_steps[], rate_limit_status_steps[]; /* rate_http.c */
extern const struct step export_own_steps[], export_user_steps[], export_list_steps[],
    export_own_list_steps[], export_get_steps[], export_fetch_steps[]; /* export_http.c */
extern const struct step task_status_steps[], task_list_steps[], task_get_steps[],
    task_retry_steps[], task_cancel_steps[], event_parked_list_steps[],
    event_retry_steps[]; /* task_http.c */

#endif
