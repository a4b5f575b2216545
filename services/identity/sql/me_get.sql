-- read: the caller's own account and what he may do
SELECT m.body, bus.etag(u.version, m.body::text) AS etag
  FROM identity.users u, LATERAL (SELECT identity.me_json(u) AS body OFFSET 0) m -- once
 WHERE u.id = ($1::jsonb->>'user')::uuid AND u.deleted_at IS NULL
