-- write: ends an API key and the access tokens that were given for it
WITH ended AS (
    UPDATE identity.api_keys k SET revoked_at = ($1::jsonb->>'now')::timestamptz
     WHERE k.id = $2::uuid AND k.revoked_at IS NULL 
       AND ($1::jsonb->>'scope' = 'all' OR k.user_id = ($1::jsonb->>'user')::uuid)
    RETURNING k.*
)
SELECT bus.revoke($1::jsonb, e.user_id, e.id),
       bus.audit($1::jsonb, 'api_key.revoke', 'api_key', e.id::text, NULL,
                 identity.api_key_json(e))
  FROM ended e
