-- read: one booking, for whoever may see it
SELECT s.body, bus.etag(b.version, s.body) AS etag
FROM booking.bookings b JOIN booking.booking_view v ON v.id = b.id,
     LATERAL (SELECT booking.booking_shown($1::jsonb, v)::text AS body OFFSET 0) s -- once
WHERE b.id = $2::uuid AND b.deleted_at IS NULL AND booking.booking_role($1::jsonb, b) IS NOT NULL
