-- write: a customer's data; $3 is the version that was read, $4 what changes
SELECT r.body, r.etag FROM booking.customer_update($1::jsonb, $2::uuid, $3, $4::jsonb) r
