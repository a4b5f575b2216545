-- write: ends every session of the caller
WITH ended AS (
    UPDATE identity.sessions s
       SET revoked_at = ($1::jsonb->>'now')::timestamptz, revoke_reason = 'logout_all'
     WHERE s.user_id = ($1::jsonb->>'user')::uuid AND s.revoked_at IS NULL
    RETURNING s.id, s.user_id
)
SELECT bus.audit($1::jsonb, 'session.end_all', 'user', $1::jsonb->>'user', NULL,
                 jsonb_build_object(
                     'sessions', (SELECT count(bus.revoke($1::jsonb, e.user_id, e.id))
                                    FROM ended e)))
