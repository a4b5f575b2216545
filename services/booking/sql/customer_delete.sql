-- write: deletes; restoring is possible for 30 days
SELECT '{}' AS body FROM booking.customer_delete($1::jsonb, $2::uuid, $3, $4)
