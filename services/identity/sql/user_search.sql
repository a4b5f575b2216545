-- read: accounts whose name or address contains a text, newest first
-- Parameters as of user_list, and $8 the text. At most 5,000 matches are looked at: a text that
-- finds more says too little.
WITH match AS MATERIALIZED (
    SELECT u.id FROM identity.users u
     WHERE (u.name || ' ' || u.email)
           ILIKE '%' || regexp_replace($8, '([\\%_])', '\\\1', 'g') || '%'
     LIMIT 5000
), found AS (
    SELECT u FROM identity.users u JOIN match m ON m.id = u.id
     WHERE u.kind = $2 AND u.state = ANY ($3::text[])
       AND ($1::jsonb->>'scope' = 'all' OR ($2 = 'staff' AND identity.visible($1::jsonb, u.id)))
       AND ($4::text IS NULL OR EXISTS (SELECT FROM identity.user_roles r
                                         WHERE r.user_id = u.id AND r.role = $4))
), page AS (
    SELECT f.u, (f.u).created_at, (f.u).id FROM found f
     WHERE $5::jsonb IS NULL OR ((f.u).created_at, (f.u).id)
                                < (($5::jsonb->>0)::timestamptz, ($5::jsonb->>1)::uuid)
     ORDER BY (f.u).created_at DESC, (f.u).id DESC LIMIT $6::int + 1
), shown AS (
    SELECT * FROM page p ORDER BY p.created_at DESC, p.id DESC LIMIT $6::int
)
SELECT coalesce(jsonb_agg(identity.user_json(s.u) ORDER BY s.created_at DESC, s.id DESC), '[]')
           AS body,
       CASE WHEN (SELECT count(*) FROM page) > $6::int
            THEN (SELECT jsonb_build_array(l.created_at, l.id) FROM shown l
                   ORDER BY l.created_at, l.id LIMIT 1) END AS next,
       CASE WHEN $7::boolean THEN (SELECT count(*) FROM found) END AS total
  FROM shown s
