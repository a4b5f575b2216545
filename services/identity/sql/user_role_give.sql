-- write: gives an account a role; one that it has already stays as it is
-- $2 id, $3 role, $4 station or null. Anybody may have signed up under the address of who is meant: it has
-- to be proved, if only by following the invitation without which there is no password.
WITH found AS (
    SELECT u.id, u.email_verified_at IS NOT NULL OR u.password_hash IS NULL AS is_owners
      FROM identity.users u
     WHERE u.id = $2::uuid AND u.deleted_at IS NULL AND identity.visible($1::jsonb, u.id)
       FOR UPDATE
), account AS (
    SELECT f.* FROM found f
     WHERE identity.demand(identity.may_manage($1::jsonb, f.id), 'privilege_escalation',
                           'This account can do more than you.')
       AND identity.demand(identity.may_give($1::jsonb, $3, $4::uuid), 'privilege_escalation',
                           'You cannot give a role that can do more than you.')
       AND identity.demand($1::jsonb->>'scope' = 'all' OR $1::jsonb->'stations' ? $4::text,
                           'privilege_escalation', 'This is not one of your stations.')
       AND identity.demand(f.is_owners, 'state_conflict',
                           'The address of this account is not confirmed yet.')
), given AS (
    INSERT INTO identity.user_roles (user_id, role, station_id, granted_by, granted_at)
    SELECT a.id, $3, $4::uuid, ($1::jsonb->>'user')::uuid, ($1::jsonb->>'now')::timestamptz
      FROM account a
    ON CONFLICT ON CONSTRAINT user_roles_once DO NOTHING
    RETURNING user_id, role, station_id
)
SELECT (SELECT count(bus.audit($1::jsonb, 'user.role_give', 'user', g.user_id::text, NULL,
                               jsonb_build_object('role', g.role, 'station_id', g.station_id)))
          FROM given g),
       (SELECT bus.emit($1::jsonb, 'identity.user.changed', g.user_id::text,
                        jsonb_build_object('user_id', g.user_id)) FROM given g)
  FROM account
