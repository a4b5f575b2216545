-- read: accounts of a kind, newest first
-- $2 kind, $3 states, $4 role or null, $5 cursor [created_at, id], $6 limit, $7 count them?
-- One probe of the index a state: each gives its newest rows in order. Customers have no station,
-- so only who may see all accounts sees theirs.
WITH page AS (
    SELECT one.u, one.created_at, one.id
      FROM unnest($3::text[]) AS wanted (state)
     CROSS JOIN LATERAL (
        SELECT u, u.created_at, u.id FROM identity.users u
         WHERE u.kind = $2 AND u.state = wanted.state
           AND ($1::jsonb->>'scope' = 'all'
                OR ($2 = 'staff' AND identity.visible($1::jsonb, u.id)))
           AND ($4::text IS NULL OR EXISTS (SELECT FROM identity.user_roles r
                                             WHERE r.user_id = u.id AND r.role = $4))
           AND (u.created_at, u.id)
               < (coalesce(($5::jsonb->>0)::timestamptz, 'infinity'),
                  coalesce(($5::jsonb->>1)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
         ORDER BY u.created_at DESC, u.id DESC LIMIT $6::int + 1) one
     ORDER BY one.created_at DESC, one.id DESC LIMIT $6::int + 1
), shown AS (
    SELECT * FROM page p ORDER BY p.created_at DESC, p.id DESC LIMIT $6::int
)
SELECT coalesce(jsonb_agg(identity.user_json(s.u) ORDER BY s.created_at DESC, s.id DESC), '[]')
           AS body,
       CASE WHEN (SELECT count(*) FROM page) > $6::int
            THEN (SELECT jsonb_build_array(l.created_at, l.id) FROM shown l
                   ORDER BY l.created_at, l.id LIMIT 1) END AS next,
       CASE WHEN $7::boolean
            THEN (SELECT count(*) FROM identity.users u
                   WHERE u.kind = $2 AND u.state = ANY ($3::text[])
                     AND ($1::jsonb->>'scope' = 'all'
                          OR ($2 = 'staff' AND identity.visible($1::jsonb, u.id)))
                     AND ($4::text IS NULL OR EXISTS (SELECT FROM identity.user_roles r
                                                       WHERE r.user_id = u.id AND r.role = $4)))
       END AS total
  FROM shown s
