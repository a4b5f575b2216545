-- write: dates that cost more; $3 is the version that was read or null, $4 what changes and why, $5 what
-- changes besides
WITH was AS MATERIALIZED (
    SELECT p.id, p AS old FROM booking.price_peaks p
    WHERE p.id = $2::uuid AND booking.in_scope($1::jsonb, NULL, p.station_id)
      AND ($3::text IS NULL OR p.version::text = $3 OR bus.fail('precondition_failed'))
      AND (p.active OR NOT coalesce(($4::jsonb ->> 'active')::boolean, false)
           OR booking.has_room((SELECT count(*) FROM booking.price_peaks a WHERE a.active), 450, 'dates'))
    FOR UPDATE
), made AS (
    UPDATE booking.price_peaks p
    SET (label, weekdays, first_day, last_day, surcharge_bp, active, version, updated_at)
      = (SELECT b.label, b.weekdays, b.first_day, b.last_day, b.surcharge_bp, b.active,
                b.version + 1, booking.ctx_now($1::jsonb)
         FROM jsonb_populate_record(was.old, booking.weekdays_numbered($4::jsonb) || $5::jsonb) b)
    FROM was WHERE p.id = was.id
    RETURNING p.*
)
SELECT booking.price_peak_json(m) AS body, m.version AS etag,
       booking.price_record($1::jsonb, 'peak', m.id::text, m.station_id,
                            booking.price_peak_json(was.old), booking.price_peak_json(m),
                            $4::jsonb ->> 'reason')
FROM made m JOIN was ON was.id = m.id
