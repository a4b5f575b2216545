-- read: one of the caller's own exports
SELECT identity.export_json(e) AS body
  FROM identity.exports e
 WHERE e.id = $2::uuid AND e.user_id = ($1::jsonb->>'user')::uuid
