-- write: ends one session of the caller
WITH ended AS (
    UPDATE identity.sessions s
       SET revoked_at = ($1::jsonb->>'now')::timestamptz, revoke_reason = 'logout'
     WHERE s.id = $2::uuid AND s.user_id = ($1::jsonb->>'user')::uuid AND s.revoked_at IS NULL
    RETURNING s.id, s.user_id
)
SELECT bus.revoke($1::jsonb, e.user_id, e.id),
       bus.audit($1::jsonb, 'session.end', 'session', e.id::text, NULL, NULL)
  FROM ended e
