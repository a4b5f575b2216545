-- write: the caller's own data, made at the first use
SELECT booking.customer_json(c) AS body, c.version AS etag
FROM booking.customer_of_user($1::jsonb, '{}') c
WHERE c.deleted_at IS NULL
