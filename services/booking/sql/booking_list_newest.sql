-- read: bookings, newest first
-- $2 filters, $3 how many, $4 [created, id] of the last one of the page before or null, $5 count them all?
WITH seen AS NOT MATERIALIZED (
    SELECT b.* FROM booking.bookings b
    WHERE booking.booking_listed($1::jsonb, $2::jsonb, b)
      AND ($1::jsonb ->> 'scope' <> 'own'
           OR b.customer_id = (SELECT c.id FROM booking.customers c WHERE c.user_id = ($1::jsonb ->> 'user')::uuid)
           OR b.chef_id = (SELECT c.id FROM booking.chefs c WHERE c.user_id = ($1::jsonb ->> 'user')::uuid))
), page AS MATERIALIZED (
    SELECT s.id, s.created_at FROM seen s
    WHERE (s.created_at, s.id) < (coalesce(($4::jsonb ->> 0)::timestamptz, 'infinity'),
                                  coalesce(($4::jsonb ->> 1)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff'))
      AND s.starts_at >= booking.listed_from($2::jsonb)
    ORDER BY s.created_at DESC, s.id DESC LIMIT $3::int + 1
), shown AS MATERIALIZED (
    SELECT p.id, p.created_at FROM page p ORDER BY p.created_at DESC, p.id DESC LIMIT $3::int
)
SELECT (SELECT coalesce(json_agg(row_to_json(v) ORDER BY s.created_at DESC, s.id DESC), '[]')
        FROM shown s JOIN booking.booking_view v ON v.id = s.id) AS body,
       CASE WHEN (SELECT count(*) FROM page) > $3::int THEN
           (SELECT jsonb_build_array(s.created_at, s.id) FROM shown s ORDER BY s.created_at, s.id LIMIT 1)
       END AS next,
       CASE WHEN $5::boolean THEN (SELECT count(*) FROM seen s WHERE s.starts_at >= booking.listed_from($2::jsonb)) END AS total
