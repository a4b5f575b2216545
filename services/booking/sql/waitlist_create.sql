-- write: waits for a time of that day; who waits already states his wish anew
WITH claim AS MATERIALIZED (SELECT bus.reply_claim($1::jsonb) AS claimed
), wish AS (
    SELECT w.* FROM claim, jsonb_populate_record(NULL::booking.waitlist, $2::jsonb) w WHERE claim.claimed
), entry AS (
    INSERT INTO booking.waitlist (id, station_id, event_date, from_time, until_time, duration_minutes,
                                  guest_count, user_id, made_from, name, email, phone, created_at, updated_at)
    SELECT bus.uuid_v7(n.at), w.station_id, w.event_date, w.from_time, w.until_time,
           coalesce(w.duration_minutes, 120), w.guest_count, ($1::jsonb ->> 'user')::uuid,
           booking.caller_network($1::jsonb), w.name, w.email, w.phone, n.at, n.at
    FROM wish w, (SELECT booking.ctx_now($1::jsonb)) n (at)
    WHERE w.event_date >= (n.at - interval '12 hours')::date
       OR bus.fail('too_soon', 'That day is over.')
    ON CONFLICT (station_id, event_date, lower(email), coalesce(user_id::text, made_from, '')) WHERE state = 'waiting' DO UPDATE
    SET from_time = EXCLUDED.from_time, until_time = EXCLUDED.until_time,
        duration_minutes = EXCLUDED.duration_minutes, guest_count = EXCLUDED.guest_count,
        name = EXCLUDED.name, phone = EXCLUDED.phone,
        updated_at = EXCLUDED.updated_at
    RETURNING *
)
SELECT (r.reply).body, bus.emit($1::jsonb, 'booking.waitlist.joined', 'waitlist/' || r.id, jsonb_build_object(
           'waitlist_id', r.id, 'station_id', r.station_id, 'event_date', r.event_date))
FROM (SELECT e.id, e.station_id, e.event_date,
             booking.reply_make($1::jsonb, 201, booking.waitlist_json(e)) AS reply
      FROM entry e OFFSET 0) r
