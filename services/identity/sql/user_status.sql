-- write: locks, unlocks, disables or enables an account; who is not active is signed out
-- $2 id, $3 new status, $4 reason or null, $5 name of the action. Failed logins are forgiven.
WITH found AS (
    SELECT u.* FROM identity.users u
     WHERE u.id = $2::uuid AND u.deleted_at IS NULL AND identity.visible($1::jsonb, u.id)
       FOR UPDATE
), old AS (
    SELECT f.* FROM found f
     WHERE identity.demand(f.id <> ($1::jsonb->>'user')::uuid, 'state_conflict',
                           'You cannot do this to your own account.')
       AND identity.demand(identity.may_manage($1::jsonb, f.id), 'privilege_escalation',
                           'This account can do more than you.')
       AND identity.demand(f.status <> $3 OR f.locked_until IS NOT NULL, 'state_conflict',
                           'The account is ' || f.status || ' already.')
), new AS (
    UPDATE identity.users u
       SET status = $3, failed_logins = 0, locked_until = NULL, last_failed_at = NULL,
           generation = u.generation + ($3 <> 'active')::int,
           sessions_from = CASE $3 WHEN 'active' THEN u.sessions_from ELSE u.generation + 1 END,
           version = u.version + 1, updated_at = ($1::jsonb->>'now')::timestamptz
      FROM old WHERE u.id = old.id
    RETURNING u.*
), ended AS (
    UPDATE identity.sessions s SET revoked_at = n.updated_at, revoke_reason = n.status
      FROM new n WHERE s.user_id = n.id AND s.revoked_at IS NULL AND n.status <> 'active'
)
SELECT identity.user_json(new) AS body, identity.user_etag(identity.user_json(new)) AS etag,
       CASE WHEN new.status <> 'active'
            THEN bus.revoke($1::jsonb, new.id, NULL, new.generation) END,
       bus.audit($1::jsonb, 'user.' || $5, 'user', new.id::text, identity.user_json(old),
                 identity.user_json(new), $4),
       bus.emit($1::jsonb, 'identity.user.changed', new.id::text,
                jsonb_build_object('user_id', new.id))
  FROM old, new
