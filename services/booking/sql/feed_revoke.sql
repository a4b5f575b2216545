-- write: ends a subscription
WITH feed AS (
    UPDATE booking.calendar_feeds f SET revoked_at = booking.ctx_now($1::jsonb)
    FROM booking.chefs c
    WHERE f.id = $2::uuid AND f.revoked_at IS NULL AND c.id = f.chef_id
      AND booking.in_scope($1::jsonb, c.user_id, c.station_id)
    RETURNING f.chef_id
)
SELECT bus.audit($1::jsonb, 'calendar_feed.revoked', 'chef', feed.chef_id::text, NULL, NULL) FROM feed
