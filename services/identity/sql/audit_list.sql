-- replica: what was done, newest first
-- $2 actor, $3 entity, $4 its id, $5 action, $6 from, $7 to, $8 cursor [at, id], $9 limit
WITH page AS (
    SELECT p.* FROM identity.audit_page($1::jsonb, $2::uuid, $3, $4, $5, $6::timestamptz,
                                        $7::timestamptz, $8::jsonb, $9::int + 1) p
), shown AS (
    SELECT * FROM page p ORDER BY p.at DESC, p.id DESC LIMIT $9::int
)
SELECT coalesce(jsonb_agg(jsonb_build_object(
           'id', s.id, 'at', s.at, 'service', s.service, 'actor', s.actor, 'role', s.role,
           'action', s.action, 'entity', s.entity, 'entity_id', s.entity_id, 'before', s.before,
           'after', s.after, 'reason', s.reason, 'ip', s.ip, 'request_id', s.request_id)
           ORDER BY s.at DESC, s.id DESC), '[]') AS body,
       CASE WHEN (SELECT count(*) FROM page) > $9::int
            THEN (SELECT jsonb_build_array(l.at, l.id) FROM shown l ORDER BY l.at, l.id LIMIT 1)
       END AS next
  FROM shown s
