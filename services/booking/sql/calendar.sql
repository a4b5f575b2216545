-- read: the bookings of some days, by day; at most 2000
-- $2 filters, with the first and last day; $3 the view's name
WITH hit AS MATERIALIZED (
    SELECT b.id, b.number, b.state, b.station_id, b.chef_id, c.name AS chef_name, b.event_date,
           to_char(b.event_time, 'HH24:MI') AS event_time, b.starts_at, b.ends_at, b.guest_count,
           b.venue_zip, b.contact_name
    FROM booking.bookings b JOIN booking.chefs c ON c.id = b.chef_id
    WHERE booking.booking_listed($1::jsonb, $2::jsonb, b) AND b.state <> 'cancelled'
      AND b.starts_at >= booking.listed_from($2::jsonb)
      AND ($1::jsonb ->> 'scope' <> 'own' OR c.user_id = ($1::jsonb ->> 'user')::uuid)
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
