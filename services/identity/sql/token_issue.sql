-- write: a link for who asked for one, when the address has an account that may have it
-- $2 purpose, $3 address, $4 token, $5 token sealed, $6 its life in seconds
WITH account AS (
    UPDATE identity.users u SET last_mail_at = ($1::jsonb->>'now')::timestamptz
     WHERE u.email = lower($3) AND u.deleted_at IS NULL AND u.status <> 'disabled'
       AND coalesce(u.last_mail_at
                    <= ($1::jsonb->>'now')::timestamptz - interval '1 minute', true)
       AND ($2 = 'reset' OR u.email_verified_at IS NULL)
    RETURNING u.id, u.email
), token AS (
    INSERT INTO identity.one_time_tokens (hash, user_id, purpose, email, created_at, expires_at)
    SELECT decode($4, 'hex'), a.id, $2, a.email, ($1::jsonb->>'now')::timestamptz,
           ($1::jsonb->>'now')::timestamptz + make_interval(secs => $6::int)
      FROM account a
    RETURNING user_id
)
SELECT bus.job($1::jsonb, 'identity.mail',
               jsonb_build_object('template', $2::text, 'user', t.user_id, 'token', $5::text)),
       bus.audit($1::jsonb, 'user.mail_' || $2, 'user', t.user_id::text, NULL, NULL)
  FROM token t
