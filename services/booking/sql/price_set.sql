-- write: a price from a day on
SELECT p AS body FROM booking.price_set($1::jsonb, $2, $3::jsonb) p
