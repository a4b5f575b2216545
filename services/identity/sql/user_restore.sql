-- write: a deleted account comes back as it was, within 30 days
WITH found AS (
    SELECT u.* FROM identity.users u
     WHERE u.id = $2::uuid AND identity.visible($1::jsonb, u.id)
       FOR UPDATE
), old AS (
    SELECT f.* FROM found f
     WHERE identity.demand(f.deleted_at IS NOT NULL, 'state_conflict',
                           'The account is not deleted.')
       AND identity.demand(f.deleted_at > ($1::jsonb->>'now')::timestamptz - interval '30 days',
                           'restore_expired')
       AND identity.demand(identity.may_manage($1::jsonb, f.id), 'privilege_escalation',
                           'This account can do more than you.')
), new AS (
    UPDATE identity.users u
       SET deleted_at = NULL, deleted_by = NULL, delete_reason = NULL, version = u.version + 1,
           updated_at = ($1::jsonb->>'now')::timestamptz
      FROM old WHERE u.id = old.id
    RETURNING u.*
)
SELECT identity.user_json(new) AS body, identity.user_etag(identity.user_json(new)) AS etag,
       bus.audit($1::jsonb, 'user.restore', 'user', new.id::text, identity.user_json(old),
                 identity.user_json(new)),
       bus.emit($1::jsonb, 'identity.user.restored', new.id::text,
                jsonb_build_object('user_id', new.id))
  FROM old, new
