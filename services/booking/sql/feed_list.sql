-- read: live subscriptions, latest first; $4 is the id of the last one of the page before
WITH page AS MATERIALIZED (
    SELECT f.id, f.chef_id, f.created_at
    FROM booking.calendar_feeds f JOIN booking.chefs c ON c.id = f.chef_id
    WHERE f.revoked_at IS NULL AND booking.in_scope($1::jsonb, c.user_id, c.station_id)
      AND ($2::uuid IS NULL OR f.chef_id = $2::uuid)
      AND f.id < coalesce($4::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
    ORDER BY f.id DESC LIMIT $3::int + 1
), shown AS MATERIALIZED (
    SELECT * FROM page p ORDER BY p.id DESC LIMIT $3::int
)
SELECT (SELECT coalesce(json_agg(row_to_json(s) ORDER BY s.id DESC), '[]') FROM shown s) AS body,
       CASE WHEN (SELECT count(*) FROM page) > $3::int
            THEN (SELECT s.id FROM shown s ORDER BY s.id LIMIT 1) END AS next
