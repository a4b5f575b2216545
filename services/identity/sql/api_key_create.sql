-- write: an API key of the caller, with some of his permissions
-- $2 id, $3 input, $4 prefix, $5 hash. The reply is completed by the service, with the key itself.
WITH input AS (
    SELECT i->>'name' AS name, ($1::jsonb->>'user')::uuid AS user_id,
           ($1::jsonb->>'now')::timestamptz AS now,
           ($1::jsonb->>'now')::timestamptz
               + make_interval(days => coalesce((i->>'expires_in_days')::int, 90)) AS expires_at,
           ARRAY(SELECT DISTINCT p FROM jsonb_array_elements_text(i->'permissions') p ORDER BY p)
               AS permissions
      FROM (VALUES ($3::jsonb)) v (i)
), allowed AS (
    SELECT i.* FROM input i
     WHERE identity.demand(
               NOT EXISTS (SELECT FROM unnest(i.permissions) p
                            WHERE p NOT IN (SELECT mine.permission
                                              FROM identity.rights(i.user_id) mine)),
               'privilege_escalation', 'A key cannot do more than its owner.')
       AND identity.demand((SELECT count(*) < 20 FROM identity.api_keys k
                             WHERE k.user_id = i.user_id AND k.revoked_at IS NULL
                               AND k.expires_at > i.now),
                           'conflict', 'Twenty keys are enough. Revoke one first.')
), created AS (
    INSERT INTO identity.api_keys (id, user_id, name, prefix, hash, permissions, created_at,
                                   expires_at)
    SELECT $2::uuid, a.user_id, a.name, $4, decode($5, 'hex'), a.permissions, a.now, a.expires_at
      FROM allowed a
    RETURNING *
)
SELECT identity.api_key_json(c) AS body, '/api/v1/api-keys/' || c.id AS location,
       bus.audit($1::jsonb, 'api_key.create', 'api_key', c.id::text, NULL,
                 identity.api_key_json(c)),
       bus.job($1::jsonb, 'identity.mail', jsonb_build_object(
           'template', 'api_key_created', 'user', c.user_id))
  FROM created c
