-- write: the caller's own data; $2 is the version that was read, $3 what changes
SELECT r.body, r.etag
FROM (SELECT (booking.customer_of_user($1::jsonb, '{}')).id OFFSET 0) c,
     LATERAL booking.customer_update($1::jsonb, c.id, $2, $3::jsonb) r
