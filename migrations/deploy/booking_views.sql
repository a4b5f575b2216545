-- Deploy hibachi:booking_views to pg
-- requires: booking_changes
--
-- What the API shows of stations, people, menu and prices, and what each change of them has in
-- common: it is audited, and told to whoever keeps a copy.
BEGIN;

-- --- days --------------------------------------------------------------------------------------
-- The API names them; the tables count from Monday, 1.

CREATE FUNCTION booking.weekday_name(n int) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN ('{mon,tue,wed,thu,fri,sat,sun}'::text[])[n];

CREATE FUNCTION booking.weekday_number(name text) RETURNS int
LANGUAGE sql IMMUTABLE
RETURN array_position('{mon,tue,wed,thu,fri,sat,sun}'::text[], name);

-- A body of dates that cost more, with its weekdays as the table has them.
CREATE FUNCTION booking.weekdays_numbered(body jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN body ? 'weekdays' THEN body || jsonb_build_object('weekdays', (
        SELECT coalesce(jsonb_agg(DISTINCT booking.weekday_number(d)), '[]')
        FROM jsonb_array_elements_text(body -> 'weekdays') d))
       ELSE body END;

-- --- stations ----------------------------------------------------------------------------------

-- All of it for who runs the station; for others what it is called and where.
CREATE FUNCTION booking.station_json(ctx jsonb, s booking.stations) RETURNS jsonb
LANGUAGE sql STABLE
RETURN jsonb_build_object(
    'id', (s).id, 'code', (s).code, 'name', (s).name, 'time_zone', (s).time_zone,
    'phone', (s).phone, 'city', (s).city, 'state', (s).state, 'active', (s).active)
    || CASE WHEN booking.in_scope(ctx, NULL, (s).id) THEN jsonb_build_object(
        'email', (s).email, 'address', (s).address, 'zip', (s).zip,
        'first_start', to_char((s).first_start, 'HH24:MI'),
        'last_start', to_char((s).last_start, 'HH24:MI'),
        'lat_e5', (s).lat_e5, 'lon_e5', (s).lon_e5, 'radius_miles', (s).radius_miles,
        'travel_mph', (s).travel_mph, 'capacity', (s).capacity,
        'setup_minutes', (s).setup_minutes, 'teardown_minutes', (s).teardown_minutes,
        'lead_time_hours', (s).lead_time_hours, 'max_ahead_days', (s).max_ahead_days,
        'version', (s).version, 'created_at', (s).created_at, 'updated_at', (s).updated_at)
       ELSE '{}' END;

-- --- chefs -------------------------------------------------------------------------------------

CREATE FUNCTION booking.chef_json(c booking.chefs) RETURNS jsonb
LANGUAGE sql STABLE
RETURN jsonb_build_object(
    'id', (c).id, 'user_id', (c).user_id, 'station_id', (c).station_id, 'name', (c).name,
    'email', (c).email, 'phone', (c).phone, 'bio', (c).bio, 'skills', (c).skills,
    'languages', (c).languages, 'max_events_per_day', (c).max_events_per_day,
    'home_zip', (c).home_zip, 'active', (c).active, 'version', (c).version,
    'created_at', (c).created_at, 'updated_at', (c).updated_at);

CREATE FUNCTION booking.chef_week_json(c booking.chefs) RETURNS jsonb
LANGUAGE sql STABLE
RETURN jsonb_build_object(
    'chef_id', (c).id,
    'time_zone', (SELECT s.time_zone FROM booking.stations s WHERE s.id = (c).station_id),
    'windows', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                           'weekday', booking.weekday_name(a.weekday),
                           'from', to_char(a.from_time, 'HH24:MI'),
                           'until', to_char(a.until_time, 'HH24:MI'))
                       ORDER BY a.weekday, a.from_time), '[]')
                FROM booking.chef_availability a WHERE a.chef_id = (c).id),
    'version', (c).availability_version);

-- The API says the last day; daterange the day after.
CREATE FUNCTION booking.chef_exception_json(e booking.chef_exceptions) RETURNS jsonb
LANGUAGE sql STABLE
RETURN jsonb_build_object(
    'id', (e).id, 'chef_id', (e).chef_id, 'first_day', lower((e).dates),
    'last_day', upper((e).dates) - 1, 'kind', (e).kind,
    'from', to_char((e).from_time, 'HH24:MI'), 'until', to_char((e).until_time, 'HH24:MI'),
    'reason', (e).reason, 'created_at', (e).created_at);

-- The chef, locked for a change; nothing when the caller may not change him.
CREATE FUNCTION booking.chef_open(ctx jsonb, id uuid) RETURNS SETOF booking.chefs
LANGUAGE sql VOLATILE AS $$
    SELECT * FROM booking.chefs c
    WHERE c.id = chef_open.id AND booking.in_scope(ctx, c.user_id, c.station_id) FOR UPDATE
$$;

-- The one place where a change of a chef's hours is told.
CREATE FUNCTION booking.chef_hours_record(ctx jsonb, c booking.chefs, action text, before jsonb,
                                          after jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM bus.audit(ctx, 'chef.' || action, 'chef', c.id::text, before, after);
    PERFORM bus.emit(ctx, 'chef.availability_changed', 'chef/' || c.id, jsonb_build_object(
        'chef_id', c.id, 'station_id', c.station_id));
END $$;

-- The whole usual week anew.
CREATE FUNCTION booking.chef_week_set(ctx jsonb, id uuid, version text, windows jsonb)
RETURNS TABLE (body jsonb, etag int)
LANGUAGE plpgsql AS $$
DECLARE
    c booking.chefs;
    was jsonb;
BEGIN
    SELECT * INTO c FROM booking.chef_open(ctx, id);
    IF NOT FOUND THEN
        RETURN;
    ELSIF c.availability_version::text <> version THEN
        PERFORM bus.fail('precondition_failed');
    END IF;
    was := booking.chef_week_json(c);
    DELETE FROM booking.chef_availability a WHERE a.chef_id = c.id;
    INSERT INTO booking.chef_availability (chef_id, weekday, from_time, until_time)
    SELECT c.id, booking.weekday_number(w.weekday), w."from", w.until
    FROM jsonb_to_recordset(windows) AS w (weekday text, "from" time, until time);
    UPDATE booking.chefs t SET availability_version = t.availability_version + 1
    WHERE t.id = c.id RETURNING * INTO c;
    body := booking.chef_week_json(c);
    etag := c.availability_version;
    PERFORM booking.chef_hours_record(ctx, c, 'week_set', was, body);
    RETURN NEXT;
END $$;

CREATE FUNCTION booking.chef_exception_add(ctx jsonb, id uuid, body jsonb) RETURNS SETOF booking.reply
LANGUAGE plpgsql AS $$
DECLARE
    c booking.chefs;
    e booking.chef_exceptions;
    shown jsonb;
BEGIN
    PERFORM bus.reply_claim(ctx);
    SELECT * INTO c FROM booking.chef_open(ctx, id);
    IF NOT FOUND THEN
        RETURN;
    END IF;
    INSERT INTO booking.chef_exceptions (id, chef_id, dates, kind, from_time, until_time, reason,
                                         created_at, created_by)
    VALUES (bus.uuid_v7(booking.ctx_now(ctx)), c.id,
            daterange((body ->> 'first_day')::date, (body ->> 'last_day')::date, '[]'), body ->> 'kind',
            (body ->> 'from')::time, (body ->> 'until')::time, coalesce(body ->> 'reason', ''),
            booking.ctx_now(ctx), (ctx ->> 'user')::uuid)
    RETURNING * INTO e;
    shown := booking.chef_exception_json(e);
    PERFORM booking.chef_hours_record(ctx, c, 'exception_added', NULL, shown);
    RETURN NEXT booking.reply_make(ctx, 201, shown::json);
END $$;

CREATE FUNCTION booking.chef_exception_remove(ctx jsonb, id uuid, exception_id uuid) RETURNS SETOF boolean
LANGUAGE plpgsql AS $$
DECLARE
    c booking.chefs;
    e booking.chef_exceptions;
BEGIN
    SELECT * INTO c FROM booking.chef_open(ctx, id);
    IF NOT FOUND THEN
        RETURN;
    END IF;
    DELETE FROM booking.chef_exceptions t WHERE t.id = exception_id AND t.chef_id = c.id RETURNING * INTO e;
    IF FOUND THEN
        PERFORM booking.chef_hours_record(ctx, c, 'exception_removed', booking.chef_exception_json(e), NULL);
        RETURN NEXT true;
    END IF;
END $$;

-- --- customers ---------------------------------------------------------------------------------

CREATE FUNCTION booking.customer_json(c booking.customers) RETURNS jsonb
LANGUAGE sql STABLE
RETURN jsonb_build_object(
    'id', (c).id, 'user_id', (c).user_id, 'station_id', (c).station_id, 'name', (c).name,
    'email', (c).email, 'phone', (c).phone, 'address_line1', (c).address_line1,
    'address_line2', (c).address_line2, 'city', (c).city, 'state', (c).state, 'zip', (c).zip,
    'dietary_notes', (c).dietary_notes, 'version', (c).version, 'created_at', (c).created_at,
    'updated_at', (c).updated_at, 'deleted_at', (c).deleted_at, 'deleted_reason', (c).deleted_reason,
    'merged_into', (c).merged_into);

-- The one place where a change of a customer is told.
CREATE FUNCTION booking.customer_record(ctx jsonb, action text, was booking.customers,
                                        c booking.customers, reason text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM bus.audit(ctx, 'customer.' || action, 'customer', c.id::text,
                      CASE WHEN was.id IS NOT NULL
                           THEN booking.masked(booking.customer_json(was), 'dietary_notes') END,
                      booking.masked(booking.customer_json(c), 'dietary_notes'), reason);
    PERFORM bus.emit(ctx, 'customer.' || action, 'customer/' || c.id, jsonb_build_object(
        'customer_id', c.id, 'user_id', c.user_id, 'station_id', c.station_id));
END $$;

CREATE FUNCTION booking.customer_reply(ctx jsonb, status int, c booking.customers) RETURNS booking.reply
LANGUAGE sql VOLATILE
RETURN booking.reply_make(ctx, status, booking.customer_json(c)::json, (c).version::text,
                          CASE status WHEN 201 THEN '/api/v1/customers/' || (c).id END);

-- The customer, locked for a change; nothing when the caller may not see it.
CREATE FUNCTION booking.customer_open(ctx jsonb, id uuid, version text, deleted boolean DEFAULT false)
RETURNS SETOF booking.customers
LANGUAGE plpgsql AS $$
DECLARE
    c booking.customers;
BEGIN
    SELECT * INTO c FROM booking.customers t
    WHERE t.id = customer_open.id AND (t.deleted_at IS NOT NULL) = deleted
      AND booking.in_scope(ctx, t.user_id, t.station_id)
    FOR UPDATE;
    IF FOUND AND c.version::text <> customer_open.version THEN
        PERFORM bus.fail('precondition_failed');
    ELSIF FOUND THEN
        RETURN NEXT c;
    END IF;
END $$;

CREATE FUNCTION booking.customer_create(ctx jsonb, body jsonb) RETURNS SETOF booking.reply
LANGUAGE plpgsql AS $$
DECLARE
    c booking.customers;
    now_at timestamptz := booking.ctx_now(ctx);
BEGIN
    PERFORM bus.reply_claim(ctx);
    c := jsonb_populate_record(NULL::booking.customers, body);
    -- Who has one station keeps his customers there.
    IF ctx ->> 'scope' = 'station' THEN
        c.station_id := coalesce(c.station_id, (ctx -> 'stations' ->> 0)::uuid);
    END IF;
    IF NOT booking.in_scope(ctx, NULL, c.station_id) THEN
        PERFORM bus.fail('forbidden', 'This station is not yours.');
    END IF;
    PERFORM booking.address_lock(c.email);
    IF EXISTS (SELECT FROM booking.customers t WHERE t.verified_email = lower(c.email)) THEN
        PERFORM bus.fail('customer_exists', 'An account has this address.');
    END IF;
    INSERT INTO booking.customers (id, station_id, name, email, phone, address_line1, address_line2,
                                   city, state, zip, dietary_notes, created_at, updated_at)
    VALUES (bus.uuid_v7(now_at), c.station_id, c.name, c.email, c.phone, c.address_line1,
            c.address_line2, c.city, c.state, c.zip, c.dietary_notes, now_at, now_at)
    RETURNING * INTO c;
    PERFORM booking.customer_record(ctx, 'created', NULL, c);
    RETURN NEXT booking.customer_reply(ctx, 201, c);
END $$;

CREATE FUNCTION booking.customer_update(ctx jsonb, id uuid, version text, patch jsonb)
RETURNS SETOF booking.reply
LANGUAGE plpgsql AS $$
DECLARE
    was booking.customers;
    c booking.customers;
BEGIN
    SELECT * INTO was FROM booking.customer_open(ctx, id, version);
    IF NOT FOUND THEN
        RETURN;
    END IF;
    c := jsonb_populate_record(was, patch);
    IF c.station_id IS DISTINCT FROM was.station_id AND NOT booking.in_scope(ctx, NULL, c.station_id) THEN
        PERFORM bus.fail('forbidden', 'This station is not yours.');
    END IF;
    UPDATE booking.customers t
    SET station_id = c.station_id, name = c.name, email = c.email, phone = c.phone,
        address_line1 = c.address_line1, address_line2 = c.address_line2, city = c.city,
        state = c.state, zip = c.zip, dietary_notes = c.dietary_notes,
        version = t.version + 1, updated_at = booking.ctx_now(ctx)
    WHERE t.id = was.id RETURNING * INTO c;
    PERFORM booking.customer_record(ctx, 'updated', was, c);
    RETURN NEXT booking.customer_reply(ctx, 200, c);
END $$;

-- A customer with events to come stays.
CREATE FUNCTION booking.customer_delete(ctx jsonb, id uuid, version text, reason text) RETURNS SETOF boolean
LANGUAGE plpgsql AS $$
DECLARE
    was booking.customers;
    c booking.customers;
    now_at timestamptz := booking.ctx_now(ctx);
BEGIN
    SELECT * INTO was FROM booking.customer_open(ctx, id, version);
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF EXISTS (SELECT FROM booking.bookings b JOIN booking.states s ON s.state = b.state AND s.active
               WHERE b.customer_id = was.id AND b.deleted_at IS NULL AND b.ends_at > now_at) THEN
        PERFORM bus.fail('state_conflict', 'The customer has bookings to come; cancel them first.');
    END IF;
    UPDATE booking.customers t
    SET deleted_at = now_at, deleted_by = (ctx ->> 'user')::uuid, deleted_reason = reason,
        version = t.version + 1, updated_at = now_at
    WHERE t.id = was.id RETURNING * INTO c;
    PERFORM booking.customer_record(ctx, 'deleted', was, c, reason);
    PERFORM bus.job(ctx, 'booking.customer_purge', jsonb_build_object('customer_id', c.id),
                    now_at + interval '30 days', c.id::text);
    RETURN NEXT true;
END $$;

CREATE FUNCTION booking.customer_restore(ctx jsonb, id uuid) RETURNS SETOF booking.reply
LANGUAGE plpgsql AS $$
DECLARE
    was booking.customers;
    c booking.customers;
BEGIN
    PERFORM bus.reply_claim(ctx);
    SELECT * INTO was FROM booking.customer_open(ctx, id, NULL, true);
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF was.purged_at IS NOT NULL OR was.deleted_at <= booking.ctx_now(ctx) - interval '30 days' THEN
        PERFORM bus.fail('restore_expired');
    END IF;
    IF was.merged_into IS NOT NULL THEN
        was := booking.customer_unmerge(ctx, was);
    END IF;
    UPDATE booking.customers t
    SET deleted_at = NULL, deleted_by = NULL, deleted_reason = NULL, merged_into = NULL,
        version = t.version + 1, updated_at = booking.ctx_now(ctx)
    WHERE t.id = was.id RETURNING * INTO c;
    PERFORM booking.customer_record(ctx, 'restored', was, c);
    RETURN NEXT booking.customer_reply(ctx, 200, c);
END $$;

-- --- menu and prices ---------------------------------------------------------------------------

-- Is there room for one more? Every process keeps a copy of the catalogue, and refuses one that is
-- larger than it expects.
CREATE FUNCTION booking.has_room(n bigint, most int, what text) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    RETURN n < most OR bus.fail('conflict', format('There are %s %s already; there cannot be more.', n, what));
END $$;

CREATE FUNCTION booking.menu_item_json(m booking.menu_items) RETURNS jsonb
LANGUAGE sql STABLE
RETURN jsonb_build_object(
    'id', (m).id, 'code', (m).code, 'kind', (m).kind, 'name', (m).name,
    'description', (m).description, 'category', (m).category, 'unit', (m).unit,
    'price_cents', (m).price_cents, 'currency', 'USD', 'max_quantity', (m).max_quantity,
    'dietary_tags', (m).dietary_tags, 'position', (m).position, 'active', (m).active,
    'version', (m).version, 'updated_at', (m).updated_at);

CREATE FUNCTION booking.price_peak_json(p booking.price_peaks) RETURNS jsonb
LANGUAGE sql STABLE
RETURN jsonb_build_object(
    'id', (p).id, 'label', (p).label, 'station_id', (p).station_id,
    'weekdays', (SELECT coalesce(jsonb_agg(booking.weekday_name(d) ORDER BY d), '[]') FROM unnest((p).weekdays) d),
    'first_day', (p).first_day, 'last_day', (p).last_day, 'surcharge_bp', (p).surcharge_bp,
    'active', (p).active, 'version', (p).version, 'updated_at', (p).updated_at);

-- The value in force on a day: the station's own, or everybody's.
CREATE FUNCTION booking.price_value(code text, station uuid, day date) RETURNS bigint
LANGUAGE sql STABLE
RETURN coalesce(
    (SELECT r.value FROM booking.price_rules r
     WHERE r.code = price_value.code AND r.station_id = station AND r.effective_from <= day
     ORDER BY r.effective_from DESC LIMIT 1),
    (SELECT r.value FROM booking.price_rules r
     WHERE r.code = price_value.code AND r.station_id IS NULL AND r.effective_from <= day
     ORDER BY r.effective_from DESC LIMIT 1),
    (SELECT c.default_value FROM booking.price_codes c WHERE c.code = price_value.code));

-- A code with its value today and every row of it that the caller may see.
CREATE FUNCTION booking.price_json(ctx jsonb, c booking.price_codes) RETURNS jsonb
LANGUAGE sql STABLE
RETURN jsonb_build_object(
    'code', (c).code, 'label', (c).label, 'unit', (c).unit, 'min_value', (c).min_value,
    'max_value', (c).max_value, 'default_value', (c).default_value,
    'value', booking.price_value((c).code, NULL, (booking.ctx_now(ctx) AT TIME ZONE 'UTC')::date),
    'rules', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                         'station_id', r.station_id, 'effective_from', r.effective_from, 'value', r.value)
                     ORDER BY r.station_id NULLS FIRST, r.effective_from), '[]')
              FROM booking.price_rules r
              WHERE r.code = (c).code
                AND (r.station_id IS NULL OR booking.in_scope(ctx, NULL, r.station_id))));

-- The one place where a change of a price is told: to the price history, the audit log, the event
-- log. entity: rule, peak or item; before is null for what is new.
CREATE FUNCTION booking.price_record(ctx jsonb, entity text, code text, station uuid, before jsonb,
                                     after jsonb, reason text) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO booking.price_change_history (changed_at, changed_by, entity, code, station_id, old, new, reason)
    VALUES (booking.ctx_now(ctx), nullif(ctx ->> 'user', '')::uuid, entity, code, station, before, after, reason);
    PERFORM bus.audit(ctx, 'pricing.changed', 'price_' || entity, code, before, after, reason);
    PERFORM bus.emit(ctx, 'pricing.changed', 'pricing/' || code, jsonb_build_object(
        'entity', entity, 'code', code, 'station_id', station));
END $$;

-- From that day on; the row of a day can be set again before the day comes. A null value ends a
-- station's own.
CREATE FUNCTION booking.price_set(ctx jsonb, code text, body jsonb) RETURNS SETOF jsonb
LANGUAGE plpgsql AS $$
DECLARE
    station uuid := (body ->> 'station_id')::uuid;
    today date := (booking.ctx_now(ctx) AT TIME ZONE 'UTC')::date;
    first_day date := coalesce((body ->> 'effective_from')::date, today);
    was bigint;
    c booking.price_codes;
BEGIN
    SELECT * INTO c FROM booking.price_codes t WHERE t.code = price_set.code;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    IF NOT booking.in_scope(ctx, NULL, station) THEN
        PERFORM bus.fail('forbidden', 'These prices are not yours to change.');
    END IF;
    -- One after the other, so that the history says what each of them replaced.
    PERFORM pg_advisory_xact_lock(hashtextextended('booking.price_set ' || c.code, 0));
    was := booking.price_value(c.code, station, first_day);
    -- What was replaced long ago is in the history.
    DELETE FROM booking.price_rules r
    WHERE r.code = c.code AND r.station_id IS NOT DISTINCT FROM station
      AND EXISTS (SELECT FROM booking.price_rules n
                  WHERE n.code = r.code AND n.station_id IS NOT DISTINCT FROM r.station_id
                    AND n.effective_from > r.effective_from AND n.effective_from < today - 90);
    PERFORM booking.has_room((SELECT count(*) FROM booking.price_rules), 900, 'price rules');
    INSERT INTO booking.price_rules (id, code, station_id, effective_from, value, min_value, max_value, updated_at)
    VALUES (bus.uuid_v7(booking.ctx_now(ctx)), code, station, first_day, (body ->> 'value')::bigint,
            c.min_value, c.max_value, booking.ctx_now(ctx))
    ON CONFLICT ON CONSTRAINT price_rules_day DO UPDATE
    SET value = EXCLUDED.value, version = price_rules.version + 1, updated_at = EXCLUDED.updated_at;
    PERFORM booking.price_record(ctx, 'rule', code, station,
        jsonb_build_object('value', was, 'effective_from', first_day),
        jsonb_build_object('value', (body ->> 'value')::bigint, 'effective_from', first_day),
        body ->> 'reason');
    RETURN NEXT booking.price_json(ctx, c);
END $$;

COMMIT;
