-- read: the bookings of some days, by day; at most 2000
-- $2 filters, with the first and last day; $3 the view's name
-- What a chef cooks is found by the chef, and what he helps with by that.
WITH place AS MATERIALIZED (
    SELECT b AS booking FROM booking.bookings b
    WHERE $1::jsonb ->> 'scope' <> 'own' AND b.starts_at >= booking.listed_from($2::jsonb)
      AND booking.booking_listed($1::jsonb, $2::jsonb, b) AND b.state <> 'cancelled'
    ORDER BY b.starts_at, b.id LIMIT 2001
), own AS MATERIALIZED (
    SELECT c.id FROM booking.chefs c
    WHERE $1::jsonb ->> 'scope' = 'own' AND c.user_id = ($1::jsonb ->> 'user')::uuid
), mine AS (
    SELECT b FROM own JOIN booking.bookings b ON b.chef_id = own.id
    WHERE b.starts_at >= booking.listed_from($2::jsonb)
    UNION ALL
    SELECT b FROM own, booking.assisted(own.id, ($2::jsonb ->> 'from')::date) a (id)
    JOIN booking.bookings b ON b.id = a.id
), hit AS MATERIALIZED (
    SELECT b.id, b.number, b.state, b.station_id, b.chef_id, c.name AS chef_name, b.event_date,
           to_char(b.event_time, 'HH24:MI') AS event_time, b.starts_at, b.ends_at, b.guest_count,
           b.venue_zip, b.contact_name
    FROM (SELECT (p.booking).* FROM place p
          UNION ALL
          SELECT (m.b).* FROM mine m
          WHERE booking.booking_listed($1::jsonb, $2::jsonb, m.b) AND (m.b).state <> 'cancelled') b
    JOIN booking.chefs c ON c.id = b.chef_id
    ORDER BY b.starts_at, b.id LIMIT 2001
), shown AS (
    SELECT * FROM hit ORDER BY hit.starts_at, hit.id LIMIT 2000
), day AS (
    SELECT d::date AS date, coalesce(json_agg(json_build_object(
               'id', s.id, 'number', s.number, 'state', s.state, 'station_id', s.station_id,
               'chef_id', s.chef_id, 'chef_name', s.chef_name, 'event_time', s.event_time,
               'starts_at', s.starts_at, 'ends_at', s.ends_at, 'guest_count', s.guest_count,
               'venue_zip', s.venue_zip, 'contact_name', s.contact_name)
               ORDER BY s.starts_at, s.id) FILTER (WHERE s.id IS NOT NULL), '[]') AS bookings
    FROM generate_series(($2::jsonb ->> 'from')::timestamp, ($2::jsonb ->> 'to')::timestamp, interval '1 day') d
    LEFT JOIN shown s ON s.event_date = d::date
    GROUP BY d
)
SELECT json_build_object(
           'view', $3::text, 'from', $2::jsonb ->> 'from', 'to', $2::jsonb ->> 'to',
           'days', (SELECT json_agg(row_to_json(day) ORDER BY day.date) FROM day),
           'truncated', (SELECT count(*) > 2000 FROM hit)) AS body
