-- Deploy hibachi:booking_holds to pg
-- requires: booking_slots
--
-- Holds, which keep a time for minutes, and the waitlist, which hears of a time that became free.
-- An expired hold cannot be told by a constraint, which knows no time: whoever wants time of a station
-- ends its expired holds first, and a job ends those that nobody comes across.
BEGIN;

-- --- replies -----------------------------------------------------------------------------------

CREATE TYPE booking.reply AS (body text, etag text, location text);

-- Keeps a reply under the request's key, and is that reply.
CREATE FUNCTION booking.reply_make(ctx jsonb, status int, body json, etag text DEFAULT NULL,
                                   location text DEFAULT NULL) RETURNS booking.reply
LANGUAGE sql VOLATILE
RETURN ROW(bus.reply_store(ctx, status, body::text, etag, location), etag, location)::booking.reply;

-- --- holds -------------------------------------------------------------------------------------

CREATE FUNCTION booking.hold_json(h booking.holds, zone text) RETURNS jsonb
LANGUAGE sql STABLE
RETURN jsonb_build_object(
    'id', (h).id, 'state', (h).state, 'station_id', (h).station_id, 'chef_id', (h).chef_id,
    'event_date', (h).event_date, 'event_time', to_char((h).event_time, 'HH24:MI'), 'time_zone', zone,
    'starts_at', (h).starts_at, 'ends_at', (h).ends_at, 'duration_minutes', (h).duration_minutes,
    'venue_zip', (h).venue_zip, 'expires_at', (h).expires_at);

CREATE FUNCTION booking.hold_event(h booking.holds) RETURNS jsonb
LANGUAGE sql STABLE
RETURN jsonb_build_object(
    'hold_id', (h).id, 'station_id', (h).station_id, 'chef_id', (h).chef_id,
    'event_date', (h).event_date, 'starts_at', (h).starts_at, 'ends_at', (h).ends_at,
    'expires_at', (h).expires_at);

-- The only way out of `active`. A bound hold's span is the booking's by now, others are gone.
CREATE FUNCTION booking.hold_end(ctx jsonb, h booking.holds, state text, booking_id uuid DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE booking.holds t
    SET state = hold_end.state, booking_id = hold_end.booking_id, holder = NULL,
        updated_at = booking.ctx_now(ctx)
    WHERE t.id = h.id AND t.state = 'active';
    IF FOUND THEN
        DELETE FROM booking.resource_spans s WHERE s.hold_id = h.id AND s.booking_id IS NULL;
        PERFORM bus.emit(ctx, 'booking.hold.' || hold_end.state, 'hold/' || h.id, booking.hold_event(h));
    END IF;
END $$;

-- Ends the station's expired holds. Waits for whoever ends one of them now, so that afterwards none
-- is in the way.
CREATE FUNCTION booking.holds_expire(ctx jsonb, station uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    h booking.holds;
BEGIN
    FOR h IN SELECT * FROM booking.holds t
             WHERE t.station_id = station AND t.state = 'active' AND t.expires_at <= booking.ctx_now(ctx)
             ORDER BY t.id FOR UPDATE LOOP
        PERFORM booking.hold_end(ctx, h, 'expired');
    END LOOP;
END $$;

-- wish: {event_date, event_time, duration_minutes, venue_zip, chef_id, skills}. `limits` has {minutes,
-- per_holder}; `holder` is who holds. The token is signed outside and becomes part of the reply.
CREATE FUNCTION booking.hold_create(ctx jsonb, wish jsonb, station uuid, travel int, id uuid, token text,
                                    holder text, limits jsonb) RETURNS SETOF booking.reply
LANGUAGE plpgsql AS $$
DECLARE
    slot booking.slot;
    h booking.holds;
BEGIN
    PERFORM bus.reply_claim(ctx);
    slot := booking.slot_make(ctx, station, (wish ->> 'event_date')::date, (wish ->> 'event_time')::time,
                              (wish ->> 'duration_minutes')::int, travel);
    PERFORM booking.day_lock(station, slot.day);
    PERFORM booking.holds_expire(ctx, station);
    -- His holds are of any day and station: they are counted one after the other.
    PERFORM pg_advisory_xact_lock(hashtextextended('booking.holder ' || holder, 0));
    IF (SELECT count(*) FROM booking.holds t WHERE t.holder = hold_create.holder AND t.state = 'active'
        AND t.expires_at > booking.ctx_now(ctx)) >= (limits ->> 'per_holder')::int THEN
        PERFORM bus.fail('too_many_holds', format('At most %s at once.', limits ->> 'per_holder'));
    END IF;
    h.id := hold_create.id;
    h.state := 'active';
    h.station_id := station;
    h.event_date := slot.day;
    h.event_time := slot.at;
    h.duration_minutes := (wish ->> 'duration_minutes')::int;
    h.starts_at := slot.starts_at;
    h.ends_at := slot.ends_at;
    h.venue_zip := wish ->> 'venue_zip';
    h.holder := hold_create.holder;
    h.created_at := booking.ctx_now(ctx);
    h.updated_at := h.created_at;
    h.expires_at := h.created_at + make_interval(mins => (limits ->> 'minutes')::int);
    h.chef_id := booking.chef_take(slot, (wish ->> 'chef_id')::uuid, booking.text_array(wish -> 'skills'),
                                   ROW(NULL, h.id, h.expires_at)::booking.taker);
    INSERT INTO booking.holds SELECT h.*;
    PERFORM bus.emit(ctx, 'booking.hold.created', 'hold/' || h.id, booking.hold_event(h));
    PERFORM bus.job(ctx, 'booking.hold_expire', jsonb_build_object('hold_id', h.id), h.expires_at, h.id::text);
    RETURN NEXT booking.reply_make(ctx, 201, (booking.hold_json(h, slot.zone)
                                              || jsonb_build_object('token', token))::json);
END $$;

-- Gives a hold back. Once it is not active any more there is nothing to give: not found.
CREATE FUNCTION booking.hold_release(ctx jsonb, id uuid) RETURNS SETOF booking.reply
LANGUAGE plpgsql AS $$
DECLARE
    h booking.holds;
BEGIN
    SELECT * INTO h FROM booking.holds t WHERE t.id = hold_release.id AND t.state = 'active' FOR UPDATE;
    IF FOUND THEN
        PERFORM booking.hold_end(ctx, h, 'released');
        RETURN NEXT ROW(NULL, NULL, NULL)::booking.reply;
    END IF;
END $$;

-- The job: at its time, or late, or for a hold that was bound meanwhile.
CREATE FUNCTION booking.hold_expire(ctx jsonb, id uuid) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    h booking.holds;
BEGIN
    SELECT * INTO h FROM booking.holds t WHERE t.id = hold_expire.id AND t.state = 'active'
        AND t.expires_at <= booking.ctx_now(ctx) FOR UPDATE;
    IF FOUND THEN
        PERFORM booking.hold_end(ctx, h, 'expired');
    END IF;
    RETURN FOUND;
END $$;

-- The hold that a booking is to take over, locked.
CREATE FUNCTION booking.hold_open(ctx jsonb, id uuid) RETURNS booking.holds
LANGUAGE plpgsql AS $$
DECLARE
    h booking.holds;
BEGIN
    SELECT * INTO h FROM booking.holds t WHERE t.id = hold_open.id FOR UPDATE;
    IF NOT FOUND OR h.state <> 'active' OR h.expires_at <= booking.ctx_now(ctx) THEN
        PERFORM bus.fail('hold_expired', 'The hold has ended; choose a time again.');
    END IF;
    RETURN h;
END $$;

-- The hold's span becomes the booking's, without a moment between. It changes when the venue has.
CREATE FUNCTION booking.hold_bind(ctx jsonb, h booking.holds, slot booking.slot, booking_id uuid)
RETURNS uuid
LANGUAGE plpgsql AS $$
BEGIN
    IF (h.station_id, h.starts_at, h.ends_at) IS DISTINCT FROM (slot.station_id, slot.starts_at, slot.ends_at) THEN
        PERFORM bus.fail('hold_mismatch', 'The hold is for another time or station.');
    END IF;
    UPDATE booking.resource_spans s
    SET booking_id = hold_bind.booking_id, expires_at = NULL, span = slot.busy
    WHERE s.hold_id = h.id;
    PERFORM booking.hold_end(ctx, h, 'bound', hold_bind.booking_id);
    RETURN h.chef_id;
END $$;

-- --- waitlist ----------------------------------------------------------------------------------

CREATE FUNCTION booking.waitlist_json(w booking.waitlist) RETURNS json
LANGUAGE sql STABLE
RETURN json_build_object(
    'id', (w).id, 'state', (w).state, 'station_id', (w).station_id, 'event_date', (w).event_date,
    'from_time', to_char((w).from_time, 'HH24:MI'), 'until_time', to_char((w).until_time, 'HH24:MI'),
    'duration_minutes', (w).duration_minutes, 'guest_count', (w).guest_count, 'name', (w).name,
    'email', (w).email, 'phone', (w).phone, 'notified_at', (w).notified_at, 'free_at', (w).free_at,
    'created_at', (w).created_at);

-- The first start in the entry's window for which a chef is free. Where the venue is, is not known.
CREATE FUNCTION booking.waitlist_start(ctx jsonb, w booking.waitlist) RETURNS timestamptz
LANGUAGE sql STABLE
RETURN (
    SELECT (slot).starts_at
    FROM booking.stations s,
         generate_series(0, 24 * 60 - 30, 30) m (minutes),
         booking.slot_at(s, w.event_date, time '00:00' + make_interval(mins => m.minutes),
                         w.duration_minutes, 0) slot
    WHERE s.id = w.station_id AND s.active
      AND (slot).at BETWEEN w.from_time AND w.until_time
      AND (slot).at >= s.first_start AND (slot).at < s.last_start
      AND (slot).starts_at >= booking.ctx_now(ctx) + make_interval(hours => s.lead_time_hours)
      AND booking.chefs_free(slot) > 0
    ORDER BY (slot).starts_at LIMIT 1);

-- Tells the first of those who wait for that day and whom the free time suits. The time is not kept for
-- him: when it is still free four hours later, the next one is told.
CREATE FUNCTION booking.waitlist_tell(ctx jsonb, station uuid, day date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    w booking.waitlist;
    free timestamptz;
BEGIN
    FOR w IN SELECT * FROM booking.waitlist t
             WHERE t.station_id = station AND t.event_date = day AND t.state = 'waiting'
             ORDER BY t.id FOR UPDATE LOOP
        free := booking.waitlist_start(ctx, w);
        IF free IS NOT NULL THEN
            UPDATE booking.waitlist t
            SET state = 'notified', notified_at = booking.ctx_now(ctx), free_at = free,
                updated_at = booking.ctx_now(ctx)
            WHERE t.id = w.id;
            UPDATE booking.waitlist t -- he said it twice
            SET state = 'removed', updated_at = booking.ctx_now(ctx)
            WHERE t.station_id = station AND t.event_date = day AND t.state = 'waiting'
              AND lower(t.email) = lower(w.email);
            PERFORM bus.job(ctx, 'booking.waitlist_mail', jsonb_build_object('waitlist_id', w.id));
            PERFORM bus.job(ctx, 'booking.waitlist_next',
                            jsonb_build_object('station_id', station, 'event_date', day),
                            booking.ctx_now(ctx) + interval '4 hours', w.id::text);
            PERFORM bus.emit(ctx, 'booking.waitlist.slot_free', 'waitlist/' || w.id, jsonb_build_object(
                'waitlist_id', w.id, 'station_id', w.station_id, 'event_date', w.event_date,
                'starts_at', free, 'duration_minutes', w.duration_minutes,
                'guest_count', w.guest_count, 'name', w.name, 'email', w.email, 'phone', w.phone));
            RETURN;
        END IF;
    END LOOP;
END $$;

-- The consumer of what frees time.
CREATE FUNCTION booking.waitlist_match(ctx jsonb, events jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    freed record;
BEGIN
    FOR freed IN
        SELECT (e.data ->> 'station_id')::uuid AS station,
               coalesce(e.data ->> 'freed_date', e.data ->> 'event_date')::date AS day
        FROM jsonb_to_recordset(events) e (data jsonb) LOOP
        PERFORM booking.waitlist_tell(ctx, freed.station, freed.day);
    END LOOP;
END $$;

COMMIT;
