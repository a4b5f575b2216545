-- write: the caller's own profile: what is not named stays; $3 the version that was read, or null
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
       AND identity.demand($3::text IS NULL OR old.version::text = $3, 'precondition_failed')
    RETURNING u.*
)
SELECT m.body, bus.etag(new.version, m.body::text) AS etag,
       bus.audit($1::jsonb, 'user.update', 'user', new.id::text, identity.user_json(old),
                 identity.user_json(new)),
       bus.emit($1::jsonb, 'identity.user.changed', new.id::text,
                jsonb_build_object('user_id', new.id))
  FROM old, new, LATERAL (SELECT identity.me_json(new) AS body OFFSET 0) m
