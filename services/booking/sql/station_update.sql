-- write: a station's settings; $3 is the version that was read, $4 what changes
WITH was AS MATERIALIZED (
    SELECT s.id, s AS old FROM booking.stations s
    WHERE s.id = $2::uuid AND booking.in_scope($1::jsonb, NULL, s.id)
      AND (s.version::text = $3 OR bus.fail('precondition_failed'))
    FOR UPDATE
), made AS (
    UPDATE booking.stations s
    SET (code, name, time_zone, phone, email, address, city, state, zip, lat_e5, lon_e5, radius_miles,
         travel_mph, capacity, setup_minutes, teardown_minutes, lead_time_hours, max_ahead_days,
         first_start, last_start, active, version, updated_at)
      = (SELECT b.code, b.name, b.time_zone, b.phone, b.email, b.address, b.city, b.state, b.zip,
                -- Who moves to another ZIP code without saying where is at its centre.
                CASE WHEN b.zip <> (was.old).zip AND NOT $4::jsonb ? 'lat_e5' THEN coalesce(z.lat_e5, 0) ELSE b.lat_e5 END,
                CASE WHEN b.zip <> (was.old).zip AND NOT $4::jsonb ? 'lon_e5' THEN coalesce(z.lon_e5, 0) ELSE b.lon_e5 END,
                b.radius_miles, b.travel_mph, b.capacity, b.setup_minutes, b.teardown_minutes,
                b.lead_time_hours, b.max_ahead_days, b.first_start, b.last_start, b.active,
                b.version + 1, booking.ctx_now($1::jsonb)
         FROM jsonb_populate_record(was.old, $4::jsonb) b
         LEFT JOIN booking.zip_areas z ON z.zip = b.zip)
    FROM was WHERE s.id = was.id
    RETURNING s.*
)
SELECT booking.station_json($1::jsonb, m) AS body, m.version AS etag,
       bus.audit($1::jsonb, 'station.updated', 'station', m.id::text,
                 booking.station_json($1::jsonb, was.old), booking.station_json($1::jsonb, m)),
       bus.emit($1::jsonb, 'station.updated', 'station/' || m.id,
                jsonb_build_object('station_id', m.id, 'code', m.code, 'active', m.active))
FROM made m JOIN was ON was.id = m.id
