-- read: the caller's own account and what he may do
SELECT identity.user_json(u) - '{delete_reason,deleted_at,locked_until}'::text[]
       || jsonb_build_object(
              'permissions', identity.claims(u.id)->'scopes',
              'recovery_codes_left', (SELECT count(*) FROM identity.recovery_codes c
                                       WHERE c.user_id = u.id AND c.used_at IS NULL)) AS body
  FROM identity.users u
 WHERE u.id = ($1::jsonb->>'user')::uuid AND u.deleted_at IS NULL
