-- read: stations by name; those that are closed only for who runs them
-- $2 how many, $3 [name, id] of the last one of the page before
WITH page AS MATERIALIZED (
    SELECT s AS station, s.name, s.id FROM booking.stations s
    WHERE (s.active OR booking.in_scope($1::jsonb, NULL, s.id))
      AND (s.name, s.id) > (coalesce($3::jsonb ->> 0, ''),
                            coalesce(($3::jsonb ->> 1)::uuid, '00000000-0000-0000-0000-000000000000'))
    ORDER BY s.name, s.id LIMIT $2::int + 1
), shown AS MATERIALIZED (
    SELECT * FROM page p ORDER BY p.name, p.id LIMIT $2::int
)
SELECT (SELECT coalesce(jsonb_agg(booking.station_json($1::jsonb, s.station) ORDER BY s.name, s.id), '[]')
        FROM shown s) AS body,
       CASE WHEN (SELECT count(*) FROM page) > $2::int THEN
           (SELECT jsonb_build_array(s.name, s.id) FROM shown s ORDER BY s.name DESC, s.id DESC LIMIT 1)
       END AS next
