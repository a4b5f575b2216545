-- write: what a role may do, all of it anew; in force as access tokens are renewed
-- $2 role, $3 input, $4 version that was read: who was slower is told
WITH found AS (
    SELECT r.name, r.version FROM identity.roles r
     WHERE r.name = $2
       AND identity.demand(r.name <> 'SUPER_ADMIN', 'privilege_escalation',
                           'The super administrator may do everything, always.')
       AND identity.demand($1::jsonb->>'scope' = 'all', 'privilege_escalation',
                           'Roles are the same at every station.')
       AND identity.demand(identity.may_give($1::jsonb, r.name, NULL), 'privilege_escalation',
                           'This role can do more than you.')
       FOR UPDATE
), role AS (
    SELECT f.name FROM found f
     WHERE identity.demand(f.version::text = $4, 'precondition_failed')
), want AS (
    SELECT w.permission, w.scope::identity.scope AS scope
      FROM role, jsonb_to_recordset($3::jsonb->'permissions') AS w (permission text, scope text)
), had AS (
    SELECT p.permission, p.scope FROM identity.role_permissions p JOIN role ON role.name = p.role
), wider AS (
    SELECT w.* FROM want w LEFT JOIN had h USING (permission)
     WHERE h.scope IS NULL OR w.scope > h.scope
), allowed AS (
    SELECT role.name FROM role
     WHERE NOT EXISTS (
        SELECT FROM wider w
         WHERE NOT identity.demand(
                   identity.covers(($1::jsonb->>'user')::uuid, w.permission, w.scope, NULL),
                   'privilege_escalation', 'You cannot allow ' || w.permission || '.'))
), gone AS (
    DELETE FROM identity.role_permissions p USING allowed a
     WHERE p.role = a.name AND NOT EXISTS (SELECT FROM want w WHERE w.permission = p.permission)
), put AS (
    INSERT INTO identity.role_permissions (role, permission, scope)
    SELECT a.name, w.permission, w.scope FROM allowed a, want w
    ON CONFLICT (role, permission) DO UPDATE SET scope = EXCLUDED.scope
), version AS (
    UPDATE identity.roles r SET version = r.version + 1 FROM allowed a WHERE r.name = a.name
    RETURNING r.version
), after AS (
    SELECT a.name, coalesce((SELECT jsonb_object_agg(w.permission, w.scope) FROM want w), '{}')
           AS permissions
      FROM allowed a
)
SELECT jsonb_build_object('role', a.name, 'permissions', a.permissions) AS body,
       v.version AS etag,
       bus.audit($1::jsonb, 'role.set', 'role', a.name,
                 coalesce((SELECT jsonb_object_agg(h.permission, h.scope) FROM had h), '{}'),
                 a.permissions)
  FROM after a, version v
