-- replica: counts and sums for the dashboard; $2 has the days and perhaps a station
WITH hit AS MATERIALIZED (
    SELECT b.state, b.station_id, count(*) AS bookings, sum(b.guest_count) AS guests,
           sum(b.total_cents) AS total_cents
    FROM booking.bookings b
    WHERE booking.booking_listed($1::jsonb, $2::jsonb, b) AND b.starts_at >= booking.listed_from($2::jsonb)
    GROUP BY b.state, b.station_id
), soon AS MATERIALIZED (
    SELECT count(*) FILTER (WHERE b.event_date = (booking.ctx_now($1::jsonb) AT TIME ZONE b.time_zone)::date
                                  AND b.state NOT IN ('cancelled', 'no_show')) AS today,
           count(*) FILTER (WHERE b.state IN ('pending', 'confirmed')
                                  AND b.starts_at >= booking.ctx_now($1::jsonb)) AS upcoming
    FROM booking.bookings b
    WHERE booking.booking_listed($1::jsonb, $2::jsonb - '{from,to}'::text[], b)
      AND b.starts_at >= booking.ctx_now($1::jsonb) - interval '1 day'
      AND b.starts_at < booking.ctx_now($1::jsonb) + interval '7 days'
), booked AS (
    SELECT coalesce(sum(h.total_cents), 0) AS cents, coalesce(sum(h.bookings), 0) AS n
    FROM hit h WHERE h.state IN ('confirmed', 'seated', 'completed')
), by_state AS (
    SELECT s.state, coalesce(sum(h.bookings), 0) AS bookings, coalesce(sum(h.total_cents), 0) AS total_cents
    FROM booking.states s LEFT JOIN hit h ON h.state = s.state
    GROUP BY s.state
), by_station AS (
    SELECT s.id AS station_id, s.name, sum(h.bookings) AS bookings, sum(h.guests) AS guests,
           sum(h.total_cents) AS total_cents
    FROM hit h JOIN booking.stations s ON s.id = h.station_id
    WHERE h.state NOT IN ('cancelled', 'no_show')
    GROUP BY s.id
)
SELECT json_build_object(
    'from', $2::jsonb ->> 'from', 'to', $2::jsonb ->> 'to',
    'bookings', (SELECT coalesce(sum(h.bookings), 0) FROM hit h),
    'guests', (SELECT coalesce(sum(s.guests), 0) FROM by_station s),
    'booked_cents', booked.cents,
    'average_cents', CASE WHEN booked.n > 0 THEN round(booked.cents / booked.n) ELSE 0 END,
    'currency', $3::text, 'today', soon.today, 'upcoming', soon.upcoming,
    'by_state', (SELECT json_agg(row_to_json(s) ORDER BY s.state) FROM by_state s),
    'by_station', (SELECT coalesce(json_agg(row_to_json(s) ORDER BY s.name, s.station_id), '[]')
                   FROM by_station s)) AS body
FROM booked, soon
