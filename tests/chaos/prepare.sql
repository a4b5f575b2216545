-- The chaos stack's own: a station, and a witness. A consumer's function is wrapped so that each event that it is
-- given is written down in the same transaction; rows are never unique there, so that a second time is seen.
CREATE SCHEMA chaos;
CREATE TABLE chaos.seen (consumer text NOT NULL, event_id uuid NOT NULL);
CREATE INDEX ON chaos.seen (event_id);
CREATE FUNCTION chaos.see(ctx jsonb, events jsonb) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    INSERT INTO chaos.seen SELECT ctx ->> 'consumer', (e ->> 'id')::uuid FROM jsonb_array_elements(events) e
$$;
GRANT USAGE ON SCHEMA chaos TO mh_service;

ALTER FUNCTION booking.waitlist_match(jsonb, jsonb) RENAME TO waitlist_match_unseen;
CREATE FUNCTION booking.waitlist_match(ctx jsonb, events jsonb) RETURNS void
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM chaos.see(ctx, events);
    PERFORM booking.waitlist_match_unseen(ctx, events);
END $$;

INSERT INTO booking.zip_areas (zip, city, county, state, lat_e5, lon_e5)
VALUES ('00150', 'Atlantis', 'Sea', 'CA', -5000000, -3000000);
INSERT INTO booking.stations (id, code, name, time_zone, zip, lat_e5, lon_e5, radius_miles, capacity,
                              lead_time_hours, created_at, updated_at)
VALUES ('c4a05000-0000-4000-8000-000000000001', 'chaos', 'At sea', 'America/Los_Angeles', '00150', -5000000,
        -3000000, 20, 100, 48, now(), now());
