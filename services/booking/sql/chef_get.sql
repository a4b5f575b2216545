-- read: one chef
SELECT booking.chef_json(c) AS body, c.version AS etag
FROM booking.chefs c
WHERE c.id = $2::uuid AND booking.in_scope($1::jsonb, c.user_id, c.station_id)
