-- write: the caller's own profile: what is not named stays
WITH old AS (
    SELECT u.* FROM identity.users u
     WHERE u.id = ($1::jsonb->>'user')::uuid AND u.deleted_at IS NULL
       FOR UPDATE
), new AS (
    UPDATE identity.users u
       SET name = coalesce($2::jsonb->>'name', u.name),
           phone = CASE WHEN $2::jsonb ? 'phone' THEN $2::jsonb->>'phone' ELSE u.phone END,
           version = u.version + 1, updated_at = ($1::jsonb->>'now')::timestamptz
      FROM old WHERE u.id = old.id
    RETURNING u.*
)
SELECT identity.user_json(new) - '{delete_reason,deleted_at,locked_until}'::text[]
       || jsonb_build_object(
              'permissions', identity.claims(new.id)->'scopes',
              'recovery_codes_left', (SELECT count(*) FROM identity.recovery_codes c
                                       WHERE c.user_id = new.id AND c.used_at IS NULL)) AS body,
       bus.audit($1::jsonb, 'user.update', 'user', new.id::text, identity.user_json(old),
                 identity.user_json(new)),
       bus.emit($1::jsonb, 'identity.user.changed', new.id::text,
                jsonb_build_object('user_id', new.id))
  FROM old, new
