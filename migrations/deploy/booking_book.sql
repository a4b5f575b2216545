-- Deploy hibachi:booking_book to pg
-- requires: booking_holds
--
-- What a booking looks like to others, how its changes are recorded, and how one is made: one function,
-- one call a request. Locks are taken in one order everywhere: booking, day, hold, holder or customer, spans,
-- address.
BEGIN;

-- --- what a booking looks like -----------------------------------------------------------------

CREATE VIEW booking.booking_view AS
SELECT b.id, b.number, b.state, b.station_id, b.customer_id, b.chef_id, c.name AS chef_name,
       b.event_date, to_char(b.event_time, 'HH24:MI') AS event_time, b.time_zone,
       b.starts_at, b.ends_at, b.duration_minutes,
       b.adults, b.children, b.guest_count, b.event_type, b.table_number, b.special_requests, b.skills,
       (SELECT coalesce(json_agg(json_build_object('kind', s.kind, 'id', s.resource_id)
                                 ORDER BY s.kind, s.resource_id), '[]')
        FROM booking.resource_spans s WHERE s.booking_id = b.id AND s.kind <> 'chef') AS resources,
       b.venue_address, b.venue_zip,
       json_build_object('name', b.contact_name, 'email', b.contact_email,
                         'phone', b.contact_phone) AS contact,
       (SELECT coalesce(json_agg(json_build_object('code', a.code, 'quantity', a.quantity)
                                 ORDER BY a.code), '[]')
        FROM booking.booking_addons a WHERE a.booking_id = b.id) AS addons,
       b.promo_code, b.quote, b.quote_version, b.total_cents, b.deposit_cents, b.currency,
       (b.total_cents / 100.0)::numeric(14, 2) AS total_price,
       (b.deposit_cents / 100.0)::numeric(14, 2) AS deposit_amount,
       b.source, b.duplicate_of,
       CASE WHEN b.state = 'cancelled' THEN json_build_object(
           'reason', b.cancel_reason, 'at', b.cancelled_at, 'by', b.cancelled_by,
           'refund_percent', b.refund_percent) END AS cancellation,
       b.version, b.created_at, b.updated_at, b.deleted_at
FROM booking.bookings b JOIN booking.chefs c ON c.id = b.chef_id;

GRANT SELECT ON booking.booking_view TO mh_booking;

-- A booking as the caller may see it. Who has not signed in is not told which customer an address
-- belongs to, nor since when, nor what else that customer has booked.
CREATE FUNCTION booking.booking_shown(ctx jsonb, v booking.booking_view) RETURNS json
LANGUAGE sql STABLE
RETURN CASE WHEN ctx ? 'user' THEN row_to_json(v)
            ELSE (to_jsonb(v) || '{"customer_id": null, "duplicate_of": null}')::json END;

-- What others need to know; no contact details.
CREATE FUNCTION booking.booking_event(b booking.bookings) RETURNS jsonb
LANGUAGE sql STABLE
RETURN jsonb_build_object(
    'booking_id', (b).id, 'number', (b).number, 'state', (b).state, 'version', (b).version,
    'station_id', (b).station_id, 'customer_id', (b).customer_id, 'chef_id', (b).chef_id,
    'event_date', (b).event_date, 'event_time', to_char((b).event_time, 'HH24:MI'),
    'time_zone', (b).time_zone, 'starts_at', (b).starts_at, 'ends_at', (b).ends_at,
    'guest_count', (b).guest_count, 'total_cents', (b).total_cents,
    'deposit_cents', (b).deposit_cents, 'currency', (b).currency, 'source', (b).source);

-- {field: {from, to}} of what differs.
CREATE FUNCTION booking.changes(before jsonb, after jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE
RETURN (SELECT coalesce(jsonb_object_agg(n.key, CASE n.key
                   WHEN 'special_requests' THEN '{"from": "***", "to": "***"}'
                   ELSE jsonb_build_object('from', before -> n.key, 'to', n.value) END), '{}')
        FROM jsonb_each(after) n
        WHERE n.value IS DISTINCT FROM before -> n.key
          AND n.key NOT IN ('version', 'updated_at', 'link_version'));

-- Until the end of the transaction no contact is made under that address and no account proves it. Taken
-- before any row of a customer or a booking is locked.
CREATE FUNCTION booking.address_lock(address text) RETURNS void
LANGUAGE sql VOLATILE
RETURN pg_advisory_xact_lock(hashtextextended('booking.address ' || lower(address), 0));

-- Until the end of the transaction no other outsider has us write to that address. Taken last, and not the
-- lock above: who proves an address has that one, and waits for the rows that are locked here by then.
CREATE FUNCTION booking.mail_lock(address text) RETURNS void
LANGUAGE sql VOLATILE
RETURN pg_advisory_xact_lock(hashtextextended('booking.mail ' || lower(address), 0));

-- Is the customer to be written to about such a change?
CREATE FUNCTION booking.is_news(action text, changes jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN action IN ('created', 'confirmed', 'rescheduled', 'cancelled')
    OR (action = 'updated' AND changes ?| '{total_cents,contact_email}'::text[]);

-- Who need not be the one whose address he gave.
CREATE FUNCTION booking.is_outsider(role text) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN coalesce(role, '') IN ('', 'LINK', 'CUSTOMER');

-- Is a mail due, about a change that is in the booking's history by now? Not to an address that nobody
-- can have (RFC 6761), and outsiders can have us write to a customer five times an hour at most; ten times when
-- it is a cancellation: who was told that a chef comes has to be told that none does.
CREATE FUNCTION booking.mail_due(ctx jsonb, action text, changes jsonb, b booking.bookings)
RETURNS boolean
LANGUAGE sql STABLE
RETURN booking.is_news(action, changes)
    AND b.contact_email !~ '[@.]invalid$' -- null: no
    AND (NOT booking.is_outsider(ctx ->> 'role')
         OR (SELECT count(*) FROM booking.bookings t JOIN booking.booking_history h ON h.booking_id = t.id
             WHERE t.customer_id = b.customer_id AND t.updated_at > b.updated_at - interval '1 hour'
               AND h.at > b.updated_at - interval '1 hour' AND booking.is_news(h.action, h.changes)
               AND booking.is_outsider(h.role)) <= CASE action WHEN 'cancelled' THEN 10 ELSE 5 END);

-- The one place where a change is told: to the booking's history, the audit log and the event log.
-- `was` is null for a new booking; `more` joins the event's data. The customer gets a mail.
CREATE FUNCTION booking.booking_record(ctx jsonb, action text, was booking.bookings, b booking.bookings,
                                       reason text DEFAULT NULL, more jsonb DEFAULT '{}') RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    before jsonb := CASE WHEN was.id IS NOT NULL THEN to_jsonb(was) - 'quote' END;
    after jsonb := to_jsonb(b) - 'quote';
    changes jsonb := CASE WHEN before IS NULL THEN '{}' ELSE booking.changes(before, after) END;
    sealed CONSTANT text := 'special_requests';
BEGIN
    INSERT INTO booking.booking_history (booking_id, at, action, actor, role, changes, reason)
    VALUES (b.id, booking.ctx_now(ctx), action, nullif(ctx ->> 'user', '')::uuid,
            nullif(ctx ->> 'role', ''), changes, reason);
    PERFORM bus.audit(ctx, 'booking.' || action, 'booking', b.id::text, booking.masked(before, sealed),
                      booking.masked(after, sealed), reason);
    PERFORM bus.emit(ctx, 'booking.' || action, 'booking/' || b.id, booking.booking_event(b) || more);
    IF booking.is_outsider(ctx ->> 'role') THEN
        PERFORM booking.mail_lock(b.contact_email); -- what is counted, is counted one after the other
    END IF;
    IF booking.mail_due(ctx, action, changes, b) THEN
        PERFORM bus.job(ctx, 'booking.mail', jsonb_build_object('booking_id', b.id, 'about', action));
    END IF;
END $$;

CREATE FUNCTION booking.booking_reply(ctx jsonb, status int, b booking.bookings) RETURNS booking.reply
LANGUAGE sql VOLATILE
RETURN (SELECT booking.reply_make(ctx, status, s.body, bus.etag((b).version, s.body::text),
                                  CASE status WHEN 201 THEN '/api/v1/bookings/' || (b).id END)
        FROM (SELECT booking.booking_shown(ctx, v) AS body FROM booking.booking_view v
              WHERE v.id = (b).id OFFSET 0) s);

-- --- making one --------------------------------------------------------------------------------

-- The customer row of a signed-in customer; made at the first booking.
CREATE FUNCTION booking.customer_of_user(ctx jsonb, contact jsonb) RETURNS booking.customers
LANGUAGE plpgsql AS $$
DECLARE
    c booking.customers;
    now_at timestamptz := booking.ctx_now(ctx);
BEGIN
    INSERT INTO booking.customers (id, user_id, name, email, phone, created_at, updated_at)
    SELECT bus.uuid_v7(now_at), (ctx ->> 'user')::uuid, coalesce(contact ->> 'name', ''),
           contact ->> 'email', contact ->> 'phone', now_at, now_at
    WHERE NOT EXISTS (SELECT FROM booking.customers t WHERE t.user_id = (ctx ->> 'user')::uuid)
    ON CONFLICT ON CONSTRAINT customers_user_unique DO NOTHING
    RETURNING * INTO c;
    IF FOUND THEN
        PERFORM booking.customer_record(ctx, 'created', NULL, c);
    ELSE
        SELECT * INTO c FROM booking.customers t WHERE t.user_id = (ctx ->> 'user')::uuid;
    END IF;
    RETURN c;
END $$;

-- The customer with that address: the account that has proved it, or the contact without an account,
-- made when there is none. Says nothing about whether there was one. The row is locked against being
-- merged away until the booking is there; one that was merged away meanwhile is looked for again.
CREATE FUNCTION booking.customer_of_contact(ctx jsonb, contact jsonb, station uuid)
RETURNS booking.customers
LANGUAGE plpgsql AS $$
DECLARE
    c booking.customers;
    now_at timestamptz := booking.ctx_now(ctx);
BEGIN
    FOR attempt IN 1..3 LOOP
        SELECT * INTO c FROM booking.customers t
        WHERE t.verified_email = lower(contact ->> 'email') AND t.deleted_at IS NULL FOR KEY SHARE;
        EXIT WHEN FOUND;
        SELECT * INTO c FROM booking.customers t
        WHERE t.user_id IS NULL AND t.deleted_at IS NULL
          AND CASE WHEN contact ? 'email' THEN lower(t.email) = lower(contact ->> 'email')
                   ELSE t.phone = contact ->> 'phone' END
        ORDER BY t.id LIMIT 1 FOR KEY SHARE;
        EXIT WHEN FOUND;
        PERFORM booking.address_lock(contact ->> 'email');
        INSERT INTO booking.customers (id, station_id, name, email, phone, created_at, updated_at)
        SELECT bus.uuid_v7(now_at), station, contact ->> 'name', contact ->> 'email',
               contact ->> 'phone', now_at, now_at
        WHERE NOT EXISTS (SELECT FROM booking.customers t WHERE t.verified_email = lower(contact ->> 'email'))
        ON CONFLICT (lower(email)) WHERE deleted_at IS NULL AND user_id IS NULL DO NOTHING
        RETURNING * INTO c;
        IF FOUND THEN
            PERFORM booking.customer_record(ctx, 'created', NULL, c);
            EXIT;
        END IF; -- else somebody else has made it just now, or an account has proved the address
    END LOOP;
    IF c.id IS NULL THEN
        PERFORM bus.fail('retry');
    END IF;
    RETURN c;
END $$;

-- Whose booking it is to be; the row stays as it is until the booking is there.
CREATE FUNCTION booking.customer_for(ctx jsonb, wish jsonb, station uuid) RETURNS booking.customers
LANGUAGE plpgsql AS $$
DECLARE
    c booking.customers;
BEGIN
    IF wish ? 'customer_id' THEN
        SELECT * INTO c FROM booking.customers t
        WHERE t.id = (wish ->> 'customer_id')::uuid AND t.deleted_at IS NULL
          AND booking.in_scope(ctx, t.user_id, coalesce(t.station_id, station)) FOR KEY SHARE;
        IF NOT FOUND THEN
            PERFORM bus.fail('not_found', 'There is no such customer.');
        END IF;
    ELSIF ctx ->> 'scope' = 'own' THEN
        PERFORM booking.customer_of_user(ctx, wish -> 'contact');
        -- Locked like the others. No row: it was merged into another one just now.
        SELECT * INTO c FROM booking.customers t WHERE t.user_id = (ctx ->> 'user')::uuid FOR KEY SHARE;
        IF NOT FOUND THEN
            PERFORM bus.fail('retry');
        ELSIF c.deleted_at IS NOT NULL THEN
            PERFORM bus.fail('forbidden', 'This customer account has been closed.');
        END IF;
    ELSE
        c := booking.customer_of_contact(ctx, wish -> 'contact', station);
    END IF;
    RETURN c;
END $$;

-- Whoever books can be called or written to, by a name.
CREATE FUNCTION booking.reachable(c booking.customers, contact jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(contact ->> 'name', c.name) = ''
       OR coalesce(contact ->> 'email', contact ->> 'phone', c.email, c.phone) IS NULL THEN
        PERFORM bus.fail('invalid', 'Say in `contact` by what name and where we reach you.');
    END IF;
END $$;

-- The network that a caller whom nobody knows comes from: of an IPv6 address the first half.
CREATE FUNCTION booking.caller_network(ctx jsonb) RETURNS text
LANGUAGE sql STABLE
RETURN CASE WHEN ctx ? 'user' THEN NULL
            WHEN family((ctx ->> 'ip')::inet) = 6
            THEN host(network(set_masklen((ctx ->> 'ip')::inet, 64)))
            ELSE ctx ->> 'ip' END;

-- The customer's other booking at that time. Who has signed in is told that there is one, and so is who
-- made it from where he is now. Somebody else may have typed another's address to find out: he gets
-- his booking, which is marked with the other one's id, and the address gets a mail.
CREATE FUNCTION booking.duplicate_find(ctx jsonb, customer uuid, starts_at timestamptz, but uuid DEFAULT NULL)
RETURNS uuid
LANGUAGE plpgsql AS $$
DECLARE
    other booking.bookings;
BEGIN
    SELECT * INTO other FROM booking.bookings t
    WHERE t.customer_id = customer AND t.starts_at = duplicate_find.starts_at AND t.deleted_at IS NULL
      AND t.state IN (SELECT s.state FROM booking.states s WHERE s.active)
      AND t.id IS DISTINCT FROM but
    ORDER BY t.made_from IS DISTINCT FROM booking.caller_network(ctx), t.id LIMIT 1;
    IF FOUND AND (ctx ? 'user' OR other.made_from = booking.caller_network(ctx)) THEN
        PERFORM bus.fail('duplicate_booking', 'There is a booking of this customer at that time.');
    END IF;
    RETURN other.id;
END $$;

CREATE FUNCTION booking.booking_insert(ctx jsonb, id uuid, wish jsonb, price jsonb, slot booking.slot,
                                       customer booking.customers, chef uuid) RETURNS booking.bookings
LANGUAGE plpgsql AS $$
DECLARE
    contact jsonb := coalesce(wish -> 'contact', '{}');
    now_at timestamptz := booking.ctx_now(ctx);
    b booking.bookings;
BEGIN
    INSERT INTO booking.bookings (
        id, station_id, customer_id, chef_id, event_date, event_time, time_zone, starts_at, ends_at,
        duration_minutes, travel_minutes, adults, children, venue_address, venue_zip, event_type,
        table_number, special_requests, skills, contact_name, contact_email, contact_phone,
        quote, quote_version, promo_code, total_cents, deposit_cents, currency, source,
        made_from, duplicate_of, created_at, created_by, updated_at)
    VALUES (
        booking_insert.id, slot.station_id, customer.id, chef, slot.day, slot.at, slot.zone,
        slot.starts_at, slot.ends_at, (wish ->> 'duration_minutes')::int, slot.travel_minutes,
        (wish ->> 'adults')::int, coalesce((wish ->> 'children')::int, 0),
        wish ->> 'venue_address', wish ->> 'venue_zip', wish ->> 'event_type',
        wish ->> 'table_number', wish ->> 'special_requests', booking.text_array(wish -> 'skills'),
        coalesce(contact ->> 'name', customer.name), coalesce(contact ->> 'email', customer.email),
        coalesce(contact ->> 'phone', customer.phone),
        price, (price ->> 'catalogue_version')::bigint, wish ->> 'promo_code',
        (price ->> 'total_cents')::bigint, (price ->> 'deposit_cents')::bigint, price ->> 'currency',
        wish ->> 'source', booking.caller_network(ctx), (wish ->> 'duplicate_of')::uuid, now_at,
        nullif(ctx ->> 'user', '')::uuid, now_at)
    RETURNING * INTO b;
    RETURN b;
END $$;

CREATE FUNCTION booking.addons_set(booking_id uuid, addons jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM booking.booking_addons a WHERE a.booking_id = addons_set.booking_id;
    INSERT INTO booking.booking_addons (booking_id, code, quantity)
    SELECT addons_set.booking_id, a.code, coalesce(a.quantity, 0)
    FROM jsonb_to_recordset(addons) a (code text, quantity int);
END $$;

-- wish is the validated body; price is the quote, whose station and travel time count; hold is null or
-- the hold to take over. The scope in ctx says whose booking it is to be: see customer_for().
CREATE FUNCTION booking.book(ctx jsonb, wish jsonb, price jsonb, hold uuid) RETURNS SETOF booking.reply
LANGUAGE plpgsql AS $$
DECLARE
    id uuid := bus.uuid_v7(booking.ctx_now(ctx));
    station uuid := (price ->> 'station_id')::uuid;
    taker booking.taker := ROW(id, NULL, NULL);
    h booking.holds;
    slot booking.slot;
    customer booking.customers;
    chef uuid := (wish ->> 'chef_id')::uuid;
    duplicate uuid;
    b booking.bookings;
BEGIN
    PERFORM bus.reply_claim(ctx);
    PERFORM booking.day_lock(station, (wish ->> 'event_date')::date);
    IF hold IS NOT NULL THEN
        h := booking.hold_open(ctx, hold); -- was early enough when it was made
    END IF;
    slot := booking.slot_make(ctx || jsonb_build_object('now', coalesce(h.created_at, booking.ctx_now(ctx))),
                              station, (wish ->> 'event_date')::date, (wish ->> 'event_time')::time,
                              (wish ->> 'duration_minutes')::int, (price ->> 'travel_minutes')::int);
    customer := booking.customer_for(ctx, wish, station);
    PERFORM booking.reachable(customer, coalesce(wish -> 'contact', '{}'));
    duplicate := booking.duplicate_find(ctx, customer.id, slot.starts_at);
    PERFORM booking.holds_expire(ctx, station);
    IF hold IS NOT NULL THEN
        chef := booking.hold_bind(ctx, h, slot, id);
    ELSE
        chef := booking.chef_take(slot, chef, booking.text_array(wish -> 'skills'), taker);
    END IF;
    PERFORM booking.resources_take(slot, 'assistant', booking.uuid_array(wish -> 'assistant_ids'), taker);
    PERFORM booking.resources_take(slot, 'equipment', booking.uuid_array(wish -> 'equipment_ids'), taker);
    b := booking.booking_insert(ctx, id, wish || jsonb_build_object('duplicate_of', duplicate), price,
                                slot, customer, chef);
    IF wish ? 'addons' THEN
        PERFORM booking.addons_set(id, wish -> 'addons');
    END IF;
    PERFORM booking.booking_record(ctx, 'created', NULL, b);
    RETURN NEXT booking.booking_reply(ctx, 201, b);
END $$;

COMMIT;
