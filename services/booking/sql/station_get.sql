-- read: one station, for who runs it
SELECT booking.station_json($1::jsonb, s) AS body, s.version AS etag
FROM booking.stations s
WHERE s.id = $2::uuid AND booking.in_scope($1::jsonb, NULL, s.id)
