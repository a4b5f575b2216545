/* The bodies and queries of identity's routes. Structs hold what the service's C code reads; the
 * rest goes to PostgreSQL as one JSON parameter. */
#ifndef PROTO_IDENTITY_API_H
#define PROTO_IDENTITY_API_H

#include <stdbool.h>
#include <stdint.h>

#include "common/field.h"

struct login_in {
    const char *email, *password;
    const char *mfa_code, *recovery_code; /* NULL: not given */
};

struct refresh_in {
    const char *refresh_token;
};

struct api_token_in {
    const char *api_key;
};

struct register_in {
    const char *email, *password, *name, *phone;
};

struct email_in {
    const char *email;
};

struct link_in {
    const char *token;
};

struct reset_in {
    const char *token, *password;
};

struct password_change_in {
    const char *current_password, *new_password;
};

struct password_in {
    const char *password;
};

struct mfa_enable_in {
    const char *code;
};

struct mfa_disable_in {
    const char *password, *code, *recovery_code;
};

struct reason_in {
    const char *reason;
};

struct role_give_in {
    const char *role, *station_id;
};

struct role_set_in {
    const struct json *permissions; /* [{permission, scope}] */
};

struct api_key_in {
    const struct json *permissions;
};

struct feature_in {
    bool enabled;
    const char *reason;
};

extern const struct field_table login_in, refresh_in, api_token_in, register_in, email_in, link_in,
    reset_in, password_change_in, password_in, mfa_enable_in, mfa_disable_in, me_update_in,
    user_create_in, user_update_in, reason_in, optional_reason_in, role_give_in, role_set_in,
    api_key_in, feature_in;

extern const struct field_table user_query, role_query, audit_query, export_query,
    export_page_query;

extern const struct field_table tokens_out, api_token_out, accepted_out, session_list_out,
    login_attempt_out, me_out, mfa_setup_out, recovery_codes_out, user_out, role_list_out,
    permission_list_out, role_permissions_out, api_key_out, api_key_created_out, audit_out,
    feature_list_out, feature_out, jwks_out, export_out, export_document_out, identity_export_out,
    erasure_out;

#endif
