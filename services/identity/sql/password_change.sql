-- write: a new password by its owner; his other sessions end
-- $2 the hash that was checked, $3 the new one
WITH changed AS (
    UPDATE identity.users u
       SET password_hash = $3, failed_logins = 0, version = u.version + 1,
           updated_at = ($1::jsonb->>'now')::timestamptz
     WHERE u.id = ($1::jsonb->>'user')::uuid AND u.password_hash = $2 AND u.state = 'active'
    RETURNING u.id, u.updated_at AS now
), ended AS (
    UPDATE identity.sessions s SET revoked_at = c.now, revoke_reason = 'password_changed'
      FROM changed c
     WHERE s.user_id = c.id AND s.revoked_at IS NULL AND s.id <> ($1::jsonb->>'session')::uuid
    RETURNING s.id, s.user_id
), links AS (
    UPDATE identity.one_time_tokens t SET used_at = c.now
      FROM changed c WHERE t.user_id = c.id AND t.purpose = 'reset' AND t.used_at IS NULL
)
SELECT (SELECT count(bus.revoke($1::jsonb, e.user_id, e.id)) FROM ended e),
       bus.audit($1::jsonb, 'user.password_change', 'user', c.id::text, NULL, NULL),
       bus.job($1::jsonb, 'identity.mail', jsonb_build_object(
           'template', 'password_changed', 'user', c.id))
  FROM changed c
