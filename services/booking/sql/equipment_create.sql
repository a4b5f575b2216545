-- write: a new piece of equipment
WITH claim AS MATERIALIZED (SELECT bus.reply_claim($1::jsonb) AS claimed
), piece AS (
    INSERT INTO booking.equipment (id, station_id, name, created_at, updated_at)
    SELECT bus.uuid_v7(n.at), s.id, $2::jsonb ->> 'name', n.at, n.at
    FROM claim, booking.stations s, (SELECT booking.ctx_now($1::jsonb)) n (at)
    WHERE claim.claimed AND s.id = ($2::jsonb ->> 'station_id')::uuid
      AND booking.in_scope($1::jsonb, NULL, s.id)
    RETURNING *
)
SELECT (r.reply).body, (r.reply).etag, bus.audit($1::jsonb, 'equipment.created', 'equipment', r.id::text, NULL, r.shown)
FROM (SELECT p.id, to_jsonb(p) AS shown,
             booking.reply_make($1::jsonb, 201, row_to_json(p), p.version::text) AS reply
      FROM piece p OFFSET 0) r
