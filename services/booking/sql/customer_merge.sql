-- write: two rows that are one person; $3 is {from_id, reason}
SELECT r.body, r.etag FROM booking.customer_merge($1::jsonb, $2::uuid, $3::jsonb) r
