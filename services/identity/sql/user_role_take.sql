-- write: takes a role from an account; its access tokens end, its sessions stay
-- $2 id, $3 role, $4 station or null
WITH found AS (
    SELECT r.user_id FROM identity.user_roles r JOIN identity.users u ON u.id = r.user_id
     WHERE r.user_id = $2::uuid AND r.role = $3 AND r.station_id IS NOT DISTINCT FROM $4::uuid
       AND u.deleted_at IS NULL AND identity.visible($1::jsonb, u.id)
       FOR UPDATE OF u
), account AS (
    SELECT f.* FROM found f
     WHERE identity.demand(identity.may_manage($1::jsonb, f.user_id), 'privilege_escalation',
                           'This account can do more than you.')
       AND identity.demand($1::jsonb->>'scope' = 'all' OR $1::jsonb->'stations' ? $4::text,
                           'privilege_escalation', 'This is not one of your stations.')
), taken AS (
    DELETE FROM identity.user_roles r USING account a
     WHERE r.user_id = a.user_id AND r.role = $3 AND r.station_id IS NOT DISTINCT FROM $4::uuid
    RETURNING r.user_id, r.role, r.station_id
), next AS (
    UPDATE identity.users u SET generation = u.generation + 1
      FROM taken t WHERE u.id = t.user_id
    RETURNING u.generation
)
SELECT bus.revoke($1::jsonb, t.user_id, NULL, n.generation),
       bus.audit($1::jsonb, 'user.role_take', 'user', t.user_id::text,
                 jsonb_build_object('role', t.role, 'station_id', t.station_id), NULL),
       bus.emit($1::jsonb, 'identity.user.changed', t.user_id::text,
                jsonb_build_object('user_id', t.user_id))
  FROM taken t, next n
