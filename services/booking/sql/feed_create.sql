-- write: a subscription to the events of chef $2, or of the chef who asks; $3 is its id, $4 its path
WITH claim AS MATERIALIZED (SELECT bus.reply_claim($1::jsonb) AS claimed
), chef AS (
    SELECT c.id FROM claim, booking.chefs c
    WHERE claim.claimed
      AND CASE WHEN $2::uuid IS NULL THEN c.user_id = ($1::jsonb ->> 'user')::uuid ELSE c.id = $2::uuid END
      AND booking.in_scope($1::jsonb, c.user_id, c.station_id)
), feed AS (
    INSERT INTO booking.calendar_feeds (id, chef_id, created_by, created_at)
    SELECT $3::uuid, chef.id, ($1::jsonb ->> 'user')::uuid, booking.ctx_now($1::jsonb) FROM chef
    RETURNING id, chef_id, created_at
)
SELECT (r.reply).body, (r.reply).location, bus.audit($1::jsonb, 'calendar_feed.created', 'chef', r.chef_id::text, NULL, NULL)
FROM (SELECT feed.chef_id, booking.reply_make($1::jsonb, 201, json_build_object(
          'id', feed.id, 'chef_id', feed.chef_id, 'created_at', feed.created_at, 'path', $4::text)) AS reply
      FROM feed OFFSET 0) r
