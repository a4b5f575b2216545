-- read: bookings by start
-- $2 filters, $3 how many, $4 [start, id] of the last one of the page before or null, $5 count them all?
WITH page AS MATERIALIZED (
    SELECT p.id, p.starts_at FROM booking.bookings_by_start($1::jsonb, $2::jsonb, $4::jsonb, $3::int + 1) p
), shown AS MATERIALIZED (
    SELECT p.id, p.starts_at FROM page p ORDER BY p.starts_at, p.id LIMIT $3::int
)
SELECT (SELECT coalesce(json_agg(row_to_json(v) ORDER BY s.starts_at, s.id), '[]')
        FROM shown s JOIN booking.booking_view v ON v.id = s.id) AS body,
       CASE WHEN (SELECT count(*) FROM page) > $3::int THEN
           (SELECT jsonb_build_array(s.starts_at, s.id) FROM shown s ORDER BY s.starts_at DESC, s.id DESC LIMIT 1)
       END AS next,
       CASE WHEN $5::boolean THEN booking.bookings_count($1::jsonb, $2::jsonb) END AS total
