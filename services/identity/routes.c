/* The routes of identity. Rows are in the order of the API reference. */
#include "identity.h"
#include "identity_admin_api.h"
#include "identity_api.h"

#define API "/api/v1"
#define AUTH API "/auth"
#define ERRS(...)                \
    .errors = (const enum err[]) \
    {                            \
        __VA_ARGS__, ERR_OK      \
    }

/* Anybody may ask; guessing is slowed down by address. */
#define GUESSABLE .auth = AUTH_PUBLIC, .perm = PERM_NONE, .tier = TIER_AUTH
/* Whoever is signed in, about himself. */
#define SELF .auth = AUTH_USER, .perm = PERM_NONE, .tier = TIER_USER
#define ALLOWED(permission) .auth = AUTH_USER, .perm = PERM_##permission, .tier = TIER_ADMIN
#define STEPS(name) .steps = name##_steps, .ctx_bytes = sizeof(struct identity_ctx)

/* clang-format 14 cannot lay out rows of unequal length. */
/* clang-format off */
const struct route identity_routes[] = {
    /* --- signing in ------------------------------------------------------------------------- */
    {POST, AUTH "/login", "login", "Sign in", GUESSABLE, .in = &login_in, .out = &tokens_out,
     ERRS(ERR_INVALID_CREDENTIALS, ERR_MFA_REQUIRED, ERR_MFA_INVALID, ERR_ACCOUNT_DISABLED),
     STEPS(login)},
    {POST, AUTH "/refresh", "refresh", "Trade a refresh token for the next one", GUESSABLE,
     .in = &refresh_in, .out = &tokens_out, ERRS(ERR_REFRESH_INVALID), STEPS(refresh)},
    {POST, AUTH "/token", "api_token", "Trade an API key for an access token", GUESSABLE,
     .in = &api_token_in, .out = &api_token_out, ERRS(ERR_API_KEY_INVALID), STEPS(api_token)},
    {POST, AUTH "/logout", "logout", "Sign out here", SELF, .status = 204,
     ERRS(ERR_SESSION_REQUIRED), STEPS(logout)},
    {POST, AUTH "/logout-all", "logout_all", "Sign out everywhere", SELF, .status = 204,
     ERRS(ERR_SESSION_REQUIRED), STEPS(logout_all)},
    {GET, AUTH "/sessions", "session_list", "Where the caller is signed in", SELF,
     .out = &session_list_out, ERRS(ERR_SESSION_REQUIRED), STEPS(session_list)},
    {DELETE, AUTH "/sessions/{id}", "session_end", "Sign out somewhere", SELF, .status = 204,
     ERRS(ERR_SESSION_REQUIRED), STEPS(session_end)},

    /* --- signing up, passwords -------------------------------------------------------------- */
    {POST, AUTH "/register", "register", "Sign up as a customer; the answer is always the same",
     GUESSABLE, .flags = ROUTE_KEY, .in = &register_in, .out = &accepted_out, .status = 202,
     .feature = "FEATURE_AUTH", STEPS(register)},
    {POST, AUTH "/verify-email", "verify_email", "Follow the link that verifies an address",
     GUESSABLE, .in = &link_in, .status = 204, ERRS(ERR_LINK_INVALID), STEPS(verify)},
    {POST, AUTH "/resend-verification", "resend_verification", "Ask for that link again",
     GUESSABLE, .in = &email_in, .out = &accepted_out, .status = 202, STEPS(resend)},
    {POST, AUTH "/password/forgot", "password_forgot", "Ask for a link to set a new password",
     GUESSABLE, .in = &email_in, .out = &accepted_out, .status = 202, STEPS(forgot)},
    {POST, AUTH "/password/reset", "password_reset", "Set a new password by a link",
     GUESSABLE, .in = &reset_in, .status = 204, ERRS(ERR_LINK_INVALID), STEPS(reset)},
    {POST, AUTH "/password/change", "password_change", "Change the caller's password", SELF,
     .in = &password_change_in, .status = 204,
     ERRS(ERR_PASSWORD_WRONG, ERR_SESSION_REQUIRED, ERR_STATE_CONFLICT), STEPS(password_change)},

    /* --- second factor ---------------------------------------------------------------------- */
    {POST, AUTH "/mfa/setup", "mfa_setup", "Get a secret for an authenticator app", SELF,
     .in = &password_in, .out = &mfa_setup_out,
     ERRS(ERR_PASSWORD_WRONG, ERR_MFA_ENABLED, ERR_SESSION_REQUIRED, ERR_STATE_CONFLICT),
     STEPS(mfa_setup)},
    {POST, AUTH "/mfa/enable", "mfa_enable", "Switch it on with the app's first code", SELF,
     .in = &mfa_enable_in, .out = &recovery_codes_out,
     ERRS(ERR_MFA_ENABLED, ERR_MFA_NOT_SET_UP, ERR_SESSION_REQUIRED, ERR_STATE_CONFLICT),
     STEPS(mfa_enable)},
    {POST, AUTH "/mfa/disable", "mfa_disable", "Switch it off", SELF, .in = &mfa_disable_in,
     .status = 204, ERRS(ERR_PASSWORD_WRONG, ERR_MFA_NOT_SET_UP, ERR_SESSION_REQUIRED),
     STEPS(mfa_disable)},
    {POST, AUTH "/mfa/recovery-codes", "mfa_recovery_codes", "Get new recovery codes", SELF,
     .in = &password_in, .out = &recovery_codes_out,
     ERRS(ERR_PASSWORD_WRONG, ERR_MFA_NOT_SET_UP, ERR_SESSION_REQUIRED, ERR_STATE_CONFLICT),
     STEPS(recovery_codes)},

    /* --- the caller ------------------------------------------------------------------------- */
    {GET, API "/me", "me_get", "The caller's account and rights", SELF, .out = &me_out,
     ERRS(ERR_NOT_FOUND), STEPS(me_get)},
    {PATCH, API "/me", "me_update", "Change the caller's profile", SELF, .in = &me_update_in,
     .out = &me_out, ERRS(ERR_NOT_FOUND, ERR_SESSION_REQUIRED, ERR_PRECONDITION_FAILED),
     STEPS(me_update)},
    {GET, API "/me/login-history", "login_history", "Attempts to sign in as the caller", SELF,
     .flags = ROUTE_LIST, .out = &login_attempt_out, ERRS(ERR_SESSION_REQUIRED),
     STEPS(login_history)},

    {POST, API "/me/exports", "export_own", "Ask for all that is kept of the caller; a mail tells "
     "when it is ready", SELF, .flags = ROUTE_KEY, .out = &export_out, .status = 202,
     ERRS(ERR_SESSION_REQUIRED, ERR_NOT_FOUND), STEPS(export_own)},
    {GET, API "/me/exports", "export_own_list", "What the caller asked for, or staff for him", SELF,
     .flags = ROUTE_LIST, .out = &export_out, ERRS(ERR_SESSION_REQUIRED), STEPS(export_own_list)},
    {GET, API "/me/exports/{id}", "export_get", "How far it is", SELF, .out = &export_out,
     ERRS(ERR_SESSION_REQUIRED, ERR_NOT_FOUND), STEPS(export_get)},
    {GET, API "/me/exports/{id}/document", "export_fetch", "Fetch it, for seven days", SELF,
     .flags = ROUTE_SLOW, .query = &export_page_query, .out = &export_document_out,
     ERRS(ERR_SESSION_REQUIRED, ERR_NOT_FOUND), STEPS(export_fetch)},
    {POST, API "/me/erasure", "erase_self", "Delete the caller's account and, 30 days later, all "
     "that says who he is", SELF, .in = &password_in, .out = &erasure_out,
     ERRS(ERR_PASSWORD_WRONG, ERR_SESSION_REQUIRED, ERR_STATE_CONFLICT, ERR_LAST_SUPER_ADMIN),
     STEPS(erase_self)},

    /* --- accounts --------------------------------------------------------------------------- */
    {GET, API "/users", "user_list", "List or search accounts", ALLOWED(USERS_READ),
     .flags = ROUTE_LIST, .query = &user_query, .out = &user_out, STEPS(user_list)},
    {POST, API "/users", "user_create", "Make an account and invite its owner",
     ALLOWED(USERS_WRITE), .flags = ROUTE_KEY, .in = &user_create_in, .out = &user_out,
     .status = 201, ERRS(ERR_EMAIL_TAKEN, ERR_PRIVILEGE_ESCALATION, ERR_ROLE_STATION),
     STEPS(user_create)},
    {GET, API "/users/{id}", "user_get", "One account", ALLOWED(USERS_READ), .out = &user_out,
     STEPS(user_get)},
    {PATCH, API "/users/{id}", "user_update", "Change an account's profile", ALLOWED(USERS_WRITE),
     .flags = ROUTE_IF_MATCH, .in = &user_update_in, .out = &user_out,
     ERRS(ERR_EMAIL_TAKEN, ERR_PRIVILEGE_ESCALATION), STEPS(user_update)},
    {POST, API "/users/{id}/lock", "user_lock", "Lock an account until it is unlocked",
     ALLOWED(USERS_WRITE), .in = &reason_in, .out = &user_out,
     ERRS(ERR_STATE_CONFLICT, ERR_LAST_SUPER_ADMIN, ERR_PRIVILEGE_ESCALATION), STEPS(user_lock)},
    {POST, API "/users/{id}/unlock", "user_unlock", "Unlock it; failed sign-ins are forgiven",
     ALLOWED(USERS_WRITE), .flags = ROUTE_OPTIONAL_BODY, .in = &optional_reason_in,
     .out = &user_out, ERRS(ERR_STATE_CONFLICT, ERR_PRIVILEGE_ESCALATION), STEPS(user_unlock)},
    {POST, API "/users/{id}/disable", "user_disable", "Switch an account off",
     ALLOWED(USERS_WRITE), .in = &reason_in, .out = &user_out,
     ERRS(ERR_STATE_CONFLICT, ERR_LAST_SUPER_ADMIN, ERR_PRIVILEGE_ESCALATION), STEPS(user_disable)},
    {POST, API "/users/{id}/enable", "user_enable", "Switch it on again", ALLOWED(USERS_WRITE),
     .flags = ROUTE_OPTIONAL_BODY, .in = &optional_reason_in, .out = &user_out,
     ERRS(ERR_STATE_CONFLICT, ERR_PRIVILEGE_ESCALATION), STEPS(user_enable)},
    {DELETE, API "/users/{id}", "user_delete", "Delete an account; 30 days to restore it",
     ALLOWED(USERS_WRITE), .in = &reason_in, .status = 204, .feature = "FEATURE_SOFT_DELETE",
     ERRS(ERR_STATE_CONFLICT, ERR_LAST_SUPER_ADMIN, ERR_PRIVILEGE_ESCALATION), STEPS(user_delete)},
    {POST, API "/users/{id}/restore", "user_restore", "Restore a deleted account",
     ALLOWED(USERS_WRITE), .out = &user_out, .feature = "FEATURE_SOFT_DELETE",
     ERRS(ERR_STATE_CONFLICT, ERR_RESTORE_EXPIRED, ERR_EMAIL_TAKEN, ERR_PRIVILEGE_ESCALATION),
     STEPS(user_restore)},
    {POST, API "/users/{id}/exports", "export_user", "Have all put together that is kept of a "
     "person, for him to fetch", ALLOWED(PRIVACY_WRITE), .flags = ROUTE_KEY, .in = &reason_in,
     .out = &export_out, .status = 202, ERRS(ERR_SESSION_REQUIRED, ERR_NOT_FOUND),
     STEPS(export_user)},
    {GET, API "/privacy/exports", "export_list", "Who wants his data, newest first",
     ALLOWED(PRIVACY_WRITE), .flags = ROUTE_LIST, .query = &export_query, .out = &export_out,
     STEPS(export_list)},
    {PUT, API "/users/{id}/roles", "user_role_give", "Give an account a role",
     ALLOWED(ROLES_WRITE), .in = &role_give_in, .status = 204, .feature = "FEATURE_RBAC",
     ERRS(ERR_PRIVILEGE_ESCALATION, ERR_ROLE_STATION, ERR_STATE_CONFLICT), STEPS(user_role_give)},
    {DELETE, API "/users/{id}/roles", "user_role_take", "Take a role from an account",
     ALLOWED(ROLES_WRITE), .query = &role_query, .status = 204, .feature = "FEATURE_RBAC",
     ERRS(ERR_PRIVILEGE_ESCALATION, ERR_LAST_SUPER_ADMIN), STEPS(user_role_take)},

    /* --- rights ----------------------------------------------------------------------------- */
    {GET, API "/roles", "role_list", "Roles and what they may do", ALLOWED(ROLES_READ),
     .out = &role_list_out, STEPS(role_list)},
    {GET, API "/roles/{name}/permissions", "role_get", "What a role may do", ALLOWED(ROLES_READ),
     .out = &role_permissions_out, STEPS(role_get)},
    {PUT, API "/roles/{name}/permissions", "role_set", "Say anew what a role may do",
     ALLOWED(ROLES_WRITE), .flags = ROUTE_IF_MATCH, .in = &role_set_in,
     .out = &role_permissions_out,
     .feature = "FEATURE_RBAC", ERRS(ERR_PRIVILEGE_ESCALATION), STEPS(role_set)},
    {GET, API "/permissions", "permission_list", "All permissions", ALLOWED(ROLES_READ),
     .out = &permission_list_out, STEPS(permission_list)},
    {POST, API "/api-keys", "api_key_create", "Make an API key; it is shown this once",
     ALLOWED(API_KEYS_WRITE), .in = &api_key_in, .out = &api_key_created_out, .status = 201,
     ERRS(ERR_PRIVILEGE_ESCALATION, ERR_CONFLICT, ERR_SESSION_REQUIRED), STEPS(api_key_create)},
    {GET, API "/api-keys", "api_key_list", "API keys, without the keys", ALLOWED(API_KEYS_READ),
     .flags = ROUTE_LIST, .out = &api_key_out, STEPS(api_key_list)},
    {DELETE, API "/api-keys/{id}", "api_key_revoke", "End an API key", ALLOWED(API_KEYS_WRITE),
     .status = 204, ERRS(ERR_SESSION_REQUIRED), STEPS(api_key_revoke)},

    /* --- administration --------------------------------------------------------------------- */
    {GET, API "/audit", "audit_list", "What was done, newest first", ALLOWED(AUDIT_READ),
     .flags = ROUTE_LIST, .query = &audit_query, .out = &audit_out,
     .feature = "FEATURE_AUDIT_TRAIL", STEPS(audit_list)},
    {GET, API "/audit/export", "audit_export", "The same as CSV, the newest 5,000 entries",
     ALLOWED(AUDIT_READ), .flags = ROUTE_SLOW, .query = &audit_query, .media = "text/csv",
     .feature = "FEATURE_AUDIT_TRAIL", STEPS(audit_export)},
    {GET, API "/features", "feature_list", "Feature flags in force", ALLOWED(FEATURES_READ),
     .out = &feature_list_out, STEPS(feature_list)},
    {PUT, API "/features/{name}", "feature_set", "Switch a feature on or off",
     ALLOWED(FEATURES_WRITE), .in = &feature_in, .out = &feature_out, STEPS(feature_set)},
    {DELETE, API "/features/{name}", "feature_clear", "Leave it to the configuration again",
     ALLOWED(FEATURES_WRITE), .out = &feature_out, STEPS(feature_clear)},
    {GET, API "/admin/rate-limits", "rate_limit_list",
     "The operations of all services, and the limits that were set for them", ALLOWED(SYSTEM_READ),
     .flags = ROUTE_LIST, .query = &rate_limit_query, .out = &rate_limit_out,
     STEPS(rate_limit_list)},
    {GET, API "/admin/rate-limits/{operation}", "rate_limit_get", "The limit of one operation",
     ALLOWED(SYSTEM_READ), .out = &rate_limit_out, STEPS(rate_limit_get)},
    {PUT, API "/admin/rate-limits/{operation}", "rate_limit_set",
     "Set a limit of its own; in force everywhere within seconds", ALLOWED(SYSTEM_WRITE),
     .flags = ROUTE_IF_MATCH, .in = &rate_limit_in, .out = &rate_limit_out, STEPS(rate_limit_set)},
    {DELETE, API "/admin/rate-limits/{operation}", "rate_limit_clear",
     "Leave it to its tier again", ALLOWED(SYSTEM_WRITE), .flags = ROUTE_IF_MATCH,
     .out = &rate_limit_out, STEPS(rate_limit_clear)},
    {GET, API "/monitoring/rate-limit/status", "rate_limit_status",
     "How the rate limits go: who counts, how many passed, who was refused most",
     ALLOWED(SYSTEM_READ), .query = &rate_status_query, .out = &rate_status_out,
     STEPS(rate_limit_status)},
    {GET, API "/admin/tasks/status", "task_status", "How many jobs and events wait where",
     ALLOWED(SYSTEM_READ), .out = &task_status_out, STEPS(task_status)},
    {GET, API "/admin/tasks", "task_list", "Jobs that are not done, newest first",
     ALLOWED(SYSTEM_READ), .flags = ROUTE_LIST, .query = &task_query, .out = &task_out,
     STEPS(task_list)},
    {GET, API "/admin/tasks/{task}", "task_get", "One job with its payload, masked",
     ALLOWED(SYSTEM_READ), .out = &task_detail_out, STEPS(task_get)},
    {POST, API "/admin/tasks/{task}/retry", "task_retry", "Run a parked job once more",
     ALLOWED(SYSTEM_WRITE), .flags = ROUTE_OPTIONAL_BODY, .in = &task_retry_in, .out = &task_out,
     ERRS(ERR_STATE_CONFLICT, ERR_CONFLICT), STEPS(task_retry)},
    {POST, API "/admin/tasks/{task}/cancel", "task_cancel",
     "Take a job away that does not run; the reply has it once more", ALLOWED(SYSTEM_WRITE),
     .in = &task_cancel_in, .out = &task_out, ERRS(ERR_STATE_CONFLICT), STEPS(task_cancel)},
    {GET, API "/admin/events/parked", "event_parked_list", "Events that a consumer refused",
     ALLOWED(SYSTEM_READ), .out = &event_parked_list_out, STEPS(event_parked_list)},
    {POST, API "/admin/events/{id}/retry", "event_retry",
     "Give a parked event to its consumer once more", ALLOWED(SYSTEM_WRITE), .in = &event_retry_in,
     .status = 204, STEPS(event_retry)},
    {GET, "/.well-known/jwks.json", "jwks", "Keys that access tokens are signed with",
     .auth = AUTH_PUBLIC, .perm = PERM_NONE, .tier = TIER_PUBLIC, .out = &jwks_out, STEPS(jwks)},
};

const size_t identity_n_routes = ARRAY_LEN(identity_routes);
