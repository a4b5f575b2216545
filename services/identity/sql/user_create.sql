-- write: an account made by staff, with one role and a mail to choose a password
-- $2 id, $3 input, $4 token, $5 token sealed, $6 its life in seconds
WITH claim AS (
    SELECT bus.reply_claim($1::jsonb) AS ok
), input AS (
    SELECT lower(i->>'email') AS email, i->>'name' AS name, i->>'phone' AS phone,
           i->>'role' AS role, (i->>'station_id')::uuid AS station_id,
           ($1::jsonb->>'now')::timestamptz AS now
      FROM claim, (VALUES ($3::jsonb)) v (i)
     WHERE claim.ok
       AND identity.demand(identity.may_give($1::jsonb, i->>'role', (i->>'station_id')::uuid),
                           'privilege_escalation',
                           'You cannot give a role that can do more than you.')
       AND identity.demand($1::jsonb->>'scope' = 'all' OR $1::jsonb->'stations' ? (i->>'station_id'),
                           'privilege_escalation', 'This is not one of your stations.')
), created AS (
    INSERT INTO identity.users (id, email, kind, name, phone, created_at, updated_at)
    SELECT $2::uuid, i.email, CASE i.role WHEN 'CUSTOMER' THEN 'customer' ELSE 'staff' END, i.name,
           i.phone, i.now, i.now
      FROM input i
    RETURNING *
), role AS (
    INSERT INTO identity.user_roles (user_id, role, station_id, granted_by, granted_at)
    SELECT c.id, i.role, i.station_id, ($1::jsonb->>'user')::uuid, i.now FROM created c, input i
), token AS (
    INSERT INTO identity.one_time_tokens (hash, user_id, purpose, email, created_at, expires_at)
    SELECT decode($4, 'hex'), c.id, 'invite', c.email, c.created_at,
           c.created_at + make_interval(secs => $6::int)
      FROM created c
), shown AS (
    SELECT c.id, c.kind,
           identity.user_json(c) || jsonb_build_object('roles', jsonb_build_array(
               jsonb_build_object('role', i.role, 'station_id', i.station_id))) AS json
      FROM created c, input i
)
SELECT bus.reply_store($1::jsonb, 201, s.json::text, identity.user_etag(s.json),
                       '/api/v1/users/' || s.id) AS body,
       identity.user_etag(s.json) AS etag, '/api/v1/users/' || s.id AS location,
       bus.audit($1::jsonb, 'user.create', 'user', s.id::text, NULL, s.json),
       bus.emit($1::jsonb, 'identity.user.created', s.id::text,
                jsonb_build_object('user_id', s.id, 'kind', s.kind)),
       bus.job($1::jsonb, 'identity.mail',
               jsonb_build_object('template', 'invite', 'user', s.id, 'token', $5::text))
  FROM shown s
