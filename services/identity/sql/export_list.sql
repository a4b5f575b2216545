-- read: exports, newest first; $2 account or null, $3 state or null, $4 cursor [created, id], $5 limit
WITH page AS (
    SELECT e.* FROM identity.exports e
     WHERE (e.user_id = ($1::jsonb->>'user')::uuid OR identity.visible($1::jsonb, e.user_id))
       AND ($2::uuid IS NULL OR e.user_id = $2::uuid)
       AND ($3::text IS NULL OR e.state = $3)
       AND (e.created_at, e.id) < (coalesce(($4::jsonb->>0)::timestamptz, 'infinity'),
                                   coalesce(($4::jsonb->>1)::uuid,
                                            'ffffffff-ffff-ffff-ffff-ffffffffffff'))
     ORDER BY e.created_at DESC, e.id DESC LIMIT $5::int + 1
), shown AS (
    SELECT * FROM page p ORDER BY p.created_at DESC, p.id DESC LIMIT $5::int
)
SELECT coalesce(jsonb_agg(identity.export_json(s::identity.exports)
                          ORDER BY s.created_at DESC, s.id DESC), '[]') AS body,
       CASE WHEN (SELECT count(*) FROM page) > $5::int
            THEN (SELECT jsonb_build_array(l.created_at, l.id) FROM shown l
                   ORDER BY l.created_at, l.id LIMIT 1) END AS next
  FROM shown s
