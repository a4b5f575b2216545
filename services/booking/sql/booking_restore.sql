-- write: brings a deleted booking back, when its time is still free
SELECT body, etag FROM booking.booking_restore($1::jsonb, $2::uuid)
