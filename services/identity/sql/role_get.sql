-- read: what one role may do
SELECT jsonb_build_object(
           'role', r.name,
           'permissions', coalesce((SELECT jsonb_object_agg(p.permission, p.scope)
                                      FROM identity.role_permissions p WHERE p.role = r.name),
                                   '{}')) AS body,
       r.version AS etag
  FROM identity.roles r WHERE r.name = $2 AND $1::jsonb IS NOT NULL
