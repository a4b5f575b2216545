-- write: other chefs, assistants or equipment, whose time is taken
SELECT body, etag FROM booking.booking_assign($1::jsonb, $2::uuid, $3::int, $4::jsonb)
