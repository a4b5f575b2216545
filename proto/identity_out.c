/* What identity's routes give. PostgreSQL builds most of these bodies; the rows here describe them.
 */
#include "identity_api.h"

#define REQ FIELD_REQUIRED
#define NIL (FIELD_REQUIRED | FIELD_NULLABLE)
#define TABLE(symbol, schema, fields) \
    const struct field_table symbol = {.name = (schema), .rows = (fields), .n = ARRAY_LEN(fields)}

/* clang-format 14 cannot lay out rows of unequal length. */
/* clang-format off */

#define OUT(n, t, f, text)                                                                         \
    .name = (n), .type = (t), .flags = (f), .offset = FIELD_NOWHERE, .prose = (text)
#define ID_OUT(text) {OUT("id", FIELD_UUID, REQ, text)}
#define TIME_OUT(n, text) {OUT(n, FIELD_TIMESTAMP, REQ, text)}
#define TIME_OR_NULL_OUT(n, text) {OUT(n, FIELD_TIMESTAMP, NIL, text)}

/* --- signing in ------------------------------------------------------------------------------- */

#define ACCESS_TOKEN_OUT                                                                           \
    {OUT("access_token", FIELD_STR, REQ, "For the Authorization header"), .max = 8000},            \
    {OUT("token_type", FIELD_ENUM, REQ, "How to send it"), .choices = "Bearer"},                   \
    {OUT("expires_in", FIELD_INT, REQ, "Seconds that the access token lives")}

static const struct field tokens_fields[] = {
    ACCESS_TOKEN_OUT,
    {OUT("refresh_token", FIELD_STR, REQ, "For the next access token; works once"), .max = 200},
};
TABLE(tokens_out, "Tokens", tokens_fields);

static const struct field api_token_fields[] = {ACCESS_TOKEN_OUT};
TABLE(api_token_out, "AccessToken", api_token_fields);

static const struct field accepted_fields[] = {
    {OUT("status", FIELD_ENUM, REQ, "Said in every case"), .choices = "accepted"},
};
TABLE(accepted_out, "Accepted", accepted_fields);

static const struct field session_fields[] = {
    ID_OUT("The session"),
    {OUT("current", FIELD_BOOL, REQ, "Is it the one that asks?")},
    {OUT("mfa", FIELD_BOOL, REQ, "Was it begun with a second factor?")},
    {OUT("ip", FIELD_STR, NIL, "Address it was last used from")},
    {OUT("user_agent", FIELD_STR, NIL, "Program it was last used with")},
    TIME_OUT("created_at", "Sign-in"),
    TIME_OUT("last_used_at", "Latest refresh"),
    TIME_OUT("expires_at", "Ends then in any case"),
};
static TABLE(session_out, "Session", session_fields);

static const struct field session_list_fields[] = {
    {OUT("items", FIELD_LIST, REQ, "Latest used first"), .sub = &session_out},
};
TABLE(session_list_out, "SessionList", session_list_fields);

static const struct field login_attempt_fields[] = {
    TIME_OUT("at", "When"),
    {OUT("outcome", FIELD_ENUM, REQ, "What came of it"),
     .choices = "ok|wrong_password|wrong_code|code_required|locked|disabled"},
    {OUT("mfa", FIELD_BOOL, REQ, "Had the account a second factor?")},
    {OUT("ip", FIELD_STR, NIL, "From where")},
    {OUT("user_agent", FIELD_STR, NIL, "With which program")},
    {OUT("session_id", FIELD_UUID, NIL, "The session that began")},
};
TABLE(login_attempt_out, "LoginAttempt", login_attempt_fields);

static const struct field mfa_setup_fields[] = {
    {OUT("secret", FIELD_STR, REQ, "To type into an authenticator app: base32"), .max = 64},
    {OUT("otpauth_uri", FIELD_STR, REQ, "The same as a URI, for a QR code"), .max = 1000},
};
TABLE(mfa_setup_out, "MfaSetup", mfa_setup_fields);

static const struct field recovery_codes_fields[] = {
    {OUT("recovery_codes", FIELD_LIST, REQ, "Shown this once; each works once"), .item = FIELD_STR},
};
TABLE(recovery_codes_out, "RecoveryCodes", recovery_codes_fields);

/* --- accounts --------------------------------------------------------------------------------- */

static const struct field role_held_fields[] = {
    {OUT("role", FIELD_STR, REQ, "Name of the role")},
    {OUT("station_id", FIELD_UUID, NIL, "Where it is held")},
};
static TABLE(role_held, "RoleHeld", role_held_fields);

#define ACCOUNT_OUT                                                                                \
    ID_OUT("The account"),                                                                         \
    {OUT("email", FIELD_EMAIL, REQ, "Where mail goes, and the name to sign in with")},             \
    {OUT("email_verified", FIELD_BOOL, REQ, "Has a mail to it arrived?")},                         \
    {OUT("kind", FIELD_ENUM, REQ, "Whose account"), .choices = "staff|customer"},                  \
    {OUT("name", FIELD_STR, REQ, "How to address the person"), .max = 120},                        \
    {OUT("phone", FIELD_PHONE, NIL, "Mobile number")},                                             \
    {OUT("status", FIELD_ENUM, REQ, "May it be used?"),                                            \
     .choices = "active|locked|disabled|deleted"},                                                 \
    {OUT("mfa_enabled", FIELD_BOOL, REQ, "Is there a second factor?")},                            \
    {OUT("roles", FIELD_LIST, REQ, "What it is"), .sub = &role_held},                              \
    TIME_OR_NULL_OUT("last_login_at", "Latest sign-in"),                                           \
    TIME_OUT("created_at", "First day"),                                                           \
    TIME_OUT("updated_at", "Latest change of what people edit"),                                   \
    {OUT("version", FIELD_INT, REQ, "Counts those changes; the entity tag")}

static const struct field me_fields[] = {
    ACCOUNT_OUT,
    {OUT("permissions", FIELD_ANY, REQ, "Permission names with their scope: own, station or all"),
     .example = "{\"bookings.read\":\"own\"}"},
    {OUT("recovery_codes_left", FIELD_INT, REQ, "Unused recovery codes")},
};
TABLE(me_out, "Me", me_fields);

static const struct field user_fields[] = {
    ACCOUNT_OUT,
    TIME_OR_NULL_OUT("locked_until", "Locked by failed sign-ins until then"),
    TIME_OR_NULL_OUT("deleted_at", "Deleted then; can be restored for 30 days"),
    {OUT("delete_reason", FIELD_STR, NIL, "Why")},
};
TABLE(user_out, "User", user_fields);

/* --- rights ----------------------------------------------------------------------------------- */

#define PERMISSIONS_OUT                                                                            \
    {OUT("permissions", FIELD_ANY, REQ, "Permission names with their scope: own, station or all"), \
     .example = "{\"bookings.read\":\"own\"}"}

static const struct field role_fields[] = {
    {OUT("name", FIELD_STR, REQ, "Name of the role")},
    {OUT("title", FIELD_STR, REQ, "For people")},
    {OUT("station", FIELD_ENUM, REQ, "Is it held at a station?"), .choices = "never|may|must"},
    PERMISSIONS_OUT,
};
static TABLE(role_out, "Role", role_fields);

static const struct field role_list_fields[] = {
    {OUT("items", FIELD_LIST, REQ, "Mightiest first"), .sub = &role_out},
};
TABLE(role_list_out, "RoleList", role_list_fields);

static const struct field permission_fields[] = {
    {OUT("name", FIELD_STR, REQ, "As in roles and API keys")},
    {OUT("description", FIELD_STR, REQ, "What it allows")},
};
static TABLE(permission_out, "Permission", permission_fields);

static const struct field permission_list_fields[] = {
    {OUT("items", FIELD_LIST, REQ, "All there are"), .sub = &permission_out},
};
TABLE(permission_list_out, "PermissionList", permission_list_fields);

static const struct field role_permissions_fields[] = {
    {OUT("role", FIELD_STR, REQ, "Name of the role")},
    PERMISSIONS_OUT,
};
TABLE(role_permissions_out, "RolePermissions", role_permissions_fields);

#define API_KEY_OUT                                                                                \
    ID_OUT("The key's entry"),                                                                     \
    {OUT("user_id", FIELD_UUID, REQ, "Its owner, for whom it acts")},                              \
    {OUT("name", FIELD_STR, REQ, "What it is for")},                                               \
    {OUT("prefix", FIELD_STR, REQ, "How the key begins")},                                         \
    {OUT("permissions", FIELD_LIST, REQ, "What it may do"), .item = FIELD_STR},                    \
    TIME_OUT("created_at", "Made then"),                                                           \
    TIME_OUT("expires_at", "Ends then"),                                                           \
    TIME_OR_NULL_OUT("last_used_at", "Latest use"),                                                \
    {OUT("last_used_ip", FIELD_STR, NIL, "From where")},                                           \
    TIME_OR_NULL_OUT("revoked_at", "Ended then")

static const struct field api_key_fields[] = {API_KEY_OUT};
TABLE(api_key_out, "ApiKey", api_key_fields);

static const struct field api_key_created_fields[] = {
    API_KEY_OUT,
    {OUT("api_key", FIELD_STR, REQ, "The key itself, shown this once"), .max = 200},
};
TABLE(api_key_created_out, "ApiKeyCreated", api_key_created_fields);

/* --- audit log, feature flags, keys ----------------------------------------------------------- */

static const struct field audit_fields[] = {
    {OUT("id", FIELD_INT, REQ, "The entry")},
    TIME_OUT("at", "When"),
    {OUT("service", FIELD_STR, REQ, "Where it was done")},
    {OUT("actor", FIELD_UUID, NIL, "Who did it; null: nobody who is signed in, or the service")},
    {OUT("role", FIELD_STR, NIL, "As what")},
    {OUT("action", FIELD_STR, REQ, "What was done")},
    {OUT("entity", FIELD_STR, REQ, "Kind of what was changed")},
    {OUT("entity_id", FIELD_STR, NIL, "Which one")},
    {OUT("before", FIELD_ANY, NIL, "What it was")},
    {OUT("after", FIELD_ANY, NIL, "What it became")},
    {OUT("reason", FIELD_STR, NIL, "Why")},
    {OUT("ip", FIELD_STR, NIL, "From where")},
    {OUT("request_id", FIELD_STR, NIL, "By which request")},
};
TABLE(audit_out, "AuditEntry", audit_fields);

static const struct field feature_fields[] = {
    {OUT("name", FIELD_STR, REQ, "Name of the flag")},
    {OUT("description", FIELD_STR, REQ, "What it switches")},
    {OUT("enabled", FIELD_BOOL, REQ, "Is it on?")},
    {OUT("source", FIELD_ENUM, REQ, "Who says so"), .choices = "default|environment|override"},
    {OUT("reason", FIELD_STR, NIL, "Of the override")},
    {OUT("changed_by", FIELD_UUID, NIL, "Who overrode it")},
    TIME_OR_NULL_OUT("changed_at", "When"),
};
TABLE(feature_out, "Feature", feature_fields);

static const struct field feature_list_fields[] = {
    {OUT("items", FIELD_LIST, REQ, "All there are"), .sub = &feature_out},
};
TABLE(feature_list_out, "FeatureList", feature_list_fields);

static const struct field jwk_fields[] = {
    {OUT("kty", FIELD_ENUM, REQ, "Key type"), .choices = "OKP"},
    {OUT("crv", FIELD_ENUM, REQ, "Curve"), .choices = "Ed25519"},
    {OUT("use", FIELD_ENUM, REQ, "What for"), .choices = "sig"},
    {OUT("alg", FIELD_ENUM, REQ, "Algorithm"), .choices = "EdDSA"},
    {OUT("kid", FIELD_STR, REQ, "Key id, as in the head of a token")},
    {OUT("x", FIELD_STR, REQ, "Public key, base64url")},
};
static TABLE(jwk_out, "Jwk", jwk_fields);

static const struct field jwks_fields[] = {
    {OUT("keys", FIELD_LIST, REQ, "All that tokens may be signed with"), .sub = &jwk_out},
};
TABLE(jwks_out, "JwkSet", jwks_fields);

/* --- what is kept of a person ----------------------------------------------------------------- */

static const struct field export_fields[] = {
    ID_OUT("The export"),
    {OUT("user_id", FIELD_UUID, REQ, "Whom it is about, and who alone may fetch it")},
    {OUT("state", FIELD_ENUM, REQ, "ready: it can be fetched; ended: it is deleted"),
     .choices = "gathering|ready|ended"},
    {OUT("requested_by", FIELD_UUID, REQ, "Who asked for it")},
    {OUT("reason", FIELD_STR, NIL, "Why, when it was somebody else")},
    TIME_OUT("created_at", "When"),
    TIME_OR_NULL_OUT("ready_at", "All services have given their part"),
    TIME_OR_NULL_OUT("expires_at", "It is deleted then"),
    TIME_OR_NULL_OUT("fetched_at", "First fetched"),
    TIME_OR_NULL_OUT("ended_at", "Deleted"),
    {OUT("waits_for", FIELD_LIST, REQ, "Services whose part is missing"), .item = FIELD_STR},
};
TABLE(export_out, "Export", export_fields);

static const struct field export_part_fields[] = {
    {OUT("service", FIELD_STR, REQ, "Who keeps it")},
    {OUT("items", FIELD_ANY, REQ, "A list of objects, each with one member: what it is")},
};
static TABLE(export_part_out, "ExportPart", export_part_fields);

static const struct field export_document_fields[] = {
    ID_OUT("The export"),
    {OUT("user_id", FIELD_UUID, REQ, "Whom it is about")},
    {OUT("page", FIELD_INT, REQ, "This one, from 1")},
    {OUT("pages", FIELD_INT, REQ, "How many there are; mostly 1")},
    {OUT("parts", FIELD_LIST, REQ, "By service, in order"), .sub = &export_part_out},
};
TABLE(export_document_out, "ExportDocument", export_document_fields);

/* The items of identity's part: nothing in them is sealed. */
static const struct field identity_export_fields[] = {
    {OUT("account", FIELD_OBJECT, 0, "The account"), .sub = &user_out},
};
TABLE(identity_export_out, "ExportOfIdentity", identity_export_fields);

static const struct field erasure_fields[] = {
    TIME_OUT("deleted_at", "Nobody can sign in from then on; support can undo it"),
    TIME_OUT("purge_at", "What says who the person is, is gone for good then"),
};
TABLE(erasure_out, "Erasure", erasure_fields);
