-- write: a new customer
SELECT r.body, r.etag, r.location FROM booking.customer_create($1::jsonb, $2::jsonb) r
