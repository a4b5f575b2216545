-- Verify hibachi:identity on pg
BEGIN;

SELECT id, email, kind, name, phone, status, state, password_hash, email_verified_at, failed_logins,
       last_failed_at, locked_until, last_login_at, last_mail_at, mfa_secret, mfa_enabled_at,
       mfa_last_step, generation, sessions_from, deleted_at, deleted_by, delete_reason, version, created_at, updated_at
  FROM identity.users WHERE false;
SELECT user_id, role, station_id, granted_by, granted_at FROM identity.user_roles WHERE false;
SELECT user_id, hash, created_at, used_at FROM identity.recovery_codes WHERE false;
SELECT hash, user_id, purpose, email, created_at, expires_at, used_at
  FROM identity.one_time_tokens WHERE false;
SELECT id, user_id, at, outcome, mfa, ip, user_agent, session_id
  FROM identity.login_history WHERE false;
SELECT id, user_id, created_at, last_used_at, expires_at, generation, mfa, ip, user_agent,
       revoked_at, revoke_reason
  FROM identity.sessions WHERE false;
SELECT hash, session_id, issued_at, expires_at, used_at, replaced_by
  FROM identity.refresh_tokens WHERE false;
SELECT id, user_id, name, prefix, hash, permissions, created_at, expires_at, last_used_at,
       last_used_ip, revoked_at
  FROM identity.api_keys WHERE false;

DO $$
BEGIN
    ASSERT (SELECT count(*) FROM identity.roles) = 6, 'six roles';
    ASSERT NOT EXISTS (SELECT FROM identity.permissions p
                        WHERE NOT EXISTS (SELECT FROM identity.role_permissions r
                                           WHERE r.role = 'SUPER_ADMIN' AND r.scope = 'all'
                                             AND r.permission = p.name)),
           'the super administrator may do everything';
    ASSERT has_schema_privilege('mh_identity', 'identity', 'USAGE'), 'identity may look in';
    ASSERT NOT has_schema_privilege('mh_booking', 'identity', 'USAGE'), 'booking may not';
    ASSERT has_table_privilege('mh_identity', 'identity.users', 'SELECT,INSERT,UPDATE,DELETE'),
           'accounts are the service''s';
    ASSERT NOT has_table_privilege('mh_identity', 'identity.roles', 'INSERT,UPDATE,DELETE'),
           'roles are fixed';
    ASSERT NOT has_table_privilege('mh_identity', 'identity.login_history', 'UPDATE'),
           'history is not rewritten';
    ASSERT NOT has_function_privilege('mh_booking', 'identity.claims(uuid)', 'EXECUTE'),
           'claims are for identity only';
END $$;

ROLLBACK;
