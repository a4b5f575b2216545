-- Deploy hibachi:booking_sealed to pg
-- requires: booking_views
--
-- When the key ring changes, what the old key has sealed is sealed anew: read, handed to the service,
-- and stored if it is still the same. The parts are three columns, one after the other.
BEGIN;

-- Few rows have such texts.
CREATE INDEX customers_sealed ON booking.customers (id) WHERE dietary_notes IS NOT NULL;
CREATE INDEX bookings_sealed ON booking.bookings (id) WHERE special_requests IS NOT NULL;

-- Is a text, or one of several joined texts, not of that key?
CREATE FUNCTION booking.is_old(sealed text, newest text) RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN sealed LIKE E'%\n%' OR split_part(sealed, '.', 2) <> newest;

-- The purpose is the member's, as libcommon/app/sealed.c has it.
CREATE FUNCTION booking.sealed_old(ctx jsonb, newest text, job jsonb, most int)
RETURNS TABLE (id uuid, purpose text, sealed text)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE
    after uuid := coalesce((job ->> 'after')::uuid, '00000000-0000-0000-0000-000000000000');
BEGIN
    IF job ->> 'part' = '1' THEN
        RETURN QUERY SELECT c.id, 'field:dietary_notes', c.dietary_notes::text
            FROM booking.customers c
            WHERE c.id > after AND booking.is_old(c.dietary_notes, newest) ORDER BY c.id LIMIT most;
    ELSIF job ->> 'part' = '2' THEN
        RETURN QUERY SELECT b.id, 'field:special_requests', b.special_requests::text
            FROM booking.bookings b
            WHERE b.id > after AND booking.is_old(b.special_requests, newest) ORDER BY b.id LIMIT most;
    ELSE
        RETURN QUERY SELECT n.id, 'field:text', n.text::text
            FROM booking.booking_notes n
            WHERE n.id > after AND booking.is_old(n.text, newest) ORDER BY n.id LIMIT most;
    END IF;
END $$;

CREATE FUNCTION booking.sealed_left(newest text) RETURNS bigint
LANGUAGE sql STABLE
RETURN (SELECT count(*) FROM booking.customers c WHERE booking.is_old(c.dietary_notes, newest))
     + (SELECT count(*) FROM booking.bookings b WHERE booking.is_old(b.special_requests, newest))
     + (SELECT count(*) FROM booking.booking_notes n WHERE booking.is_old(n.text, newest));

-- Runs as the owner, since notes are append-only for the service. Nothing that a client sees changes,
-- so versions stay.
CREATE FUNCTION booking.sealed_store(ctx jsonb, items jsonb, job jsonb, after uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    part int := (job ->> 'part')::int;
    stored bigint;
BEGIN
    IF part = 1 THEN
        UPDATE booking.customers c SET dietary_notes = i.now
        FROM jsonb_to_recordset(items) i (id uuid, was text, now text)
        WHERE c.id = i.id AND c.dietary_notes = i.was;
    ELSIF part = 2 THEN
        UPDATE booking.bookings b SET special_requests = i.now
        FROM jsonb_to_recordset(items) i (id uuid, was text, now text)
        WHERE b.id = i.id AND b.special_requests = i.was;
    ELSE
        UPDATE booking.booking_notes n SET text = i.now
        FROM jsonb_to_recordset(items) i (id uuid, was text, now text)
        WHERE n.id = i.id AND n.text = i.was;
    END IF;
    GET DIAGNOSTICS stored = ROW_COUNT;
    IF after IS NOT NULL THEN
        PERFORM bus.job(ctx, 'booking.reseal', jsonb_build_object('part', part, 'after', after), NULL,
                        part || ' after ' || after);
    ELSIF part < 3 THEN
        PERFORM bus.job(ctx, 'booking.reseal', jsonb_build_object('part', part + 1), NULL,
                        'part ' || part + 1);
    END IF;
    RETURN stored;
END $$;

REVOKE EXECUTE ON FUNCTION booking.sealed_store FROM PUBLIC;
GRANT EXECUTE ON FUNCTION booking.sealed_store TO mh_booking;

COMMIT;
