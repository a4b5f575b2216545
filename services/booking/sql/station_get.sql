-- read: one station, as much of it as the caller may see
SELECT booking.station_json($1::jsonb, s) AS body,
       CASE WHEN booking.in_scope($1::jsonb, NULL, s.id) THEN s.version END AS etag
FROM booking.stations s
WHERE s.id = $2::uuid AND (s.active OR booking.in_scope($1::jsonb, NULL, s.id))
