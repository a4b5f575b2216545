-- write: an API key is traded for an access token: what both the key and its owner may do
-- $2 prefix, $3 hash
WITH used AS (
    UPDATE identity.api_keys k
       SET last_used_at = ($1::jsonb->>'now')::timestamptz, last_used_ip = ($1::jsonb->>'ip')::inet
      FROM identity.users u
     WHERE k.prefix = $2 AND k.hash = decode($3, 'hex') AND k.revoked_at IS NULL
       AND k.expires_at > ($1::jsonb->>'now')::timestamptz
       AND u.id = k.user_id AND u.state = 'active'
    RETURNING k.id, k.user_id, k.permissions
)
SELECT u.id, u.user_id,
       c.claims || jsonb_build_object(
           'scopes', coalesce((SELECT jsonb_object_agg(s.key, s.value)
                                 FROM jsonb_each(c.claims->'scopes') s
                                WHERE s.key = ANY (u.permissions)), '{}')) AS claims
  FROM used u CROSS JOIN LATERAL identity.claims(u.user_id) AS c (claims)
