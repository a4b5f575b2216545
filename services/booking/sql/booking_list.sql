-- read: bookings by start
-- $2 filters, $3 how many, $4 [start, id] of the last one of the page before or null, $5 count them all?
WITH seen AS NOT MATERIALIZED (
    SELECT b.* FROM booking.bookings b
    WHERE booking.booking_listed($1::jsonb, $2::jsonb, b)
      AND ($1::jsonb ->> 'scope' <> 'own'
           OR b.customer_id = (SELECT c.id FROM booking.customers c WHERE c.user_id = ($1::jsonb ->> 'user')::uuid)
           OR b.chef_id = (SELECT c.id FROM booking.chefs c WHERE c.user_id = ($1::jsonb ->> 'user')::uuid))
), page AS MATERIALIZED (
    SELECT s.id, s.starts_at FROM seen s
    WHERE (s.starts_at, s.id) > (coalesce(($4::jsonb ->> 0)::timestamptz, booking.listed_from($2::jsonb)),
                                 coalesce(($4::jsonb ->> 1)::uuid, '00000000-0000-0000-0000-000000000000'))
    ORDER BY s.starts_at, s.id LIMIT $3::int + 1
), shown AS MATERIALIZED (
    SELECT p.id, p.starts_at FROM page p ORDER BY p.starts_at, p.id LIMIT $3::int
)
SELECT (SELECT coalesce(json_agg(row_to_json(v) ORDER BY s.starts_at, s.id), '[]')
        FROM shown s JOIN booking.booking_view v ON v.id = s.id) AS body,
       CASE WHEN (SELECT count(*) FROM page) > $3::int THEN
           (SELECT jsonb_build_array(s.starts_at, s.id) FROM shown s ORDER BY s.starts_at DESC, s.id DESC LIMIT 1)
       END AS next,
       CASE WHEN $5::boolean THEN (SELECT count(*) FROM seen s WHERE s.starts_at >= booking.listed_from($2::jsonb)) END AS total
