-- read: whom a link from a mail belongs to, before the new password is hashed
SELECT u.email, u.name
  FROM identity.one_time_tokens t JOIN identity.users u ON u.id = t.user_id AND u.email = t.email
 WHERE t.hash = decode($2, 'hex') AND t.purpose IN ('reset', 'invite') AND t.used_at IS NULL
   AND t.expires_at > ($1::jsonb->>'now')::timestamptz
   AND u.deleted_at IS NULL AND u.status <> 'disabled'
