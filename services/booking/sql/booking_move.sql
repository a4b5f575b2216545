-- write: moves a booking to state $4, for the callers in $5
SELECT body, etag
FROM booking.booking_move($1::jsonb, $2::uuid, $3::int, $4, $5::text[], $6::jsonb ->> 'reason')
