-- write: an account made on the command line; one that is there keeps its password
-- $2 id, $3 email, $4 name, $5 role, $6 station or null, $7 password hash
WITH input AS (
    SELECT lower($3) AS email, ($1::jsonb->>'now')::timestamptz AS now
), created AS (
    INSERT INTO identity.users (id, email, kind, name, password_hash, email_verified_at, created_at,
                                updated_at)
    SELECT $2::uuid, i.email, CASE $5 WHEN 'CUSTOMER' THEN 'customer' ELSE 'staff' END, $4, $7,
           i.now, i.now, i.now
      FROM input i
    ON CONFLICT (email) WHERE deleted_at IS NULL DO NOTHING
    RETURNING id, kind, email, name
), account AS (
    SELECT c.id FROM created c
     UNION ALL
    SELECT u.id FROM identity.users u JOIN input i ON i.email = u.email WHERE u.deleted_at IS NULL
), given AS (
    INSERT INTO identity.user_roles (user_id, role, station_id, granted_at)
    SELECT a.id, $5, $6::uuid, i.now FROM account a, input i
    ON CONFLICT ON CONSTRAINT user_roles_once DO NOTHING
    RETURNING user_id
)
SELECT a.id, EXISTS (SELECT FROM created) AS created,
       (SELECT count(bus.audit($1::jsonb, 'user.create', 'user', c.id::text, NULL,
                               jsonb_build_object('role', $5::text, 'station_id', $6::text)))
          FROM created c),
       (SELECT bus.emit($1::jsonb, 'identity.user.created', c.id::text,
                        jsonb_build_object('user_id', c.id, 'kind', c.kind)) FROM created c),
       (SELECT bus.emit($1::jsonb, 'identity.user.verified', c.id::text, jsonb_build_object(
           'user_id', c.id, 'kind', c.kind, 'email', c.email, 'name', c.name)) FROM created c),
       (SELECT count(bus.audit($1::jsonb, 'user.role_give', 'user', g.user_id::text, NULL,
                               jsonb_build_object('role', $5::text, 'station_id', $6::text)))
          FROM given g)
  FROM account a
