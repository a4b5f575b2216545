-- Deploy hibachi:booking_slots to pg
-- requires: booking_core
--
-- Times and who is free then: local times, spans, the choice of a chef, holds, the waitlist. Whatever
-- takes somebody's time locks the station's day first, so that limits that no constraint can state
-- (events a day, events at once) hold as well, and so that rivals queue instead of deadlocking.
BEGIN;

-- --- parameters and time --------------------------------------------------------------------------------------

CREATE FUNCTION booking.ctx_now(ctx jsonb) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (ctx ->> 'now')::timestamptz;

CREATE FUNCTION booking.text_array(list jsonb) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY(SELECT jsonb_array_elements_text(coalesce(list, '[]')));

CREATE FUNCTION booking.uuid_array(list jsonb) RETURNS uuid[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN booking.text_array(list)::uuid[];

-- The UTC time of a local one; of two the first, and NULL for one that daylight saving skips. Tries
-- the offsets of the days before and after, and keeps what reads back as the same local time.
CREATE FUNCTION booking.local_to_utc(local timestamp, zone text) RETURNS timestamptz
LANGUAGE sql STABLE STRICT PARALLEL SAFE
RETURN (
    SELECT min(t.utc)
    FROM (VALUES (((local - interval '24 hours') AT TIME ZONE zone) + interval '24 hours'),
                 (((local + interval '24 hours') AT TIME ZONE zone) - interval '24 hours')) t (utc)
    WHERE t.utc AT TIME ZONE zone = local);

-- The zone's offsets between two times: "from offset from offset ...", in minutes since the epoch and
-- minutes east of UTC, the first one from the beginning. Looks at each day, and closely at those on
-- which the offset changes.
CREATE FUNCTION booking.zone_offsets(zone text, from_at timestamptz, until_at timestamptz) RETURNS text
LANGUAGE sql STABLE STRICT PARALLEL SAFE
BEGIN ATOMIC
    WITH day AS (
        SELECT d.at, extract(epoch FROM (d.at AT TIME ZONE zone) - (d.at AT TIME ZONE 'UTC'))::int / 60 AS minutes
        FROM generate_series(from_at, until_at + interval '24 hours', interval '24 hours') d (at)
    ), pair AS (
        SELECT day.at, day.minutes, lag(day.minutes) OVER w AS before, lag(day.at) OVER w AS before_at
        FROM day WINDOW w AS (ORDER BY day.at)
    ), change AS (
        SELECT CASE WHEN pair.before IS NULL THEN pair.at
               ELSE (SELECT min(q.at)
                     FROM generate_series(pair.before_at, pair.at, interval '15 minutes') q (at)
                     WHERE extract(epoch FROM (q.at AT TIME ZONE zone) - (q.at AT TIME ZONE 'UTC'))::int / 60
                           <> pair.before) END AS at,
               pair.minutes
        FROM pair WHERE pair.before IS DISTINCT FROM pair.minutes
    )
    SELECT string_agg((extract(epoch FROM change.at)::bigint / 60) || ' ' || change.minutes, ' '
                      ORDER BY change.at)
    FROM change;
END;

-- --- slots -------------------------------------------------------------------------------------

-- An event's time at a station, checked, and what it takes of a chef's time.
CREATE TYPE booking.slot AS (
    station_id uuid,
    zone text,
    day date,
    at time,
    starts_at timestamptz,
    ends_at timestamptz,
    busy tstzrange,
    travel_minutes int
);

-- May the caller ignore lead times, name prices and the like at that station?
CREATE FUNCTION booking.is_staff(ctx jsonb, station uuid) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ctx ->> 'scope' IN ('all', 'station') AND booking.in_scope(ctx, NULL, station);

-- An event is never in the past, and not sooner than the station can do it; staff know better.
CREATE FUNCTION booking.slot_check_when(ctx jsonb, s booking.stations, starts_at timestamptz) RETURNS void
LANGUAGE plpgsql STABLE AS $$
DECLARE
    now_at timestamptz := booking.ctx_now(ctx);
BEGIN
    IF starts_at <= now_at THEN
        PERFORM bus.fail('too_soon', 'The event would start in the past.');
    ELSIF starts_at < now_at + make_interval(hours => s.lead_time_hours)
          AND NOT booking.is_staff(ctx, s.id) THEN
        PERFORM bus.fail('too_soon', format('Book at least %s hours ahead.', s.lead_time_hours));
    ELSIF starts_at > now_at + make_interval(days => s.max_ahead_days) THEN
        PERFORM bus.fail('too_far', format('Book at most %s days ahead.', s.max_ahead_days));
    END IF;
END $$;

-- What an event takes of a chef's time, with the way there and back, setting up and packing up.
CREATE FUNCTION booking.busy_span(s booking.stations, starts_at timestamptz, ends_at timestamptz, travel int)
RETURNS tstzrange
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN tstzrange(starts_at - make_interval(mins => travel + (s).setup_minutes),
                 ends_at + make_interval(mins => travel + (s).teardown_minutes));

-- Pure: what an event at that local time takes. starts_at is NULL when there is no such time.
CREATE FUNCTION booking.slot_at(s booking.stations, day date, at time, minutes int, travel int)
RETURNS booking.slot
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    slot booking.slot;
BEGIN
    slot.station_id := s.id;
    slot.zone := s.time_zone;
    slot.day := day;
    slot.at := at;
    slot.travel_minutes := travel;
    slot.starts_at := booking.local_to_utc(day + at, s.time_zone);
    slot.ends_at := slot.starts_at + make_interval(mins => minutes);
    slot.busy := booking.busy_span(s, slot.starts_at, slot.ends_at, travel);
    RETURN slot;
END $$;

CREATE FUNCTION booking.slot_make(ctx jsonb, station uuid, day date, at time, minutes int, travel int)
RETURNS booking.slot
LANGUAGE plpgsql STABLE AS $$
DECLARE
    s booking.stations;
    slot booking.slot;
BEGIN
    SELECT * INTO s FROM booking.stations t WHERE t.id = station AND t.active;
    IF NOT FOUND THEN
        PERFORM bus.fail('not_found', 'There is no such station.');
    ELSIF at < s.first_start OR at >= s.last_start THEN
        PERFORM bus.fail('outside_hours', format('Events start from %s and before %s.',
                         to_char(s.first_start, 'HH24:MI'), to_char(s.last_start, 'HH24:MI')));
    END IF;
    slot := booking.slot_at(s, day, at, minutes, travel);
    IF slot.starts_at IS NULL THEN
        PERFORM bus.fail('no_such_time', 'Clocks are put forward over that time on that day.');
    END IF;
    PERFORM booking.slot_check_when(ctx, s, slot.starts_at);
    RETURN slot;
END $$;

-- Until the end of the transaction nobody else takes time of that station on that day.
CREATE FUNCTION booking.day_lock(station uuid, day date) RETURNS void
LANGUAGE sql VOLATILE
RETURN pg_advisory_xact_lock(hashtextextended('booking.day ' || station || ' ' || day, 0));

-- --- who is free -------------------------------------------------------------------------------

-- Does the chef work during the whole event? Compared in local time, as the hours are written. The
-- day before counts too: its hours may end after midnight.
CREATE FUNCTION booking.chef_works(chef uuid, slot booking.slot) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (
    SELECT coalesce(range_agg(w.hours) @> tsrange((slot).day + (slot).at, (slot).ends_at AT TIME ZONE (slot).zone), false)
    FROM generate_series(-1, ((slot).ends_at AT TIME ZONE (slot).zone)::date - (slot).day) d (offset_days),
         booking.chef_windows(chef, (slot).day + d.offset_days) w (hours));

-- Is the station at its capacity at some moment of the span? Only looked at where there are more
-- chefs than that. The moments to look at are the span's start and the starts within it.
CREATE FUNCTION booking.station_full(slot booking.slot) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    WITH chef AS (
        SELECT c.id FROM booking.chefs c WHERE c.station_id = (slot).station_id AND c.active
    ), taken AS (
        SELECT s.span FROM chef JOIN booking.resource_spans s ON s.resource_id = chef.id
        WHERE s.blocking AND s.kind = 'chef' AND s.span && (slot).busy
    ), moment AS (
        SELECT greatest(lower(t.span), lower((slot).busy)) AS at FROM taken t
    )
    SELECT st.capacity < (SELECT count(*) FROM chef)
       AND EXISTS (SELECT FROM moment m
                   WHERE (SELECT count(*) FROM taken t WHERE t.span @> m.at) >= st.capacity)
    FROM booking.stations st WHERE st.id = (slot).station_id;
END;

-- The chefs who could do it but for what they work, the fair choice first: who has least to do that
-- day. With `chef`, that one or nobody.
CREATE FUNCTION booking.chefs_idle(slot booking.slot, chef uuid, skills text[]) RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT c.id
    FROM booking.chefs c
    CROSS JOIN LATERAL (SELECT count(*) AS n FROM booking.resource_spans s
                        WHERE s.resource_id = c.id AND s.day = (slot).day AND s.blocking) events
    WHERE c.station_id = (slot).station_id AND c.active AND c.skills @> chefs_idle.skills
      AND (chef IS NULL OR c.id = chef)
      AND events.n < c.max_events_per_day
      AND NOT EXISTS (SELECT FROM booking.resource_spans s
                      WHERE s.resource_id = c.id AND s.span && (slot).busy AND s.blocking)
    ORDER BY events.n, c.id;
END;

-- Does anybody who works then have the skills, busy or not? With `chef`: does that one?
CREATE FUNCTION booking.chef_exists(slot booking.slot, chef uuid, skills text[]) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN EXISTS (
    SELECT FROM booking.chefs c
    WHERE c.station_id = (slot).station_id AND c.active AND c.skills @> chef_exists.skills
      AND (chef IS NULL OR c.id = chef) AND booking.chef_works(c.id, slot));

-- How many chefs could take an event at that time.
CREATE FUNCTION booking.chefs_free(slot booking.slot) RETURNS bigint
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (SELECT count(*) FROM booking.chefs_idle(slot, NULL, '{}') i (chef)
        WHERE booking.chef_works(i.chef, slot) AND NOT booking.station_full(slot));

-- --- taking time -------------------------------------------------------------------------------

-- Who takes the time: a booking, or a hold until it expires.
CREATE TYPE booking.taker AS (booking_id uuid, hold_id uuid, expires_at timestamptz);

-- False when somebody else has it. Waits for rivals that have not committed yet.
CREATE FUNCTION booking.span_take(slot booking.slot, kind text, resource uuid, taker booking.taker)
RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO booking.resource_spans (resource_id, kind, span, day, expires_at, booking_id, hold_id)
    VALUES (resource, span_take.kind, slot.busy, slot.day, taker.expires_at, taker.booking_id, taker.hold_id)
    ON CONFLICT ON CONSTRAINT resource_spans_free DO NOTHING;
    RETURN FOUND;
END $$;

-- Takes the time of that chef, or of the one whose turn it is, and says who it is; null: nobody's.
CREATE FUNCTION booking.chef_try(slot booking.slot, chef uuid, skills text[], taker booking.taker)
RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
    candidate uuid;
BEGIN
    IF NOT booking.station_full(slot) THEN
        FOR candidate IN SELECT * FROM booking.chefs_idle(slot, chef, skills) LOOP
            IF booking.chef_works(candidate, slot)
               AND booking.span_take(slot, 'chef', candidate, taker) THEN
                RETURN candidate;
            END IF;
        END LOOP;
    END IF;
    RETURN NULL;
END $$;

-- The same, or says why not.
CREATE FUNCTION booking.chef_take(slot booking.slot, chef uuid, skills text[], taker booking.taker)
RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
    taken uuid := booking.chef_try(slot, chef, skills, taker);
BEGIN
    IF taken IS NULL AND booking.chef_exists(slot, chef, skills) THEN
        PERFORM bus.fail('slot_taken', 'That time is taken.');
    ELSIF taken IS NULL THEN
        PERFORM bus.fail('no_chef', CASE WHEN chef IS NULL THEN 'No chef works at that time.'
                                         ELSE 'That chef does not work then.' END);
    END IF;
    RETURN taken;
END $$;

-- Takes the time of assisting chefs or of equipment, all or none. In the order of their ids.
CREATE FUNCTION booking.resources_take(slot booking.slot, kind text, ids uuid[], taker booking.taker)
RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    wanted uuid;
BEGIN
    FOR wanted IN SELECT DISTINCT i FROM unnest(ids) i ORDER BY i LOOP
        IF NOT EXISTS (SELECT FROM booking.chefs c WHERE c.id = wanted AND kind = 'assistant'
                       AND c.station_id = slot.station_id AND c.active
                       UNION ALL
                       SELECT FROM booking.equipment e WHERE e.id = wanted AND kind = 'equipment'
                       AND e.station_id = slot.station_id AND e.active) THEN
            PERFORM bus.fail('invalid', format('There is no such %s at the station.', kind));
        ELSIF kind = 'assistant' AND NOT booking.chef_works(wanted, slot) THEN
            PERFORM bus.fail('no_chef', 'An assistant does not work then.');
        ELSIF NOT booking.span_take(slot, kind, wanted, taker) THEN
            PERFORM bus.fail('slot_taken', format('The %s is taken then.', kind));
        END IF;
    END LOOP;
END $$;

COMMIT;
