-- write: hides a booking and frees its time
SELECT booking.booking_delete($1::jsonb, $2::uuid, $3::int, $4)
