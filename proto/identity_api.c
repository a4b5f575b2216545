/* What the routes of identity take. What they give is in identity_out.c. */
#include "identity_api.h"

#define REQ FIELD_REQUIRED
#define HIDDEN (FIELD_RAW | FIELD_SECRET)
#define TEXT(S, member) .offset = FIELD_AT(struct S, member, const char *)
#define PASSED_ON .offset = FIELD_NOWHERE
#define TABLE(symbol, schema, fields)                          \
    const struct field_table symbol = {.name = (schema),       \
                                       .rows = (fields),       \
                                       .n = ARRAY_LEN(fields), \
                                       .bytes = sizeof(struct symbol)}
#define TABLE_PASSED_ON(symbol, schema, fields) \
    const struct field_table symbol = {.name = (schema), .rows = (fields), .n = ARRAY_LEN(fields)}

/* clang-format 14 cannot lay out rows of unequal length. */
/* clang-format off */

#define NAME_PROSE "How to address the person"
#define CODE_PROSE "Six digits of the authenticator app"
#define RECOVERY_PROSE "One of the recovery codes, in place of the app's"
#define ROLES "SUPER_ADMIN|ADMIN|CUSTOMER_SUPPORT|STATION_MANAGER|CHEF|CUSTOMER"

/* --- signing in ------------------------------------------------------------------------------- */

static const struct field login_fields[] = {
    {.name = "email", .type = FIELD_EMAIL, .flags = REQ, TEXT(login_in, email),
     .prose = "Address of the account", .example = "\"customer@myhibachi.test\""},
    {.name = "password", .type = FIELD_STR, .flags = REQ | HIDDEN, .min = 1, .max = 128,
     TEXT(login_in, password), .prose = "Its password"},
    {.name = "mfa_code", .type = FIELD_STR, .flags = HIDDEN, .min = 6, .max = 6,
     TEXT(login_in, mfa_code), .prose = CODE_PROSE ", when the account has one"},
    {.name = "recovery_code", .type = FIELD_STR, .flags = HIDDEN, .min = 16, .max = 40,
     TEXT(login_in, recovery_code), .prose = RECOVERY_PROSE},
};
TABLE(login_in, "Login", login_fields);

static const struct field refresh_fields[] = {
    {.name = "refresh_token", .type = FIELD_STR, .flags = REQ | HIDDEN, .min = 1, .max = 200,
     TEXT(refresh_in, refresh_token), .prose = "The latest one of the session; works once"},
};
TABLE(refresh_in, "Refresh", refresh_fields);

static const struct field api_token_fields[] = {
    {.name = "api_key", .type = FIELD_STR, .flags = REQ | HIDDEN, .min = 1, .max = 200,
     TEXT(api_token_in, api_key), .prose = "The key as it was shown when it was made"},
};
TABLE(api_token_in, "ApiKeyLogin", api_token_fields);

/* --- signing up and passwords ----------------------------------------------------------------- */

#define NEW_PASSWORD                                                                               \
    .type = FIELD_STR, .flags = REQ | HIDDEN, .min = 12, .max = 128,                               \
    .prose = "12 to 128 characters; not a common one, not the address or the name"

static const struct field register_fields[] = {
    {.name = "email", .type = FIELD_EMAIL, .flags = REQ, TEXT(register_in, email),
     .prose = "A mail with a link goes there"},
    {.name = "password", NEW_PASSWORD, TEXT(register_in, password)},
    {.name = "name", .type = FIELD_STR, .flags = REQ, .max = 120, TEXT(register_in, name),
     .prose = NAME_PROSE},
    {.name = "phone", .type = FIELD_PHONE, .flags = FIELD_NULLABLE, TEXT(register_in, phone),
     .prose = "Mobile number"},
};
TABLE(register_in, "Register", register_fields);

static const struct field email_fields[] = {
    {.name = "email", .type = FIELD_EMAIL, .flags = REQ, TEXT(email_in, email),
     .prose = "Address of the account"},
};
TABLE(email_in, "EmailOnly", email_fields);

#define LINK_TOKEN                                                                                 \
    .name = "token", .type = FIELD_STR, .flags = REQ | HIDDEN, .min = 1, .max = 200,               \
    .prose = "From the link in the mail; works once"

static const struct field link_fields[] = {{LINK_TOKEN, TEXT(link_in, token)}};
TABLE(link_in, "MailLink", link_fields);

static const struct field reset_fields[] = {
    {LINK_TOKEN, TEXT(reset_in, token)},
    {.name = "password", NEW_PASSWORD, TEXT(reset_in, password)},
};
TABLE(reset_in, "PasswordReset", reset_fields);

#define OWN_PASSWORD                                                                               \
    .type = FIELD_STR, .flags = REQ | HIDDEN, .min = 1, .max = 128,                                \
    .prose = "The caller's password, once more"

static const struct field password_change_fields[] = {
    {.name = "current_password", OWN_PASSWORD, TEXT(password_change_in, current_password)},
    {.name = "new_password", NEW_PASSWORD, TEXT(password_change_in, new_password)},
};
TABLE(password_change_in, "PasswordChange", password_change_fields);

static const struct field password_fields[] = {
    {.name = "password", OWN_PASSWORD, TEXT(password_in, password)},
};
TABLE(password_in, "PasswordOnly", password_fields);

static const struct field mfa_enable_fields[] = {
    {.name = "code", .type = FIELD_STR, .flags = REQ | HIDDEN, .min = 6, .max = 6,
     TEXT(mfa_enable_in, code), .prose = CODE_PROSE},
};
TABLE(mfa_enable_in, "MfaEnable", mfa_enable_fields);

static const struct field mfa_disable_fields[] = {
    {.name = "password", OWN_PASSWORD, TEXT(mfa_disable_in, password)},
    {.name = "code", .type = FIELD_STR, .flags = HIDDEN, .min = 6, .max = 6,
     TEXT(mfa_disable_in, code), .prose = CODE_PROSE},
    {.name = "recovery_code", .type = FIELD_STR, .flags = HIDDEN, .min = 16, .max = 40,
     TEXT(mfa_disable_in, recovery_code), .prose = RECOVERY_PROSE},
};
TABLE(mfa_disable_in, "MfaDisable", mfa_disable_fields);

/* --- accounts --------------------------------------------------------------------------------- */

#define NAME_FIELD .name = "name", .type = FIELD_STR, .min = 1, .max = 120, .prose = NAME_PROSE
#define PHONE_FIELD                                                                                \
    .name = "phone", .type = FIELD_PHONE, .flags = FIELD_NULLABLE,                                 \
    .prose = "Mobile number; null takes it away"
#define STATION_FIELD                                                                              \
    .name = "station_id", .type = FIELD_UUID,                                                      \
    .prose = "Where the role is held: needed for STATION_MANAGER, possible for CHEF"

static const struct field me_update_fields[] = {
    {NAME_FIELD, PASSED_ON},
    {PHONE_FIELD, PASSED_ON},
};
TABLE_PASSED_ON(me_update_in, "ProfileUpdate", me_update_fields);

static const struct field user_create_fields[] = {
    {.name = "email", .type = FIELD_EMAIL, .flags = REQ, PASSED_ON,
     .prose = "An invitation goes there"},
    {.name = "name", .type = FIELD_STR, .flags = REQ, .max = 120, PASSED_ON, .prose = NAME_PROSE},
    {PHONE_FIELD, PASSED_ON},
    {.name = "role", .type = FIELD_ENUM, .flags = REQ, .choices = ROLES, PASSED_ON,
     .prose = "The account's first role"},
    {STATION_FIELD, PASSED_ON},
};
TABLE_PASSED_ON(user_create_in, "UserCreate", user_create_fields);

static const struct field user_update_fields[] = {
    {NAME_FIELD, PASSED_ON},
    {PHONE_FIELD, PASSED_ON},
    {.name = "email", .type = FIELD_EMAIL, PASSED_ON,
     .prose = "A new address has to be verified again"},
};
TABLE_PASSED_ON(user_update_in, "UserUpdate", user_update_fields);

static const struct field reason_fields[] = {
    {.name = "reason", .type = FIELD_STR, .flags = REQ, .min = 10, .max = 500,
     TEXT(reason_in, reason), .prose = "Why, for the audit log"},
};
TABLE(reason_in, "Reason", reason_fields);

static const struct field optional_reason_fields[] = {
    {.name = "reason", .type = FIELD_STR, .min = 10, .max = 500, TEXT(reason_in, reason),
     .prose = "Why, for the audit log"},
};
const struct field_table optional_reason_in = {.name = "OptionalReason",
                                               .rows = optional_reason_fields,
                                               .n = ARRAY_LEN(optional_reason_fields),
                                               .bytes = sizeof(struct reason_in)};

/* --- rights ----------------------------------------------------------------------------------- */

static const struct field role_give_fields[] = {
    {.name = "role", .type = FIELD_ENUM, .flags = REQ, .choices = ROLES, TEXT(role_give_in, role),
     .prose = "The role to give"},
    {STATION_FIELD, TEXT(role_give_in, station_id)},
};
TABLE(role_give_in, "RoleGrant", role_give_fields);

static const struct field permission_scope_fields[] = {
    {.name = "permission", .type = FIELD_STR, .flags = REQ, .max = 60, PASSED_ON,
     .prose = "Name of a permission", .example = "\"bookings.read\""},
    {.name = "scope", .type = FIELD_ENUM, .flags = REQ, .choices = "own|station|all", PASSED_ON,
     .prose = "What of: the caller's own, his stations', or everything"},
};
static const struct field_table permission_scope = {.name = "PermissionScope",
                                                    .rows = permission_scope_fields,
                                                    .n = ARRAY_LEN(permission_scope_fields)};

static const struct field role_set_fields[] = {
    {.name = "permissions", .type = FIELD_LIST, .flags = REQ, .sub = &permission_scope, .max = 100,
     .offset = FIELD_AT(struct role_set_in, permissions, const struct json *),
     .prose = "All that the role may do; what is missing here is taken"},
};
TABLE(role_set_in, "RolePermissionsUpdate", role_set_fields);

static const struct field api_key_fields[] = {
    {.name = "name", .type = FIELD_STR, .flags = REQ, .max = 80, PASSED_ON,
     .prose = "What the key is for"},
    {.name = "permissions", .type = FIELD_LIST, .item = FIELD_STR, .flags = REQ, .min = 1,
     .max = 100, .offset = FIELD_AT(struct api_key_in, permissions, const struct json *),
     .prose = "What the key may do of what its owner may do", .example = "[\"bookings.read\"]"},
    {.name = "expires_in_days", .type = FIELD_INT, .min = 1, .max = 366, PASSED_ON,
     .prose = "90 when not given"},
};
TABLE(api_key_in, "ApiKeyCreate", api_key_fields);

static const struct field feature_fields[] = {
    {.name = "enabled", .type = FIELD_BOOL, .flags = REQ,
     .offset = FIELD_AT(struct feature_in, enabled, bool),
     .prose = "On or off, whatever the default"},
    {.name = "reason", .type = FIELD_STR, .flags = REQ, .min = 10, .max = 500,
     TEXT(feature_in, reason), .prose = "Why, for the audit log"},
};
TABLE(feature_in, "FeatureSet", feature_fields);

/* --- queries ---------------------------------------------------------------------------------- */

static const struct field user_query_fields[] = {
    {.name = "q", .type = FIELD_STR, .min = 3, .max = 100, PASSED_ON,
     .prose = "Part of the name or the address; the 5,000 first matches are looked at"},
    {.name = "kind", .type = FIELD_ENUM, .choices = "staff|customer", PASSED_ON,
     .prose = "Whose accounts; staff when not given, unless role says more"},
    {.name = "role", .type = FIELD_ENUM, .choices = ROLES, PASSED_ON, .prose = "Who has this role"},
    {.name = "status", .type = FIELD_ENUM, .choices = "active|locked|disabled|deleted", PASSED_ON,
     .prose = "All but the deleted ones when not given"},
    {.name = "count", .type = FIELD_BOOL, PASSED_ON, .prose = "Give the total as well"},
};
TABLE_PASSED_ON(user_query, "UserQuery", user_query_fields);

static const struct field export_query_fields[] = {
    {.name = "user_id", .type = FIELD_UUID, PASSED_ON, .prose = "About this account"},
    {.name = "state", .type = FIELD_ENUM, .choices = "gathering|ready|ended", PASSED_ON,
     .prose = "How far it is"},
};
TABLE_PASSED_ON(export_query, "ExportQuery", export_query_fields);

static const struct field export_page_query_fields[] = {
    {.name = "page", .type = FIELD_INT, .min = 1, .max = 100000, PASSED_ON,
     .prose = "1 to the document's pages; 1 when not given"},
};
TABLE_PASSED_ON(export_page_query, "ExportPageQuery", export_page_query_fields);

static const struct field role_query_fields[] = {
    {.name = "role", .type = FIELD_ENUM, .flags = REQ, .choices = ROLES, PASSED_ON,
     .prose = "The role to take"},
    {.name = "station_id", .type = FIELD_UUID, PASSED_ON, .prose = "Where it is held"},
};
TABLE_PASSED_ON(role_query, "RoleQuery", role_query_fields);

static const struct field audit_query_fields[] = {
    {.name = "actor", .type = FIELD_UUID, PASSED_ON, .prose = "Who did it"},
    {.name = "entity", .type = FIELD_STR, .pattern = "slug", .max = 40, PASSED_ON,
     .prose = "Kind of what was changed: user, booking"},
    {.name = "entity_id", .type = FIELD_STR, .max = 100, PASSED_ON,
     .prose = "Which one; needs entity"},
    {.name = "action", .type = FIELD_STR, .max = 60, PASSED_ON,
     .prose = "What was done: user.lock"},
    {.name = "from", .type = FIELD_TIMESTAMP, PASSED_ON, .prose = "At or after"},
    {.name = "to", .type = FIELD_TIMESTAMP, PASSED_ON, .prose = "Before"},
};
TABLE_PASSED_ON(audit_query, "AuditQuery", audit_query_fields);
