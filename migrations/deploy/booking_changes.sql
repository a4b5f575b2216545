-- Deploy hibachi:booking_changes to pg
-- requires: booking_book
--
-- How a booking is changed: one function a change, one call a request. Each opens the booking (claims
-- the idempotency key, checks who asks, locks the row), changes it, records it once and replies.
BEGIN;

-- --- who may ----------------------------------------------------------------------------------

-- Does the link of a mail that the caller came by open this booking? Until 30 days after the event,
-- unless there is a newer link.
CREATE FUNCTION booking.link_opens(ctx jsonb, b booking.bookings) RETURNS boolean
LANGUAGE sql STABLE
RETURN ctx ->> 'link' = format('booking %s %s', (b).id, (b).link_version)
   AND booking.ctx_now(ctx) < (b).ends_at + interval '30 days';

-- What the caller is to the booking: 'staff', 'customer', 'chef', 'assistant' (who reads what the chef
-- reads, and changes nothing), or null: it does not exist for him.
CREATE FUNCTION booking.booking_role(ctx jsonb, b booking.bookings) RETURNS text
LANGUAGE sql STABLE
RETURN CASE
    WHEN booking.is_staff(ctx, (b).station_id) THEN 'staff'
    WHEN ctx ->> 'scope' IS DISTINCT FROM 'own' THEN NULL
    WHEN ctx ? 'link' THEN CASE WHEN booking.link_opens(ctx, b) THEN 'customer' END
    WHEN EXISTS (SELECT FROM booking.customers c
                 WHERE c.id = (b).customer_id AND c.user_id = (ctx ->> 'user')::uuid) THEN 'customer'
    WHEN EXISTS (SELECT FROM booking.chefs c
                 WHERE c.id = (b).chef_id AND c.user_id = (ctx ->> 'user')::uuid) THEN 'chef'
    WHEN EXISTS (SELECT FROM booking.chefs c JOIN booking.resource_spans s ON s.resource_id = c.id
                 WHERE s.booking_id = (b).id AND s.kind = 'assistant'
                   AND c.user_id = (ctx ->> 'user')::uuid) THEN 'assistant'
END;

-- Claims the request's key, and locks the booking for a change that `who` may make. `version` null:
-- whichever there is. Deleted bookings are only there to be restored.
CREATE FUNCTION booking.booking_open(ctx jsonb, id uuid, version int, who text[], deleted boolean DEFAULT false)
RETURNS booking.bookings
LANGUAGE plpgsql AS $$
DECLARE
    b booking.bookings;
    role text;
BEGIN
    PERFORM bus.reply_claim(ctx);
    SELECT * INTO b FROM booking.bookings t
    WHERE t.id = booking_open.id AND (t.deleted_at IS NOT NULL) = deleted FOR UPDATE;
    role := CASE WHEN FOUND THEN booking.booking_role(ctx, b) END;
    IF role IS NULL THEN
        PERFORM bus.fail('not_found');
    ELSIF NOT role = ANY (who) THEN
        PERFORM bus.fail('forbidden');
    ELSIF b.version <> booking_open.version THEN
        PERFORM bus.fail('precondition_failed');
    END IF;
    RETURN b;
END $$;

-- Only what has not begun can be changed; customers must be as early as for a new booking.
CREATE FUNCTION booking.booking_changeable(ctx jsonb, b booking.bookings) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF b.state NOT IN ('pending', 'confirmed') THEN
        PERFORM bus.fail('state_conflict', format('A booking that is %s cannot be changed.',
                         replace(b.state, '_', '-')));
    ELSIF NOT booking.is_staff(ctx, b.station_id)
          AND b.starts_at < booking.ctx_now(ctx) + make_interval(hours => (
              SELECT s.lead_time_hours FROM booking.stations s WHERE s.id = b.station_id)) THEN
        PERFORM bus.fail('too_soon', 'It is too late to change this booking; please call us.');
    END IF;
END $$;

-- The one way to another state: the moves are checked by the trigger; who loses its time, loses it here.
CREATE FUNCTION booking.booking_set_state(ctx jsonb, b booking.bookings, to_state text)
RETURNS booking.bookings
LANGUAGE plpgsql AS $$
BEGIN
    IF b.state = to_state THEN
        PERFORM bus.fail('state_conflict', format('The booking is %s already.', replace(to_state, '_', '-')));
    END IF;
    UPDATE booking.bookings t
    SET state = to_state, cancelled_at = b.cancelled_at, cancelled_by = b.cancelled_by,
        cancel_reason = b.cancel_reason, refund_percent = b.refund_percent,
        version = t.version + 1, updated_at = booking.ctx_now(ctx)
    WHERE t.id = b.id RETURNING * INTO b;
    IF NOT (SELECT s.blocks FROM booking.states s WHERE s.state = to_state) THEN
        UPDATE booking.resource_spans s SET blocking = false WHERE s.booking_id = b.id;
    END IF;
    RETURN b;
END $$;

-- confirmed, seated, completed, no_show: the event has the state's name.
CREATE FUNCTION booking.booking_move(ctx jsonb, id uuid, version int, to_state text, who text[],
                                     reason text) RETURNS SETOF booking.reply
LANGUAGE plpgsql AS $$
DECLARE
    was booking.bookings := booking.booking_open(ctx, id, version, who);
    b booking.bookings;
BEGIN
    b := booking.booking_set_state(ctx, was, to_state);
    IF EXISTS (SELECT FROM booking.states s WHERE s.state = to_state
               AND booking.ctx_now(ctx) < b.starts_at - make_interval(hours => s.hours_before)) THEN
        PERFORM bus.fail('state_conflict', 'The event has not begun yet.');
    END IF;
    PERFORM booking.booking_record(ctx, to_state, was, b, reason);
    RETURN NEXT booking.booking_reply(ctx, 200, b);
END $$;

-- The share that the policy gives back so long before the start.
CREATE FUNCTION booking.refund_percent(notice interval) RETURNS int
LANGUAGE sql STABLE
RETURN coalesce((SELECT p.refund_percent FROM booking.cancel_policy p
                 WHERE make_interval(hours => p.notice_hours) <= notice
                 ORDER BY p.notice_hours DESC LIMIT 1), 0);

-- Staff may give back another share than the policy says.
CREATE FUNCTION booking.booking_cancel(ctx jsonb, id uuid, version int, reason text, refund int)
RETURNS SETOF booking.reply
LANGUAGE plpgsql AS $$
DECLARE
    was booking.bookings := booking.booking_open(ctx, id, version, '{staff,customer}');
    b booking.bookings := was;
BEGIN
    IF refund IS NOT NULL AND NOT booking.is_staff(ctx, was.station_id) THEN
        PERFORM bus.fail('forbidden', 'The refund follows the policy.');
    END IF;
    b.cancelled_at := booking.ctx_now(ctx);
    b.cancelled_by := (ctx ->> 'user')::uuid;
    b.cancel_reason := reason;
    b.refund_percent := coalesce(refund, booking.refund_percent(was.starts_at - b.cancelled_at));
    b := booking.booking_set_state(ctx, b, 'cancelled');
    PERFORM booking.booking_record(ctx, 'cancelled', was, b, reason,
                                   jsonb_build_object('refund_percent', b.refund_percent));
    RETURN NEXT booking.booking_reply(ctx, 200, b);
END $$;

-- --- another time ------------------------------------------------------------------------------

-- The assistants or the equipment of a booking.
CREATE FUNCTION booking.booking_resources(booking_id uuid, kind text) RETURNS uuid[]
LANGUAGE sql STABLE
RETURN ARRAY(SELECT s.resource_id FROM booking.resource_spans s
             WHERE s.booking_id = booking_resources.booking_id AND s.kind = booking_resources.kind
             ORDER BY s.resource_id);

-- wish: {event_date, event_time, duration_minutes, keep_chef}; price is the quote for that day. The old
-- time is given up and the new one taken, or nothing happens. The chef stays when he is free.
CREATE FUNCTION booking.booking_reschedule(ctx jsonb, id uuid, version int, wish jsonb, price jsonb)
RETURNS SETOF booking.reply
LANGUAGE plpgsql AS $$
DECLARE
    was booking.bookings := booking.booking_open(ctx, id, version, '{staff,customer}');
    taker booking.taker := ROW(id, NULL, NULL);
    assistants uuid[] := booking.booking_resources(id, 'assistant');
    equipment uuid[] := booking.booking_resources(id, 'equipment');
    minutes int := coalesce((wish ->> 'duration_minutes')::int, was.duration_minutes);
    slot booking.slot;
    chef uuid;
    duplicate uuid;
    b booking.bookings;
BEGIN
    PERFORM booking.booking_changeable(ctx, was);
    slot := booking.slot_make(ctx, was.station_id, (wish ->> 'event_date')::date,
                              (wish ->> 'event_time')::time, minutes, was.travel_minutes);
    PERFORM booking.day_lock(was.station_id, slot.day);
    duplicate := booking.duplicate_find(ctx, was.customer_id, slot.starts_at, was.id);
    PERFORM booking.holds_expire(ctx, was.station_id);
    DELETE FROM booking.resource_spans s WHERE s.booking_id = was.id;
    chef := booking.chef_try(slot, was.chef_id, was.skills, taker);
    IF chef IS NULL THEN
        chef := booking.chef_take(slot, CASE WHEN (wish ->> 'keep_chef')::boolean THEN was.chef_id END,
                                  was.skills, taker);
    END IF;
    PERFORM booking.resources_take(slot, 'assistant', assistants, taker);
    PERFORM booking.resources_take(slot, 'equipment', equipment, taker);
    UPDATE booking.bookings t
    SET chef_id = chef, event_date = slot.day, event_time = slot.at, time_zone = slot.zone,
        starts_at = slot.starts_at, ends_at = slot.ends_at, duration_minutes = minutes,
        duplicate_of = duplicate,
        quote = price, quote_version = (price ->> 'catalogue_version')::bigint,
        total_cents = (price ->> 'total_cents')::bigint,
        deposit_cents = (price ->> 'deposit_cents')::bigint,
        version = t.version + 1, updated_at = booking.ctx_now(ctx)
    WHERE t.id = was.id RETURNING * INTO b;
    PERFORM booking.booking_record(ctx, 'rescheduled', was, b, NULL, jsonb_build_object(
        'freed_date', was.event_date, 'from_starts_at', was.starts_at, 'from_ends_at', was.ends_at,
        'from_chef_id', was.chef_id, 'from_total_cents', was.total_cents));
    RETURN NEXT booking.booking_reply(ctx, 200, b);
END $$;

-- --- other details -----------------------------------------------------------------------------

-- The slot of a booking as it stands, with another way to the venue. Its time is the booking's, whatever
-- time zone the station has by now.
CREATE FUNCTION booking.booking_slot(b booking.bookings, travel int) RETURNS booking.slot
LANGUAGE sql STABLE
RETURN (SELECT ROW(b.station_id, b.time_zone, b.event_date, b.event_time, b.starts_at, b.ends_at,
                   booking.busy_span(s, b.starts_at, b.ends_at, travel), travel)::booking.slot
        FROM booking.stations s WHERE s.id = (b).station_id);

-- The value that a patch gives a field: absent is as before, null clears.
CREATE FUNCTION booking.patched(patch jsonb, name text, was text) RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN patch ? name THEN patch ->> name ELSE was END;

-- patch has the fields that change; price is the new quote, or null when none of them has a price.
CREATE FUNCTION booking.booking_update(ctx jsonb, id uuid, version int, patch jsonb, price jsonb)
RETURNS SETOF booking.reply
LANGUAGE plpgsql AS $$
DECLARE
    was booking.bookings := booking.booking_open(ctx, id, version, '{staff,customer}');
    travel int := coalesce((price ->> 'travel_minutes')::int, was.travel_minutes);
    contact jsonb := coalesce(patch -> 'contact', '{}');
    b booking.bookings;
BEGIN
    PERFORM booking.booking_changeable(ctx, was);
    IF travel <> was.travel_minutes THEN
        PERFORM booking.day_lock(was.station_id, was.event_date);
        PERFORM booking.holds_expire(ctx, was.station_id);
        UPDATE booking.resource_spans s SET span = (booking.booking_slot(was, travel)).busy
        WHERE s.booking_id = was.id;
    END IF;
    UPDATE booking.bookings t
    SET adults = coalesce((patch ->> 'adults')::int, t.adults),
        children = coalesce((patch ->> 'children')::int, t.children),
        venue_address = coalesce(patch ->> 'venue_address', t.venue_address),
        venue_zip = coalesce(patch ->> 'venue_zip', t.venue_zip),
        event_type = booking.patched(patch, 'event_type', t.event_type),
        table_number = booking.patched(patch, 'table_number', t.table_number),
        special_requests = booking.patched(patch, 'special_requests', t.special_requests),
        contact_name = coalesce(contact ->> 'name', t.contact_name),
        contact_email = coalesce(contact ->> 'email', t.contact_email),
        contact_phone = coalesce(contact ->> 'phone', t.contact_phone),
        -- Who had the old address has no link any more.
        link_version = t.link_version + (contact ->> 'email' IS DISTINCT FROM t.contact_email
                                         AND contact ? 'email')::int,
        travel_minutes = travel,
        quote = coalesce(price, t.quote),
        quote_version = coalesce((price ->> 'catalogue_version')::bigint, t.quote_version),
        total_cents = coalesce((price ->> 'total_cents')::bigint, t.total_cents),
        deposit_cents = coalesce((price ->> 'deposit_cents')::bigint, t.deposit_cents),
        version = t.version + 1, updated_at = booking.ctx_now(ctx)
    WHERE t.id = was.id RETURNING * INTO b;
    IF patch ? 'addons' THEN
        PERFORM booking.addons_set(b.id, patch -> 'addons');
    END IF;
    PERFORM booking.booking_record(ctx, 'updated', was, b, NULL,
                                   jsonb_build_object('from_total_cents', was.total_cents));
    RETURN NEXT booking.booking_reply(ctx, 200, b);
END $$;

-- body: {chef_id, assistant_ids, equipment_ids}; what is absent stays.
CREATE FUNCTION booking.booking_assign(ctx jsonb, id uuid, version int, body jsonb)
RETURNS SETOF booking.reply
LANGUAGE plpgsql AS $$
DECLARE
    was booking.bookings := booking.booking_open(ctx, id, version, '{staff}');
    slot booking.slot := booking.booking_slot(was, was.travel_minutes);
    taker booking.taker := ROW(id, NULL, NULL);
    b booking.bookings;
BEGIN
    PERFORM booking.booking_changeable(ctx, was);
    PERFORM booking.day_lock(was.station_id, was.event_date);
    PERFORM booking.holds_expire(ctx, was.station_id);
    DELETE FROM booking.resource_spans s
    WHERE s.booking_id = was.id
      AND body ? CASE s.kind WHEN 'chef' THEN 'chef_id' ELSE s.kind || '_ids' END;
    IF body ? 'chef_id' THEN
        PERFORM booking.chef_take(slot, (body ->> 'chef_id')::uuid, was.skills, taker);
    END IF;
    PERFORM booking.resources_take(slot, 'assistant', booking.uuid_array(body -> 'assistant_ids'), taker);
    PERFORM booking.resources_take(slot, 'equipment', booking.uuid_array(body -> 'equipment_ids'), taker);
    UPDATE booking.bookings t
    SET chef_id = coalesce((body ->> 'chef_id')::uuid, t.chef_id),
        version = t.version + 1, updated_at = booking.ctx_now(ctx)
    WHERE t.id = was.id RETURNING * INTO b;
    PERFORM booking.booking_record(ctx, 'assigned', was, b, NULL,
                                   body || jsonb_build_object('from_chef_id', was.chef_id));
    RETURN NEXT booking.booking_reply(ctx, 200, b);
END $$;

-- --- the customer's link -----------------------------------------------------------------------

-- Sends it again. body: {renew}: the links sent so far end.
CREATE FUNCTION booking.link_send(ctx jsonb, id uuid, body jsonb) RETURNS SETOF booking.reply
LANGUAGE plpgsql AS $$
DECLARE
    was booking.bookings := booking.booking_open(ctx, id, NULL, '{staff}');
    b booking.bookings;
BEGIN
    IF was.contact_email IS NULL THEN
        PERFORM bus.fail('state_conflict', 'There is no e-mail address to send the link to.');
    ELSIF was.ends_at <= booking.ctx_now(ctx) - interval '30 days' THEN
        PERFORM bus.fail('state_conflict', 'The event is over, and links to it do not work any more.');
    ELSIF EXISTS (SELECT FROM booking.booking_history h
                  WHERE h.booking_id = was.id AND h.action = 'link_sent'
                    AND h.at > booking.ctx_now(ctx) - interval '1 minute') THEN
        PERFORM bus.fail('rate_limited', 'It was sent less than a minute ago.');
    END IF;
    UPDATE booking.bookings t
    SET link_version = t.link_version + coalesce((body ->> 'renew')::boolean, false)::int
    WHERE t.id = was.id RETURNING * INTO b;
    INSERT INTO booking.booking_history (booking_id, at, action, actor, role, changes)
    VALUES (b.id, booking.ctx_now(ctx), 'link_sent', (ctx ->> 'user')::uuid, ctx ->> 'role', '{}');
    PERFORM bus.audit(ctx, 'booking.link_sent', 'booking', b.id::text,
                      jsonb_build_object('link_version', was.link_version),
                      jsonb_build_object('link_version', b.link_version));
    PERFORM bus.job(ctx, 'booking.mail', jsonb_build_object('booking_id', b.id, 'about', 'link'));
    RETURN NEXT booking.reply_make(ctx, 202, json_build_object('sent_to', b.contact_email));
END $$;

-- --- deleting and notes ------------------------------------------------------------------------

-- Its time is free from now on; 30 days later a job removes it for good.
CREATE FUNCTION booking.booking_delete(ctx jsonb, id uuid, version int, reason text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    was booking.bookings := booking.booking_open(ctx, id, version, '{staff}');
    now_at timestamptz := booking.ctx_now(ctx);
    b booking.bookings;
BEGIN
    UPDATE booking.bookings t
    SET deleted_at = now_at, deleted_by = (ctx ->> 'user')::uuid, deleted_reason = reason,
        version = t.version + 1, updated_at = now_at
    WHERE t.id = was.id RETURNING * INTO b;
    UPDATE booking.resource_spans s SET blocking = false WHERE s.booking_id = b.id;
    PERFORM booking.booking_record(ctx, 'deleted', was, b, reason);
    PERFORM bus.job(ctx, 'booking.purge', jsonb_build_object('booking_id', b.id),
                    now_at + interval '30 days', b.id::text);
END $$;

CREATE FUNCTION booking.booking_restore(ctx jsonb, id uuid) RETURNS SETOF booking.reply
LANGUAGE plpgsql AS $$
DECLARE
    was booking.bookings := booking.booking_open(ctx, id, NULL, '{staff}', true);
    b booking.bookings;
BEGIN
    IF was.deleted_at <= booking.ctx_now(ctx) - interval '30 days' THEN
        PERFORM bus.fail('restore_expired');
    END IF;
    PERFORM booking.day_lock(was.station_id, was.event_date);
    PERFORM FROM booking.customers c WHERE c.id = was.customer_id AND c.deleted_at IS NULL FOR KEY SHARE;
    IF NOT FOUND THEN
        PERFORM bus.fail('state_conflict', 'The customer is deleted; restore that first.');
    END IF;
    PERFORM booking.holds_expire(ctx, was.station_id);
    UPDATE booking.resource_spans s SET blocking = true
    WHERE s.booking_id = was.id
      AND (SELECT t.blocks FROM booking.states t WHERE t.state = was.state);
    UPDATE booking.bookings t
    SET deleted_at = NULL, deleted_by = NULL, deleted_reason = NULL,
        version = t.version + 1, updated_at = booking.ctx_now(ctx)
    WHERE t.id = was.id RETURNING * INTO b;
    PERFORM booking.booking_record(ctx, 'restored', was, b);
    RETURN NEXT booking.booking_reply(ctx, 200, b);
END $$;

-- The job. Does nothing to a booking that was restored meanwhile.
CREATE FUNCTION booking.booking_purge(ctx jsonb, id uuid) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM booking.bookings t
    WHERE t.id = booking_purge.id AND t.deleted_at <= booking.ctx_now(ctx) - interval '30 days';
    IF FOUND THEN
        PERFORM bus.audit(ctx, 'booking.purged', 'booking', id::text, NULL, NULL);
        PERFORM bus.emit(ctx, 'booking.purged', 'booking/' || id, jsonb_build_object('booking_id', id));
    END IF;
    RETURN FOUND;
END $$;

CREATE FUNCTION booking.note_json(n booking.booking_notes) RETURNS json
LANGUAGE sql STABLE
RETURN json_build_object('id', (n).id, 'author', (n).author, 'text', (n).text,
                         'created_at', (n).created_at);

CREATE FUNCTION booking.note_add(ctx jsonb, id uuid, text text) RETURNS SETOF booking.reply
LANGUAGE plpgsql AS $$
DECLARE
    b booking.bookings := booking.booking_open(ctx, id, NULL, '{staff,chef}');
    n booking.booking_notes;
BEGIN
    INSERT INTO booking.booking_notes (id, booking_id, author, text, created_at)
    VALUES (bus.uuid_v7(booking.ctx_now(ctx)), b.id, (ctx ->> 'user')::uuid, note_add.text,
            booking.ctx_now(ctx))
    RETURNING * INTO n;
    PERFORM bus.audit(ctx, 'booking.note_added', 'booking', b.id::text, NULL,
                      booking.masked(to_jsonb(n), 'text'));
    RETURN NEXT booking.reply_make(ctx, 201, booking.note_json(n));
END $$;

COMMIT;
