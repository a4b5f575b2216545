-- write: a customer signs up; an address that has an account gets a mail instead
-- $2 id, $3 address, $4 name, $5 phone or null, $6 password hash, $7 token, $8 token sealed, $9 its
-- life in seconds. The reply is the same in both cases.
WITH claim AS (
    SELECT bus.reply_claim($1::jsonb) AS ok
), input AS (
    SELECT lower($3) AS email, ($1::jsonb->>'now')::timestamptz AS now FROM claim WHERE claim.ok
), created AS (
    INSERT INTO identity.users (id, email, kind, name, phone, password_hash, last_mail_at,
                                created_at, updated_at)
    SELECT $2::uuid, i.email, 'customer', $4, $5, $6, i.now, i.now, i.now FROM input i
    ON CONFLICT (email) WHERE deleted_at IS NULL DO NOTHING
    RETURNING *
), role AS (
    INSERT INTO identity.user_roles (user_id, role, granted_at)
    SELECT c.id, 'CUSTOMER', c.created_at FROM created c
), token AS (
    INSERT INTO identity.one_time_tokens (hash, user_id, purpose, email, created_at, expires_at)
    SELECT decode($7, 'hex'), c.id, 'verify', c.email, c.created_at,
           c.created_at + make_interval(secs => $9::int)
      FROM created c
), known AS (
    UPDATE identity.users u SET last_mail_at = i.now
      FROM input i
     WHERE u.email = i.email AND u.deleted_at IS NULL
       AND coalesce(u.last_mail_at <= i.now - interval '1 minute', true)
    RETURNING u.id
)
SELECT bus.reply_store($1::jsonb, 202, '{"status":"accepted"}') AS body,
       (SELECT bus.job($1::jsonb, 'identity.mail', jsonb_build_object(
                   'template', 'verify', 'user', c.id, 'token', $8::text)) FROM created c),
       (SELECT bus.job($1::jsonb, 'identity.mail', jsonb_build_object(
                   'template', 'account_exists', 'user', k.id)) FROM known k),
       (SELECT bus.emit($1::jsonb, 'identity.user.created', c.id::text,
                        jsonb_build_object('user_id', c.id, 'kind', c.kind)) FROM created c),
       (SELECT count(bus.audit($1::jsonb || jsonb_build_object('user', c.id), 'user.register',
                               'user', c.id::text, NULL, identity.user_json(c))) FROM created c)
  FROM input
