-- replica: the same for a spreadsheet, newest first
-- $2 actor, $3 entity, $4 its id, $5 action, $6 from, $7 to, $8 limit
SELECT to_char(p.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS at, p.service, p.actor,
       p.role, p.action, p.entity, p.entity_id, p.before, p.after, p.reason, p.ip, p.request_id
  FROM identity.audit_page($1::jsonb, $2::uuid, $3, $4, $5, $6::timestamptz, $7::timestamptz,
                           NULL, $8::int) p
 ORDER BY p.at DESC, p.id DESC
