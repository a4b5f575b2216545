-- Deploy hibachi:booking_merge to pg
-- requires: booking_views
--
-- Two rows that are one person: staff say so, or an account proves the address that a contact was kept
-- under. One row goes on with everything; the other is deleted and says where it went, and within 30
-- days restoring it undoes the merger.
BEGIN;

-- What undoing needs to know.
CREATE TABLE booking.customer_merges (
    from_id uuid PRIMARY KEY REFERENCES booking.customers (id),
    into_id uuid NOT NULL REFERENCES booking.customers (id),
    merged_at timestamptz NOT NULL,
    booking_ids uuid[] NOT NULL, -- that moved
    before jsonb NOT NULL,       -- of the row that goes on: what filled its gaps, before
    after jsonb NOT NULL,        -- and after
    account jsonb NOT NULL       -- what the other one had of an account: {user_id, verified_email}
);
CREATE INDEX customer_merges_into ON booking.customer_merges (into_id);
GRANT SELECT, INSERT, DELETE ON booking.customer_merges TO mh_booking;

-- Both rows, locked in one order, so that mergers queue up.
CREATE FUNCTION booking.customers_lock(a uuid, b uuid) RETURNS void
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    SELECT FROM booking.customers t WHERE t.id IN (a, b) ORDER BY t.id FOR UPDATE;
END;

-- The gaps of one filled from the other. An address is one thing; of dietary notes none is lost.
CREATE FUNCTION booking.customer_filled(c booking.customers, other booking.customers)
RETURNS booking.customers
LANGUAGE plpgsql IMMUTABLE AS $$
BEGIN
    c.name := coalesce(nullif(c.name, ''), other.name);
    c.email := coalesce(c.email, other.email);
    c.phone := coalesce(c.phone, other.phone);
    c.user_id := coalesce(c.user_id, other.user_id);
    c.verified_email := coalesce(c.verified_email, other.verified_email);
    c.station_id := coalesce(c.station_id, other.station_id);
    IF num_nonnulls(c.address_line1, c.address_line2, c.city, c.state, c.zip) = 0 THEN
        c.address_line1 := other.address_line1;
        c.address_line2 := other.address_line2;
        c.city := other.city;
        c.state := other.state;
        c.zip := other.zip;
    END IF;
    c.dietary_notes := nullif(concat_ws(E'\n', c.dietary_notes, other.dietary_notes), '');
    RETURN c;
END $$;

CREATE FUNCTION booking.customer_write(ctx jsonb, c booking.customers) RETURNS booking.customers
LANGUAGE sql VOLATILE
BEGIN ATOMIC
    UPDATE booking.customers t
    SET user_id = c.user_id, verified_email = c.verified_email, station_id = c.station_id,
        name = c.name, email = c.email, phone = c.phone, address_line1 = c.address_line1,
        address_line2 = c.address_line2, city = c.city, state = c.state, zip = c.zip,
        dietary_notes = c.dietary_notes, version = t.version + 1, updated_at = booking.ctx_now(ctx)
    WHERE t.id = c.id
    RETURNING t.*;
END;

-- Bookings of one customer become another's, and say so in their history. Of two at one time the one that
-- moves is marked as a duplicate.
CREATE FUNCTION booking.bookings_move(ctx jsonb, ids uuid[], from_id uuid, into_id uuid) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    UPDATE booking.bookings b
    SET customer_id = into_id, version = b.version + 1, updated_at = booking.ctx_now(ctx),
        duplicate_of = coalesce(
            (SELECT o.id FROM booking.bookings o JOIN booking.states s ON s.state = o.state
             WHERE o.customer_id = into_id AND o.starts_at = b.starts_at AND s.active
               AND o.deleted_at IS NULL ORDER BY o.id LIMIT 1),
            (SELECT b.duplicate_of WHERE b.duplicate_of = ANY (ids))) -- which moves along
    WHERE b.id = ANY (ids) AND b.customer_id = from_id;
    INSERT INTO booking.booking_history (booking_id, at, action, actor, role, changes)
    SELECT i, booking.ctx_now(ctx), 'customer_merged', nullif(ctx ->> 'user', '')::uuid,
           nullif(ctx ->> 'role', ''),
           jsonb_build_object('customer_id', jsonb_build_object('from', from_id, 'to', into_id))
    FROM unnest(ids) i;
END $$;

-- Both rows are locked, and stay two when they have an account each.
CREATE FUNCTION booking.customer_fold(ctx jsonb, gone booking.customers, kept booking.customers,
                                      reason text) RETURNS booking.customers
LANGUAGE plpgsql AS $$
DECLARE
    now_at timestamptz := booking.ctx_now(ctx);
    ids uuid[] := ARRAY(SELECT b.id FROM booking.bookings b WHERE b.customer_id = gone.id ORDER BY b.id);
    filled booking.customers := booking.customer_filled(kept, gone);
    c booking.customers;
BEGIN
    IF gone.user_id IS NOT NULL AND kept.user_id IS NOT NULL THEN
        PERFORM bus.fail('state_conflict', 'Both have an account, so they are two customers.');
    END IF;
    UPDATE booking.customers t
    SET user_id = NULL, verified_email = NULL, deleted_at = now_at,
        deleted_by = nullif(ctx ->> 'user', '')::uuid, deleted_reason = 'Merged: ' || reason,
        merged_into = kept.id, version = t.version + 1, updated_at = now_at
    WHERE t.id = gone.id RETURNING * INTO c;
    PERFORM bus.audit(ctx, 'customer.merged_away', 'customer', gone.id::text,
                      booking.masked(booking.customer_json(gone), 'dietary_notes'),
                      booking.masked(booking.customer_json(c), 'dietary_notes'), reason);
    c := booking.customer_write(ctx, filled);
    INSERT INTO booking.customer_merges (from_id, into_id, merged_at, booking_ids, before, after, account)
    VALUES (gone.id, kept.id, now_at, ids, to_jsonb(kept), to_jsonb(c),
            jsonb_build_object('user_id', gone.user_id, 'verified_email', gone.verified_email));
    PERFORM booking.bookings_move(ctx, ids, gone.id, kept.id);
    PERFORM bus.audit(ctx, 'customer.merged', 'customer', c.id::text,
                      booking.masked(booking.customer_json(kept), 'dietary_notes'),
                      booking.masked(booking.customer_json(c), 'dietary_notes'), reason);
    PERFORM bus.emit(ctx, 'customer.merged', 'customer/' || c.id, jsonb_build_object(
        'customer_id', c.id, 'from_customer_id', gone.id, 'user_id', c.user_id, 'station_id', c.station_id));
    PERFORM bus.job(ctx, 'booking.customer_purge', jsonb_build_object('customer_id', gone.id),
                    now_at + interval '30 days', gone.id::text);
    RETURN c;
END $$;

-- body: {from_id, reason}
CREATE FUNCTION booking.customer_merge(ctx jsonb, id uuid, body jsonb) RETURNS SETOF booking.reply
LANGUAGE plpgsql AS $$
DECLARE
    kept booking.customers;
    gone booking.customers;
    from_id uuid := (body ->> 'from_id')::uuid;
BEGIN
    PERFORM bus.reply_claim(ctx);
    IF from_id = id THEN
        PERFORM bus.fail('invalid', 'from_id is the same customer.');
    END IF;
    PERFORM booking.customers_lock(id, from_id);
    SELECT * INTO kept FROM booking.customer_open(ctx, id, NULL);
    SELECT * INTO gone FROM booking.customer_open(ctx, from_id, NULL);
    IF kept.id IS NULL OR gone.id IS NULL THEN
        PERFORM bus.fail('not_found', 'There is no such customer.');
    END IF;
    RETURN NEXT booking.customer_reply(ctx, 200, booking.customer_fold(ctx, gone, kept, body ->> 'reason'));
END $$;

-- What a merger gave, without what has changed since, which stays.
CREATE FUNCTION booking.customer_unfilled(c booking.customers, m booking.customer_merges)
RETURNS booking.customers
LANGUAGE sql STABLE
RETURN jsonb_populate_record(c, (
    SELECT coalesce(jsonb_object_agg(k, m.before -> k), '{}')
    FROM unnest(ARRAY['name', 'email', 'phone', 'user_id', 'verified_email', 'station_id', 'address_line1',
                      'address_line2', 'city', 'state', 'zip', 'dietary_notes']) k
    WHERE to_jsonb(c) -> k = m.after -> k));

-- The reverse of customer_fold(): everything that was moved and is still there goes back. Returns the
-- row that comes back, with its account; it is the caller's to restore.
CREATE FUNCTION booking.customer_unmerge(ctx jsonb, gone booking.customers) RETURNS booking.customers
LANGUAGE plpgsql AS $$
DECLARE
    m booking.customer_merges;
    kept booking.customers;
    c booking.customers;
    ids uuid[];
BEGIN
    PERFORM booking.customers_lock(gone.id, gone.merged_into);
    SELECT * INTO m FROM booking.customer_merges t WHERE t.from_id = gone.id;
    SELECT * INTO kept FROM booking.customers t WHERE t.id = gone.merged_into;
    IF m.from_id IS NULL OR kept.deleted_at IS NOT NULL THEN
        PERFORM bus.fail('state_conflict', 'The customer that it was merged into is deleted; restore that one first.');
    END IF;
    c := booking.customer_write(ctx, booking.customer_unfilled(kept, m));
    PERFORM bus.audit(ctx, 'customer.unmerged', 'customer', kept.id::text,
                      booking.masked(booking.customer_json(kept), 'dietary_notes'),
                      booking.masked(booking.customer_json(c), 'dietary_notes'));
    ids := ARRAY(SELECT b.id FROM booking.bookings b
                 WHERE b.id = ANY (m.booking_ids) AND b.customer_id = kept.id ORDER BY b.id);
    PERFORM booking.bookings_move(ctx, ids, kept.id, gone.id);
    DELETE FROM booking.customer_merges t WHERE t.from_id = gone.id;
    PERFORM bus.emit(ctx, 'customer.unmerged', 'customer/' || gone.id, jsonb_build_object(
        'customer_id', gone.id, 'from_customer_id', kept.id));
    IF c.user_id IS DISTINCT FROM kept.user_id THEN -- it had the account
        UPDATE booking.customers t
        SET user_id = (m.account ->> 'user_id')::uuid, verified_email = m.account ->> 'verified_email'
        WHERE t.id = gone.id RETURNING * INTO gone;
    END IF;
    RETURN gone;
END $$;

-- --- accounts that prove an address ------------------------------------------------------------

-- An account's row, locked, with the address that it has proved; made when there is none. Nothing when
-- staff have closed it.
CREATE FUNCTION booking.account_prove(ctx jsonb, account uuid, address text, name text)
RETURNS SETOF booking.customers
LANGUAGE plpgsql AS $$
DECLARE
    contact jsonb := jsonb_build_object('name', name, 'email', address);
    c booking.customers := booking.customer_of_user(ctx || jsonb_build_object('user', account), contact);
    was booking.customers;
BEGIN
    SELECT * INTO was FROM booking.customers t WHERE t.id = c.id AND t.deleted_at IS NULL FOR UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    c := was;
    IF c.verified_email IS DISTINCT FROM address THEN
        c.verified_email := address;
        c.email := coalesce(c.email, address);
        c.name := coalesce(nullif(c.name, ''), name);
        c := booking.customer_write(ctx, c);
        PERFORM booking.customer_record(ctx, 'updated', was, c, 'The account has proved its address.');
    END IF;
    RETURN NEXT c;
END $$;

-- The contact becomes the account's, as it is; false when the account has a row of its own.
CREATE FUNCTION booking.contact_take(ctx jsonb, contact booking.customers, account uuid) RETURNS boolean
LANGUAGE plpgsql AS $$
DECLARE
    c booking.customers := contact;
BEGIN
    IF EXISTS (SELECT FROM booking.customers t WHERE t.user_id = account) THEN
        RETURN false;
    END IF;
    c.user_id := account;
    c.verified_email := lower(contact.email);
    c := booking.customer_write(ctx, c);
    PERFORM booking.customer_record(ctx, 'updated', contact, c, 'An account has proved this address.');
    RETURN true;
EXCEPTION WHEN unique_violation THEN
    RETURN false; -- it has got one just now
END $$;

-- What was kept under an address becomes the account's that proves it, with its history: the contact's
-- row, or, when the account has a row already, what is in it.
CREATE FUNCTION booking.account_link(ctx jsonb, account uuid, address text, name text) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    contact booking.customers;
    own booking.customers;
BEGIN
    PERFORM booking.address_lock(address);
    UPDATE booking.customers t SET verified_email = NULL
    WHERE t.verified_email = address AND t.user_id <> account;
    SELECT * INTO contact FROM booking.customers t
    WHERE lower(t.email) = address AND t.user_id IS NULL AND t.deleted_at IS NULL FOR UPDATE;
    IF NOT FOUND OR NOT booking.contact_take(ctx, contact, account) THEN
        SELECT * INTO own FROM booking.account_prove(ctx, account, address, name);
        IF own.id IS NOT NULL AND contact.id IS NOT NULL THEN
            PERFORM booking.customer_fold(ctx, contact, own, 'The account has proved its address.');
        END IF;
    END IF;
END $$;

-- Accounts that are gone for good: what comes late of them says nothing any more.
CREATE TABLE booking.gone_accounts (
    user_id uuid PRIMARY KEY,
    gone_at timestamptz NOT NULL
);
GRANT SELECT, INSERT ON booking.gone_accounts TO mh_booking;

-- The consumer of identity.user.verified.
CREATE FUNCTION booking.accounts_link(ctx jsonb, events jsonb) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    e record;
BEGIN
    FOR e IN SELECT i.data FROM jsonb_to_recordset(events) i (data jsonb)
             WHERE i.data ->> 'kind' = 'customer' AND NOT EXISTS (
                 SELECT FROM booking.gone_accounts g WHERE g.user_id = (i.data ->> 'user_id')::uuid) LOOP
        PERFORM booking.account_link(ctx, (e.data ->> 'user_id')::uuid, lower(e.data ->> 'email'),
                                     e.data ->> 'name');
    END LOOP;
END $$;

COMMIT;
