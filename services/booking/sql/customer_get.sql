-- read: one customer; who was deleted is seen by staff only
SELECT booking.customer_json(c) AS body, c.version AS etag
FROM booking.customers c
WHERE c.id = $2::uuid AND booking.in_scope($1::jsonb, c.user_id, c.station_id)
  AND (c.deleted_at IS NULL OR $1::jsonb ->> 'scope' <> 'own')
