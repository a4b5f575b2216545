-- read: customers, newest first
-- $2 station or null, $3 those who were deleted instead, $4 how many, $5 [id] of the last one of the page
-- before, $6 count them all? A station's list walks its own index.
WITH stations AS MATERIALIZED (
    SELECT s::uuid AS id FROM jsonb_array_elements_text($1::jsonb -> 'stations') s
    WHERE $1::jsonb ->> 'scope' = 'station' AND $2::uuid IS NULL
    UNION ALL SELECT $2::uuid WHERE $2::uuid IS NOT NULL
), page AS MATERIALIZED (
    SELECT one.customer, one.id
    FROM (
        (SELECT c AS customer, c.id FROM booking.customers c
         WHERE NOT $3::boolean AND c.deleted_at IS NULL AND $2::uuid IS NULL
           AND $1::jsonb ->> 'scope' IN ('all', 'own') AND booking.in_scope($1::jsonb, c.user_id, NULL)
           AND ($1::jsonb ->> 'scope' = 'all' OR c.user_id = ($1::jsonb ->> 'user')::uuid)
           AND c.id < coalesce(($5::jsonb ->> 0)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
         ORDER BY c.id DESC LIMIT $4::int + 1)
        UNION ALL
        SELECT l.* FROM stations s, LATERAL (
            SELECT c AS customer, c.id FROM booking.customers c
            WHERE c.station_id = s.id AND NOT $3::boolean AND c.deleted_at IS NULL
              AND booking.in_scope($1::jsonb, c.user_id, c.station_id)
              AND c.id < coalesce(($5::jsonb ->> 0)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
            ORDER BY c.id DESC LIMIT $4::int + 1) l
        UNION ALL
        (SELECT c AS customer, c.id FROM booking.customers c
         WHERE $3::boolean AND c.deleted_at IS NOT NULL AND ($2::uuid IS NULL OR c.station_id = $2::uuid)
           AND booking.in_scope($1::jsonb, NULL, c.station_id)
           AND c.id < coalesce(($5::jsonb ->> 0)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
         ORDER BY c.id DESC LIMIT $4::int + 1)) one
    ORDER BY one.id DESC LIMIT $4::int + 1
), shown AS MATERIALIZED (
    SELECT * FROM page p ORDER BY p.id DESC LIMIT $4::int
)
SELECT (SELECT coalesce(jsonb_agg(booking.customer_json(s.customer) ORDER BY s.id DESC), '[]')
        FROM shown s) AS body,
       CASE WHEN (SELECT count(*) FROM page) > $4::int THEN
           (SELECT jsonb_build_array(s.id) FROM shown s ORDER BY s.id LIMIT 1) END AS next,
       CASE WHEN $6::boolean THEN
           (SELECT count(*) FROM booking.customers c
            WHERE (c.deleted_at IS NOT NULL) = $3::boolean AND ($2::uuid IS NULL OR c.station_id = $2::uuid)
              AND booking.in_scope($1::jsonb, c.user_id, c.station_id)) END AS total
