-- read: API keys within the caller's scope, newest first
-- $2 cursor [created_at, id], $3 limit. Either everybody's keys or those of one account.
WITH page AS (
    (SELECT k, k.created_at, k.id FROM identity.api_keys k
     WHERE $1::jsonb->>'scope' = 'all'
       AND (k.created_at, k.id)
           < (coalesce(($2::jsonb->>0)::timestamptz, 'infinity'),
              coalesce(($2::jsonb->>1)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
     ORDER BY k.created_at DESC, k.id DESC LIMIT $3::int + 1)
    UNION ALL
    (SELECT k, k.created_at, k.id FROM identity.api_keys k
     WHERE $1::jsonb->>'scope' <> 'all' AND k.user_id = ($1::jsonb->>'user')::uuid
       AND (k.created_at, k.id)
           < (coalesce(($2::jsonb->>0)::timestamptz, 'infinity'),
              coalesce(($2::jsonb->>1)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
     ORDER BY k.created_at DESC, k.id DESC LIMIT $3::int + 1)
), shown AS (
    SELECT * FROM page p ORDER BY p.created_at DESC, p.id DESC LIMIT $3::int
)
SELECT coalesce(jsonb_agg(identity.api_key_json(s.k) ORDER BY s.created_at DESC, s.id DESC), '[]')
           AS body,
       CASE WHEN (SELECT count(*) FROM page) > $3::int
            THEN (SELECT jsonb_build_array(l.created_at, l.id) FROM shown l
                   ORDER BY l.created_at, l.id LIMIT 1) END AS next
  FROM shown s
