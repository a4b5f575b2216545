-- write: a new password by its owner; his other sessions end, also one that begins at this moment
-- $2 the hash that was checked, $3 the new one
WITH changed AS (
    UPDATE identity.users u
       SET password_hash = $3, failed_logins = 0, version = u.version + 1,
           generation = u.generation + 1, sessions_from = u.generation + 1,
           updated_at = ($1::jsonb->>'now')::timestamptz
     WHERE u.id = ($1::jsonb->>'user')::uuid AND u.password_hash = $2 AND u.state = 'active'
    RETURNING u.id, u.generation, u.updated_at AS now, ($1::jsonb->>'session')::uuid AS session
), kept AS (
    UPDATE identity.sessions s SET generation = c.generation
      FROM changed c WHERE s.id = c.session AND s.user_id = c.id
), ended AS (
    UPDATE identity.sessions s SET revoked_at = c.now, revoke_reason = 'password_changed'
      FROM changed c WHERE s.user_id = c.id AND s.revoked_at IS NULL AND s.id <> c.session
), links AS (
    UPDATE identity.one_time_tokens t SET used_at = c.now
      FROM changed c WHERE t.user_id = c.id AND t.purpose = 'reset' AND t.used_at IS NULL
)
SELECT bus.revoke($1::jsonb, c.id, c.session, c.generation),
       bus.audit($1::jsonb, 'user.password_change', 'user', c.id::text, NULL, NULL),
       bus.job($1::jsonb, 'identity.mail', jsonb_build_object(
           'template', 'password_changed', 'user', c.id))
  FROM changed c
