-- write: dates that cost more
WITH claim AS MATERIALIZED (SELECT bus.reply_claim($1::jsonb) AS claimed
), made AS (
    INSERT INTO booking.price_peaks
    SELECT b.*
    FROM claim, (SELECT booking.ctx_now($1::jsonb)) n (at),
         jsonb_populate_record(NULL::booking.price_peaks,
             '{"weekdays": [], "active": true, "version": 1}' || booking.weekdays_numbered($2::jsonb)
             || jsonb_build_object('id', bus.uuid_v7(n.at), 'created_at', n.at, 'updated_at', n.at)) b
    WHERE claim.claimed
      AND (booking.in_scope($1::jsonb, NULL, b.station_id)
           OR bus.fail('forbidden', 'These prices are not yours to change.'))
      AND booking.has_room((SELECT count(*) FROM booking.price_peaks p WHERE p.active), 450, 'dates')
    RETURNING *
)
SELECT (r.reply).body, (r.reply).etag,
       booking.price_record($1::jsonb, 'peak', r.id::text, r.station_id, NULL, r.shown, $2::jsonb ->> 'reason')
FROM (SELECT m.id, m.station_id, booking.price_peak_json(m) AS shown,
             booking.reply_make($1::jsonb, 201, booking.price_peak_json(m)::json, m.version::text) AS reply
      FROM made m OFFSET 0) r
