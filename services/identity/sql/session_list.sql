-- read: where the caller is signed in
SELECT jsonb_build_object('items', coalesce(jsonb_agg(jsonb_build_object(
           'id', s.id, 'current', s.id = ($1::jsonb->>'session')::uuid, 'mfa', s.mfa,
           'ip', host(s.ip), 'user_agent', s.user_agent, 'created_at', s.created_at,
           'last_used_at', s.last_used_at, 'expires_at', s.expires_at)
           ORDER BY s.last_used_at DESC, s.id), '[]')) AS body
  FROM identity.sessions s JOIN identity.users u ON u.id = s.user_id
 WHERE s.user_id = ($1::jsonb->>'user')::uuid AND identity.goes_on(s, u)
   AND s.expires_at > ($1::jsonb->>'now')::timestamptz
