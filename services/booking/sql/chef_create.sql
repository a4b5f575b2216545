-- write: a new chef
WITH claim AS MATERIALIZED (SELECT bus.reply_claim($1::jsonb) AS claimed
), made AS (
    INSERT INTO booking.chefs
    SELECT b.*
    FROM claim, (SELECT booking.ctx_now($1::jsonb)) n (at),
         jsonb_populate_record(NULL::booking.chefs,
             '{"bio": "", "skills": [], "languages": [], "max_events_per_day": 2, "active": true, "version": 1,
               "availability_version": 1}' || $2::jsonb
             || jsonb_build_object('id', bus.uuid_v7(n.at), 'created_at', n.at, 'updated_at', n.at)) b
    WHERE claim.claimed
      AND (booking.in_scope($1::jsonb, NULL, b.station_id) OR bus.fail('forbidden', 'This station is not yours.'))
      AND ($1::jsonb ->> 'scope' = 'all' OR b.user_id IS NULL
           OR bus.fail('forbidden', 'An administrator says whose account it is.'))
    RETURNING *
)
SELECT (r.reply).body, (r.reply).etag, (r.reply).location,
       bus.audit($1::jsonb, 'chef.created', 'chef', r.id::text, NULL, r.shown),
       bus.emit($1::jsonb, 'chef.created', 'chef/' || r.id, jsonb_build_object(
           'chef_id', r.id, 'station_id', r.station_id, 'user_id', r.user_id))
FROM (SELECT m.id, m.station_id, m.user_id, booking.chef_json(m) AS shown,
             booking.reply_make($1::jsonb, 201, booking.chef_json(m)::json, m.version::text,
                                '/api/v1/chefs/' || m.id) AS reply
      FROM made m OFFSET 0) r
