-- read: when a chef usually works
SELECT booking.chef_week_json(c) AS body, c.availability_version AS etag
FROM booking.chefs c
WHERE c.id = $2::uuid AND booking.in_scope($1::jsonb, c.user_id, c.station_id)
