-- write: another name, or whether it can be booked; $3 is the version that was read
WITH was AS MATERIALIZED (
    SELECT e.* FROM booking.equipment e
    WHERE e.id = $2::uuid AND booking.in_scope($1::jsonb, NULL, e.station_id)
      AND (e.version = $3::int OR bus.fail('precondition_failed'))
    FOR UPDATE
), piece AS (
    UPDATE booking.equipment e
    SET name = coalesce($4::jsonb ->> 'name', e.name), active = coalesce(($4::jsonb ->> 'active')::boolean, e.active),
        version = e.version + 1, updated_at = booking.ctx_now($1::jsonb)
    FROM was WHERE e.id = was.id
    RETURNING e.*
)
SELECT row_to_json(p) AS body, p.version AS etag,
       bus.audit($1::jsonb, 'equipment.updated', 'equipment', p.id::text, to_jsonb(was), to_jsonb(p))
FROM piece p JOIN was ON was.id = p.id
