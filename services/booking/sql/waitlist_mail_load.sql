-- read: what the mail to somebody says who waited, in his words
SELECT w.email, w.name, w.id, s.name AS station_name, s.phone AS station_phone, w.event_date,
       to_char(w.free_at AT TIME ZONE s.time_zone, 'HH24:MI') AS event_time,
       to_char(w.event_date, 'FMDay, FMMonth FMDD, YYYY') AS day,
       to_char(w.free_at AT TIME ZONE s.time_zone, 'FMHH12:MI AM') AS from_time
FROM booking.waitlist w JOIN booking.stations s ON s.id = w.station_id
WHERE $1::jsonb IS NOT NULL AND w.id = $2::uuid AND w.state = 'notified'
