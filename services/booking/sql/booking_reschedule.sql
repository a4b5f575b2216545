-- write: takes the new time and gives up the old one, or neither
SELECT body, etag FROM booking.booking_reschedule($1::jsonb, $2::uuid, $3::int, $4::jsonb, $5::jsonb)
