-- write: a new station; it lies at its ZIP code's centre unless the body says where
WITH claim AS MATERIALIZED (SELECT bus.reply_claim($1::jsonb) AS claimed
), made AS (
    INSERT INTO booking.stations
    SELECT b.*
    FROM claim
    CROSS JOIN (SELECT booking.ctx_now($1::jsonb)) n (at)
    LEFT JOIN booking.zip_areas z ON z.zip = $2::jsonb ->> 'zip'
    CROSS JOIN jsonb_populate_record(NULL::booking.stations,
        '{"address": "", "city": "", "state": "", "radius_miles": 100, "travel_mph": 35, "capacity": 10,
          "setup_minutes": 30, "teardown_minutes": 30, "lead_time_hours": 48, "max_ahead_days": 365,
          "first_start": "11:00", "last_start": "23:00", "active": true, "version": 1}'
        || jsonb_build_object('lat_e5', coalesce(z.lat_e5, 0), 'lon_e5', coalesce(z.lon_e5, 0))
        || $2::jsonb
        || jsonb_build_object('id', bus.uuid_v7(n.at), 'created_at', n.at, 'updated_at', n.at)) b
    WHERE claim.claimed AND booking.in_scope($1::jsonb, NULL, NULL)
      AND booking.has_room((SELECT count(*) FROM booking.stations), 180, 'stations')
    RETURNING *
)
SELECT (r.reply).body, (r.reply).etag, (r.reply).location,
       bus.audit($1::jsonb, 'station.created', 'station', r.id::text, NULL, r.shown),
       bus.emit($1::jsonb, 'station.created', 'station/' || r.id,
                jsonb_build_object('station_id', r.id, 'code', r.shown -> 'code', 'active', r.shown -> 'active'))
FROM (SELECT m.id, booking.station_json($1::jsonb, m) AS shown,
             booking.reply_make($1::jsonb, 201, booking.station_json($1::jsonb, m)::json,
                                m.version::text, '/api/v1/stations/' || m.id) AS reply
      FROM made m OFFSET 0) r
