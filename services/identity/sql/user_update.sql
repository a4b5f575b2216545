-- write: an account's profile, by staff; a new address is proved anew
-- $2 id, $3 entity tag that was read, $4 input, $5 token, $6 token sealed, $7 its life in seconds
WITH found AS (
    SELECT u.* FROM identity.users u
     WHERE u.id = $2::uuid AND u.deleted_at IS NULL AND identity.visible($1::jsonb, u.id)
       FOR UPDATE
), old AS (
    SELECT f.* FROM found f
     WHERE identity.demand(identity.may_manage($1::jsonb, f.id), 'privilege_escalation',
                           'This account can do more than you.')
       AND identity.demand(f.version::text = $3, 'precondition_failed')
), new AS (
    UPDATE identity.users u
       SET name = coalesce($4::jsonb->>'name', u.name),
           phone = CASE WHEN $4::jsonb ? 'phone' THEN $4::jsonb->>'phone' ELSE u.phone END,
           email = coalesce(lower($4::jsonb->>'email'), u.email),
           email_verified_at = CASE WHEN coalesce(lower($4::jsonb->>'email'), u.email) = u.email
                                    THEN u.email_verified_at END,
           version = u.version + 1, updated_at = ($1::jsonb->>'now')::timestamptz
      FROM old WHERE u.id = old.id
    RETURNING u.*
), token AS (
    INSERT INTO identity.one_time_tokens (hash, user_id, purpose, email, created_at, expires_at)
    SELECT decode($5, 'hex'), n.id, 'verify', n.email, n.updated_at,
           n.updated_at + make_interval(secs => $7::int)
      FROM new n, old WHERE n.email <> old.email
    RETURNING user_id
)
SELECT identity.user_json(new) AS body, identity.user_etag(identity.user_json(new)) AS etag,
       bus.audit($1::jsonb, 'user.update', 'user', new.id::text, identity.user_json(old),
                 identity.user_json(new)),
       bus.emit($1::jsonb, 'identity.user.changed', new.id::text,
                jsonb_build_object('user_id', new.id)),
       (SELECT bus.job($1::jsonb, 'identity.mail', jsonb_build_object(
                   'template', 'verify', 'user', t.user_id, 'token', $6::text)) FROM token t)
  FROM old, new
