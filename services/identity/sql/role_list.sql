-- read: the roles and what each may do
SELECT jsonb_build_object('items', jsonb_agg(jsonb_build_object(
           'name', r.name, 'title', r.title, 'station', r.station,
           'permissions', coalesce((SELECT jsonb_object_agg(p.permission, p.scope)
                                      FROM identity.role_permissions p WHERE p.role = r.name),
                                   '{}')) ORDER BY r.rank DESC)) AS body
  FROM identity.roles r WHERE $1::jsonb IS NOT NULL
