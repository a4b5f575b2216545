-- write: ends every session of the caller, also one that begins at this moment
WITH caller AS (
    UPDATE identity.users u SET generation = u.generation + 1, sessions_from = u.generation + 1
     WHERE u.id = ($1::jsonb->>'user')::uuid
    RETURNING u.id, u.generation
), ended AS (
    UPDATE identity.sessions s
       SET revoked_at = ($1::jsonb->>'now')::timestamptz, revoke_reason = 'logout_all'
      FROM caller c WHERE s.user_id = c.id AND s.revoked_at IS NULL
    RETURNING s.id
)
SELECT bus.revoke($1::jsonb, c.id, NULL, c.generation),
       bus.audit($1::jsonb, 'session.end_all', 'user', c.id::text, NULL,
                 jsonb_build_object('sessions', (SELECT count(*) FROM ended)))
  FROM caller c
