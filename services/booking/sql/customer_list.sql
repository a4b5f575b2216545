-- read: customers, newest first
-- $2 station or null, $3 those who were deleted instead, $4 how many, $5 [id] of the last one of the page
-- before, $6 count them all? One probe of an index for each station, account or everybody.
WITH asked AS MATERIALIZED (
    SELECT $1::jsonb ->> 'scope' AS scope,
           coalesce(($5::jsonb ->> 0)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS before
), stations AS MATERIALIZED (
    SELECT s::uuid AS id FROM asked, jsonb_array_elements_text($1::jsonb -> 'stations') s
    WHERE scope = 'station' AND $2::uuid IS NULL AND NOT $3::boolean
    UNION SELECT $2::uuid FROM asked WHERE scope <> 'own' AND $2::uuid IS NOT NULL AND NOT $3::boolean
), page AS MATERIALIZED (
    SELECT one.customer, one.id
    FROM (
        (SELECT c AS customer, c.id FROM booking.customers c
         WHERE (SELECT scope = 'all' FROM asked) AND $2::uuid IS NULL AND NOT $3::boolean
           AND c.deleted_at IS NULL AND c.id < (SELECT before FROM asked)
         ORDER BY c.id DESC LIMIT $4::int + 1)
        UNION ALL
        SELECT c, c.id FROM booking.customers c
        WHERE (SELECT scope = 'own' FROM asked) AND NOT $3::boolean
          AND ($2::uuid IS NULL OR c.station_id = $2::uuid)
          AND c.deleted_at IS NULL AND c.id < (SELECT before FROM asked)
          AND c.user_id = ($1::jsonb ->> 'user')::uuid
        UNION ALL
        SELECT l.* FROM stations s, LATERAL (
            SELECT c AS customer, c.id FROM booking.customers c
            WHERE c.station_id = s.id AND c.deleted_at IS NULL AND c.id < (SELECT before FROM asked)
              AND booking.in_scope($1::jsonb, c.user_id, c.station_id)
            ORDER BY c.id DESC LIMIT $4::int + 1) l
        UNION ALL
        (SELECT c AS customer, c.id FROM booking.customers c
         WHERE $3::boolean AND c.deleted_at IS NOT NULL AND c.id < (SELECT before FROM asked)
           AND ($2::uuid IS NULL OR c.station_id = $2::uuid)
           AND booking.in_scope($1::jsonb, NULL, c.station_id)
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
