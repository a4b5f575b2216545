-- write: undoes a deletion
SELECT r.body, r.etag FROM booking.customer_restore($1::jsonb, $2::uuid) r
