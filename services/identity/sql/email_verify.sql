-- write: the link of a mail proves the address it was sent to
WITH link AS (
    UPDATE identity.one_time_tokens t SET used_at = ($1::jsonb->>'now')::timestamptz
     WHERE t.hash = decode($2, 'hex') AND t.purpose = 'verify' AND t.used_at IS NULL
       AND t.expires_at > ($1::jsonb->>'now')::timestamptz
    RETURNING t.user_id, t.email, t.used_at
), verified AS (
    UPDATE identity.users u
       SET email_verified_at = coalesce(u.email_verified_at, l.used_at), version = u.version + 1,
           updated_at = l.used_at
      FROM link l WHERE u.id = l.user_id AND u.email = l.email AND u.deleted_at IS NULL
    RETURNING u.id, u.kind, u.email, u.name
)
SELECT bus.audit($1::jsonb || jsonb_build_object('user', v.id), 'user.email_verified', 'user',
                 v.id::text, NULL, NULL),
       bus.emit($1::jsonb, 'identity.user.changed', v.id::text, jsonb_build_object('user_id', v.id)),
       bus.emit($1::jsonb, 'identity.user.verified', v.id::text, jsonb_build_object(
           'user_id', v.id, 'kind', v.kind, 'email', v.email, 'name', v.name))
  FROM verified v
