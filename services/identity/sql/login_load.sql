-- read: what a login has to know of the account before the password is checked
SELECT u.id, u.email, u.name, u.password_hash, u.state, u.mfa_secret,
       u.mfa_enabled_at IS NOT NULL AS mfa, u.mfa_last_step,
       coalesce(u.locked_until > ($1::jsonb->>'now')::timestamptz, false) AS locked
  FROM identity.users u
 WHERE u.email = lower($2) AND u.deleted_at IS NULL
