-- read: who waits, by day; $6 is [day, id] of the last one of the page before
WITH page AS MATERIALIZED (
    SELECT w AS entry, w.event_date, w.id FROM booking.waitlist w
    WHERE w.state = $4 AND booking.in_scope($1::jsonb, w.user_id, w.station_id)
      AND ($2::uuid IS NULL OR w.station_id = $2::uuid)
      AND ($3::date IS NULL OR w.event_date = $3::date)
      AND (w.event_date, w.id) > (coalesce(($6::jsonb ->> 0)::date, '-infinity'),
                                  coalesce(($6::jsonb ->> 1)::uuid, '00000000-0000-0000-0000-000000000000'))
    ORDER BY w.event_date, w.id LIMIT $5::int + 1
), shown AS MATERIALIZED (
    SELECT * FROM page p ORDER BY p.event_date, p.id LIMIT $5::int
)
SELECT (SELECT coalesce(json_agg(booking.waitlist_json(s.entry) ORDER BY s.event_date, s.id), '[]')
        FROM shown s) AS body,
       CASE WHEN (SELECT count(*) FROM page) > $5::int THEN
           (SELECT jsonb_build_array(s.event_date, s.id) FROM shown s ORDER BY s.event_date DESC, s.id DESC LIMIT 1)
       END AS next
