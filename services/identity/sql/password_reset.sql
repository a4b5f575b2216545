-- write: a new password by a link; whoever was signed in with the old one is not any more
WITH link AS (
    UPDATE identity.one_time_tokens t SET used_at = ($1::jsonb->>'now')::timestamptz
     WHERE t.hash = decode($2, 'hex') AND t.purpose IN ('reset', 'invite') AND t.used_at IS NULL
       AND t.expires_at > ($1::jsonb->>'now')::timestamptz
    RETURNING t.hash, t.user_id, t.email, t.purpose, t.used_at AS now
), changed AS (
    UPDATE identity.users u
       SET password_hash = $3, email_verified_at = coalesce(u.email_verified_at, l.now),
           failed_logins = 0, locked_until = NULL, last_failed_at = NULL,
           generation = u.generation + 1, sessions_from = u.generation + 1,
           version = u.version + 1, updated_at = l.now
      FROM link l
     WHERE u.id = l.user_id AND u.email = l.email AND u.deleted_at IS NULL
       AND u.status <> 'disabled'
    RETURNING u.id, u.kind, u.email, u.name, u.generation, l.hash, l.purpose, l.now
), others AS (
    UPDATE identity.one_time_tokens t SET used_at = c.now
      FROM changed c
     WHERE t.user_id = c.id AND t.purpose IN ('reset', 'invite') AND t.used_at IS NULL
       AND t.hash <> c.hash
), ended AS (
    UPDATE identity.sessions s SET revoked_at = c.now, revoke_reason = 'password_reset'
      FROM changed c WHERE s.user_id = c.id AND s.revoked_at IS NULL
)
SELECT bus.revoke($1::jsonb, c.id, NULL, c.generation),
       bus.audit($1::jsonb || jsonb_build_object('user', c.id), 'user.password_' || c.purpose,
                 'user', c.id::text, NULL, NULL),
       CASE WHEN c.purpose = 'reset'
            THEN bus.job($1::jsonb, 'identity.mail', jsonb_build_object(
                     'template', 'password_changed', 'user', c.id)) END,
       bus.emit($1::jsonb, 'identity.user.verified', c.id::text, jsonb_build_object(
           'user_id', c.id, 'kind', c.kind, 'email', c.email, 'name', c.name))
  FROM changed c
