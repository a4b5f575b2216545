-- read: the same for somebody who is signed in and has to prove himself again
SELECT u.id, u.email, u.name, u.password_hash, u.state, u.mfa_secret,
       u.mfa_enabled_at IS NOT NULL AS mfa, u.mfa_last_step,
       coalesce(u.locked_until > ($1::jsonb->>'now')::timestamptz, false) AS locked
  FROM identity.users u
  JOIN identity.sessions s ON s.user_id = u.id AND s.id = ($1::jsonb->>'session')::uuid
 WHERE u.id = ($1::jsonb->>'user')::uuid AND u.deleted_at IS NULL AND identity.goes_on(s, u)
