-- write: a chef's profile; $3 is the version that was read, $4 what changes
-- Chefs themselves say what they can and how to reach them; the rest is for staff.
WITH was AS MATERIALIZED (
    SELECT c.id, c AS old FROM booking.chefs c
    WHERE c.id = $2::uuid AND booking.in_scope($1::jsonb, c.user_id, c.station_id)
      AND (c.version::text = $3 OR bus.fail('precondition_failed'))
      AND ($1::jsonb ->> 'scope' <> 'own'
           OR NOT $4::jsonb ?| '{user_id,station_id,name,email,max_events_per_day,active}'
           OR bus.fail('forbidden', 'Your station keeps this part of your profile.'))
      AND (NOT $4::jsonb ? 'station_id'
           OR booking.in_scope($1::jsonb, NULL, ($4::jsonb ->> 'station_id')::uuid)
           OR bus.fail('forbidden', 'That station is not yours.'))
      AND ($1::jsonb ->> 'scope' = 'all'
           OR coalesce(($4::jsonb ->> 'user_id')::uuid = c.user_id, $4::jsonb ->> 'user_id' IS NULL)
           OR bus.fail('forbidden', 'An administrator says whose account it is.'))
    FOR UPDATE
), made AS (
    UPDATE booking.chefs c
    SET (user_id, station_id, name, email, phone, bio, skills, languages, max_events_per_day, home_zip,
         active, version, updated_at)
      = (SELECT b.user_id, b.station_id, b.name, b.email, b.phone, b.bio, b.skills, b.languages,
                b.max_events_per_day, b.home_zip, b.active, b.version + 1, booking.ctx_now($1::jsonb)
         FROM jsonb_populate_record(was.old, $4::jsonb) b)
    FROM was WHERE c.id = was.id
    RETURNING c.*
)
SELECT booking.chef_json(m) AS body, m.version AS etag,
       bus.audit($1::jsonb, 'chef.updated', 'chef', m.id::text, booking.chef_json(was.old),
                 booking.chef_json(m)),
       bus.emit($1::jsonb, 'chef.updated', 'chef/' || m.id, jsonb_build_object(
           'chef_id', m.id, 'station_id', m.station_id, 'from_station_id', (was.old).station_id,
           'user_id', m.user_id, 'active', m.active))
FROM made m JOIN was ON was.id = m.id
