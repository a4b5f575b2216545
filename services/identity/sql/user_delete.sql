-- write: an account is gone for everybody, and for 30 days can come back
-- $2 id, $3 reason
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
), new AS (
    UPDATE identity.users u
       SET deleted_at = ($1::jsonb->>'now')::timestamptz, delete_reason = $3,
           deleted_by = ($1::jsonb->>'user')::uuid, version = u.version + 1,
           generation = u.generation + 1, sessions_from = u.generation + 1,
           updated_at = ($1::jsonb->>'now')::timestamptz
      FROM old WHERE u.id = old.id
    RETURNING u.*
), ended AS (
    UPDATE identity.sessions s SET revoked_at = n.deleted_at, revoke_reason = 'deleted'
      FROM new n WHERE s.user_id = n.id AND s.revoked_at IS NULL
)
SELECT bus.revoke($1::jsonb, new.id, NULL, new.generation),
       bus.audit($1::jsonb, 'user.delete', 'user', new.id::text, identity.user_json(old),
                 identity.user_json(new), $3),
       bus.emit($1::jsonb, 'identity.user.deleted', new.id::text,
                jsonb_build_object('user_id', new.id))
  FROM old, new
