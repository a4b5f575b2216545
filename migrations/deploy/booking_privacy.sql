-- Deploy hibachi:booking_privacy to pg
-- requires: booking_merge
-- requires: booking_sealed
-- requires: bus_exports
--
-- What is kept of a person, for him to have; and how he is forgotten. Bookings stay, for the books,
-- without the person.
BEGIN;

INSERT INTO bus.export_services (service) VALUES ('booking');

-- --- what is kept ------------------------------------------------------------------------------

-- The rows that are one account's customer: its own, and what was merged into it.
CREATE FUNCTION booking.customers_of(owner uuid) RETURNS uuid[]
LANGUAGE sql STABLE
RETURN ARRAY(SELECT c.id FROM booking.customers c WHERE c.user_id = owner
             UNION ALL
             SELECT m.from_id FROM booking.customers c JOIN booking.customer_merges m ON m.into_id = c.id
             WHERE c.user_id = owner);

-- All of it in a lasting order: part, time, id. Of others' bookings that a chef cooks only when they are.
CREATE FUNCTION booking.export_items(account uuid, after jsonb, most int)
RETURNS TABLE (item json, place jsonb)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    from_part int := coalesce((after ->> 0)::int, 0);
    last_at timestamptz := coalesce((after ->> 1)::timestamptz, '-infinity');
    last_id text := coalesce(after ->> 2, '');
    customers uuid[] := booking.customers_of(account);
    bookings uuid[] := ARRAY(SELECT b.id FROM booking.bookings b WHERE b.customer_id = ANY (customers));
    emails text[] := ARRAY(SELECT c.verified_email FROM booking.customers c WHERE c.id = ANY (customers));
    chef uuid := (SELECT c.id FROM booking.chefs c WHERE c.user_id = account);
BEGIN
    RETURN QUERY
    SELECT r.item, jsonb_build_array(r.part, r.at, r.id) FROM (
        (SELECT 1 AS part, c.created_at AS at, c.id::text AS id,
                json_build_object('customer', booking.customer_json(c)) AS item
         FROM booking.customers c WHERE c.id = ANY (customers))
        UNION ALL
        (SELECT 2, v.starts_at, v.id::text, json_build_object('booking', row_to_json(v))
         FROM booking.booking_view v WHERE v.id = ANY (bookings) AND from_part <= 2
           AND (from_part < 2 OR (v.starts_at, v.id::text) > (last_at, last_id))
         ORDER BY v.starts_at, v.id::text LIMIT most)
        UNION ALL
        (SELECT 3, n.created_at, n.id::text, json_build_object('note', json_build_object(
                'booking_id', n.booking_id, 'text', n.text, 'created_at', n.created_at))
         FROM booking.booking_notes n WHERE n.booking_id = ANY (bookings) AND from_part <= 3
           AND (from_part < 3 OR (n.created_at, n.id::text) > (last_at, last_id))
         ORDER BY n.created_at, n.id::text LIMIT most)
        UNION ALL
        (SELECT 4, h.at, h.id::text, json_build_object('change', json_build_object(
                'booking_id', h.booking_id, 'at', h.at, 'action', h.action, 'changes', h.changes,
                'reason', h.reason))
         FROM booking.booking_history h WHERE h.booking_id = ANY (bookings) AND from_part <= 4
           AND (from_part < 4 OR (h.at, h.id::text) > (last_at, last_id))
         ORDER BY h.at, h.id::text LIMIT most)
        UNION ALL
        (SELECT 5, w.created_at, w.id::text, json_build_object('wish', json_build_object(
                'id', w.id, 'state', w.state, 'event_date', w.event_date, 'guest_count', w.guest_count,
                'name', w.name, 'email', w.email, 'phone', w.phone, 'created_at', w.created_at))
         FROM booking.waitlist w
         WHERE (w.user_id = account OR lower(w.email) = ANY (emails)) AND from_part <= 5
           AND (from_part < 5 OR (w.created_at, w.id::text) > (last_at, last_id))
         ORDER BY w.created_at, w.id::text LIMIT most)
        UNION ALL
        (SELECT 6, c.created_at, c.id::text, json_build_object(
                'chef', booking.chef_json(c) || jsonb_build_object('week', booking.chef_week_json(c)))
         FROM booking.chefs c WHERE c.id = chef)
        UNION ALL
        (SELECT 7, e.created_at, e.id::text, json_build_object('days', booking.chef_exception_json(e))
         FROM booking.chef_exceptions e WHERE e.chef_id = chef AND from_part <= 7
           AND (from_part < 7 OR (e.created_at, e.id::text) > (last_at, last_id))
         ORDER BY e.created_at, e.id::text LIMIT most)
        UNION ALL
        (SELECT 8, b.starts_at, b.id::text, json_build_object('cooks', json_build_object(
                'booking_id', b.id, 'number', b.number, 'state', b.state, 'starts_at', b.starts_at,
                'ends_at', b.ends_at))
         FROM booking.bookings b WHERE b.chef_id = chef AND from_part <= 8
           AND b.starts_at >= CASE WHEN from_part = 8 THEN last_at ELSE '-infinity' END
           AND (from_part < 8 OR (b.starts_at, b.id::text) > (last_at, last_id))
         ORDER BY b.starts_at, b.id::text LIMIT most)
        UNION ALL
        (SELECT 9, b.starts_at, b.id::text, json_build_object('assists', json_build_object(
                'booking_id', b.id, 'number', b.number, 'state', b.state, 'starts_at', b.starts_at,
                'ends_at', b.ends_at))
         FROM booking.assisted(chef) a (id) JOIN booking.bookings b ON b.id = a.id
         WHERE from_part <= 9 AND (from_part < 9 OR (b.starts_at, b.id::text) > (last_at, last_id))
         ORDER BY b.starts_at, b.id::text LIMIT most)) r
    WHERE (r.part, r.at, r.id) > (from_part, last_at, last_id)
    ORDER BY r.part, r.at, r.id LIMIT most;
END $$;

-- --- forgetting --------------------------------------------------------------------------------

-- The person is forgotten, the row stays, since bookings that took place refer to it. Does nothing to one
-- that is forgotten already. Who was merged into another is still there.
CREATE FUNCTION booking.customer_forget(ctx jsonb, id uuid) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    was booking.customers;
    address text; -- of an account only what it has proved is its own
BEGIN
    SELECT * INTO was FROM booking.customers t
    WHERE t.id = customer_forget.id AND t.deleted_at IS NOT NULL AND t.purged_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    address := CASE WHEN was.user_id IS NULL THEN lower(was.email) ELSE was.verified_email END;
    UPDATE booking.customers t
    SET user_id = NULL, verified_email = NULL, name = '(deleted)', email = 'deleted-' || t.id || '@invalid',
        phone = NULL, address_line1 = NULL, address_line2 = NULL, city = NULL, state = NULL, zip = NULL,
        dietary_notes = NULL, deleted_reason = '(forgotten)', purged_at = booking.ctx_now(ctx),
        version = t.version + 1, updated_at = booking.ctx_now(ctx)
    WHERE t.id = was.id;
    DELETE FROM booking.customer_merges m WHERE was.id IN (m.from_id, m.into_id);
    PERFORM bus.audit_forget(ctx, 'customer', ARRAY[was.id::text]);
    PERFORM bus.audit(ctx, 'customer.purged', 'customer', was.id::text, NULL, NULL);
    IF was.merged_into IS NULL THEN
        DELETE FROM booking.waitlist w WHERE w.user_id = was.user_id;
        DELETE FROM booking.waitlist w WHERE lower(w.email) = address;
        PERFORM bus.emit(ctx, 'customer.purged', 'customer/' || was.id,
                         jsonb_build_object('customer_id', was.id));
    END IF;
    RETURN true;
END $$;

-- The job, 30 days after a deletion. Does nothing to a customer who was restored meanwhile.
CREATE FUNCTION booking.customer_purge(ctx jsonb, id uuid) RETURNS boolean
LANGUAGE sql VOLATILE
RETURN coalesce((SELECT booking.customer_forget(ctx, c.id) FROM booking.customers c
                 WHERE c.id = customer_purge.id AND c.deleted_at <= booking.ctx_now(ctx) - interval '30 days'), false);

-- The consumer of purged customers. Runs as the owner, since history is append-only for the service.
CREATE FUNCTION booking.bookings_forget(ctx jsonb, events jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    ids uuid[] := ARRAY(SELECT b.id FROM jsonb_to_recordset(events) e (data jsonb)
                        JOIN booking.bookings b ON b.customer_id = (e.data ->> 'customer_id')::uuid);
BEGIN
    UPDATE booking.bookings b
    SET contact_name = '(deleted)', contact_email = NULL, contact_phone = NULL,
        venue_address = '(deleted)', special_requests = NULL, made_from = NULL, cancel_reason = NULL,
        deleted_reason = CASE WHEN b.deleted_at IS NOT NULL THEN '(forgotten)' END,
        link_version = b.link_version + 1,
        version = b.version + 1, updated_at = booking.ctx_now(ctx)
    WHERE b.id = ANY (ids);
    DELETE FROM booking.booking_notes n WHERE n.booking_id = ANY (ids);
    UPDATE booking.booking_history h
    SET changes = h.changes - '{contact_name,contact_email,contact_phone,venue_address,special_requests,
                                cancel_reason,deleted_reason}'::text[],
        reason = NULL
    WHERE h.booking_id = ANY (ids);
    PERFORM bus.audit_forget(ctx, 'booking', ids::text[]);
END $$;

-- Who cooked is forgotten, that somebody did is not.
CREATE FUNCTION booking.chef_forget(ctx jsonb, account uuid) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    c booking.chefs;
BEGIN
    UPDATE booking.chefs t
    SET user_id = NULL, name = '(former chef)', email = NULL, phone = NULL, bio = '', home_zip = NULL,
        active = false, version = t.version + 1, updated_at = booking.ctx_now(ctx)
    WHERE t.user_id = account RETURNING * INTO c;
    IF FOUND THEN
        DELETE FROM booking.chef_exceptions e WHERE e.chef_id = c.id;
        UPDATE booking.calendar_feeds f SET revoked_at = booking.ctx_now(ctx)
        WHERE f.chef_id = c.id AND f.revoked_at IS NULL;
        PERFORM bus.audit_forget(ctx, 'chef', ARRAY[c.id::text]);
        PERFORM bus.audit(ctx, 'chef.purged', 'chef', c.id::text, NULL, NULL);
        PERFORM bus.emit(ctx, 'chef.updated', 'chef/' || c.id, jsonb_build_object(
            'chef_id', c.id, 'station_id', c.station_id, 'from_station_id', c.station_id,
            'user_id', NULL, 'active', false));
    END IF;
END $$;

-- The job: an account is gone for good, and so is the person, as soon as the last event that he has booked
-- is over: somebody has to find his door. False: it is not yet.
CREATE FUNCTION booking.person_forget(ctx jsonb, account uuid) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    c booking.customers;
    over_at timestamptz;
BEGIN
    PERFORM booking.chef_forget(ctx, account);
    SELECT * INTO c FROM booking.customers t WHERE t.user_id = account FOR UPDATE;
    IF NOT FOUND THEN
        RETURN true;
    END IF;
    SELECT max(b.ends_at) INTO over_at FROM booking.bookings b JOIN booking.states s ON s.state = b.state
    WHERE b.customer_id = c.id AND s.active AND b.deleted_at IS NULL AND b.ends_at > booking.ctx_now(ctx);
    IF over_at IS NOT NULL THEN
        PERFORM bus.job(ctx, 'booking.person_forget', jsonb_build_object('user_id', account),
                        over_at + interval '1 day', account || ' ' || over_at);
        RETURN false;
    END IF;
    UPDATE booking.customers t
    SET deleted_at = booking.ctx_now(ctx), deleted_reason = '(forgotten)'
    WHERE t.id = c.id AND t.deleted_at IS NULL;
    PERFORM booking.customer_forget(ctx, t.id)
    FROM unnest(booking.customers_of(account)) WITH ORDINALITY t (id, n) ORDER BY t.n DESC;
    RETURN true;
END $$;

-- The consumer of identity.user.purged.
CREATE FUNCTION booking.accounts_forget(ctx jsonb, events jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO booking.gone_accounts (user_id, gone_at)
    SELECT DISTINCT (e.data ->> 'user_id')::uuid, booking.ctx_now(ctx)
    FROM jsonb_to_recordset(events) e (data jsonb)
    ON CONFLICT DO NOTHING;
    PERFORM bus.job(ctx, 'booking.person_forget', e.data, NULL, e.data ->> 'user_id')
    FROM jsonb_to_recordset(events) e (data jsonb);
END $$;

COMMIT;
