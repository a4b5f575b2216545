-- read: equipment by station and name; $4 is [station, name] of the last one of the page before
WITH page AS MATERIALIZED (
    SELECT e.* FROM booking.equipment e
    WHERE booking.in_scope($1::jsonb, NULL, e.station_id)
      AND ($2::uuid IS NULL OR e.station_id = $2::uuid)
      AND (e.station_id, e.name) > (coalesce(($4::jsonb ->> 0)::uuid, '00000000-0000-0000-0000-000000000000'),
                                    coalesce($4::jsonb ->> 1, ''))
    ORDER BY e.station_id, e.name LIMIT $3::int + 1
), shown AS MATERIALIZED (
    SELECT * FROM page p ORDER BY p.station_id, p.name LIMIT $3::int
)
SELECT (SELECT coalesce(json_agg(row_to_json(s) ORDER BY s.station_id, s.name), '[]') FROM shown s) AS body,
       CASE WHEN (SELECT count(*) FROM page) > $3::int THEN
           (SELECT jsonb_build_array(s.station_id, s.name) FROM shown s ORDER BY s.station_id DESC, s.name DESC LIMIT 1)
       END AS next
