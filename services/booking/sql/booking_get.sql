-- read: one booking, for whoever may see it
SELECT booking.booking_shown($1::jsonb, v) AS body, v.version AS etag
FROM booking.bookings b JOIN booking.booking_view v ON v.id = b.id
WHERE b.id = $2::uuid AND b.deleted_at IS NULL AND booking.booking_role($1::jsonb, b) IS NOT NULL
