-- write: gives a hold back
SELECT body FROM booking.hold_release($1::jsonb, $2::uuid)
