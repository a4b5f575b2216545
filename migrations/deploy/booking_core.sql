-- Deploy hibachi:booking_core to pg
-- requires: booking_catalogue
-- requires: bus_jobs
-- requires: bus_idempotency
--
-- Bookings and what they take of people's and things' time. No two events can have the same chef at
-- once: every booking and every hold has its rows in resource_spans, and those that block may not
-- overlap for one resource.
BEGIN;

-- --- stations, once more -----------------------------------------------------------------------

ALTER TABLE booking.stations ADD COLUMN max_ahead_days int NOT NULL DEFAULT 365
    CHECK (max_ahead_days BETWEEN 1 AND 1000);

-- What can be booked beside a chef: grills, tents, vans.
CREATE TABLE booking.equipment (
    id uuid PRIMARY KEY,
    station_id uuid NOT NULL CONSTRAINT equipment_station_known REFERENCES booking.stations (id),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    active boolean NOT NULL DEFAULT true,
    version int NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT equipment_name_unique UNIQUE (station_id, name)
);

-- --- states ------------------------------------------------------------------------------------
-- The same tables as in booking_state.c; a test compares them.

CREATE TABLE booking.states (
    state text PRIMARY KEY,
    active boolean NOT NULL, -- counts against a second booking of the same customer and time
    blocks boolean NOT NULL, -- keeps its resources
    hours_before int         -- reached at most so long before the start; null: at any time
);
INSERT INTO booking.states (state, active, blocks, hours_before) VALUES
    ('pending', true, true, NULL),
    ('confirmed', true, true, NULL),
    ('seated', true, true, 2),
    ('completed', false, true, 0),
    ('cancelled', false, false, NULL),
    ('no_show', false, false, 0);

CREATE TABLE booking.state_moves (
    from_state text REFERENCES booking.states (state),
    to_state text REFERENCES booking.states (state),
    PRIMARY KEY (from_state, to_state)
);
INSERT INTO booking.state_moves (from_state, to_state) VALUES
    ('pending', 'confirmed'),
    ('pending', 'cancelled'),
    ('confirmed', 'seated'),
    ('confirmed', 'cancelled'),
    ('confirmed', 'no_show'),
    ('seated', 'completed');

-- --- bookings ----------------------------------------------------------------------------------

CREATE TABLE booking.bookings (
    id uuid PRIMARY KEY,
    serial bigint NOT NULL GENERATED ALWAYS AS IDENTITY (START WITH 100001),
    number text COLLATE "C" NOT NULL CONSTRAINT bookings_number_unique UNIQUE
        GENERATED ALWAYS AS ('MH-' || serial) STORED, -- what people say on the phone
    state text NOT NULL DEFAULT 'pending' REFERENCES booking.states (state),
    station_id uuid NOT NULL REFERENCES booking.stations (id),
    customer_id uuid NOT NULL CONSTRAINT bookings_customer_known REFERENCES booking.customers (id),
    chef_id uuid NOT NULL CONSTRAINT bookings_chef_known REFERENCES booking.chefs (id),
    -- When: as people at the venue say it, and what that is everywhere.
    event_date date NOT NULL,
    event_time time NOT NULL CONSTRAINT bookings_time CHECK (event_time >= '11:00' AND event_time < '23:00'),
    time_zone text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    duration_minutes int NOT NULL
        CONSTRAINT bookings_duration CHECK (duration_minutes BETWEEN 60 AND 480),
    travel_minutes int NOT NULL CHECK (travel_minutes BETWEEN 0 AND 1440), -- one way
    -- Who and where.
    adults int NOT NULL CHECK (adults >= 0),
    children int NOT NULL CHECK (children >= 0),
    guest_count int NOT NULL GENERATED ALWAYS AS (adults + children) STORED
        CONSTRAINT bookings_guests CHECK (guest_count BETWEEN 1 AND 50),
    venue_address text NOT NULL CHECK (char_length(venue_address) <= 300),
    venue_zip text NOT NULL CHECK (venue_zip ~ '^[0-9]{5}$'),
    event_type text CHECK (char_length(event_type) <= 40),
    table_number text CHECK (table_number ~ '^[A-Z0-9-]{1,20}$'),
    special_requests booking.sealed,
    skills text[] NOT NULL DEFAULT '{}' CHECK (cardinality(skills) <= 5), -- that the chef must have
    contact_name text NOT NULL CHECK (char_length(contact_name) <= 100),
    contact_email text CHECK (char_length(contact_email) <= 254),
    contact_phone text CHECK (contact_phone ~ '^\+[1-9][0-9]{6,14}$'),
    -- How much.
    quote jsonb NOT NULL,
    quote_version bigint NOT NULL, -- of the catalogue
    promo_code text CHECK (char_length(promo_code) <= 40),
    total_cents bigint NOT NULL CHECK (total_cents >= 0),
    deposit_cents bigint NOT NULL CHECK (deposit_cents BETWEEN 0 AND total_cents),
    currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    source text NOT NULL CHECK (source IN ('web', 'staff', 'phone', 'email', 'chat', 'partner')),
    made_from text CHECK (char_length(made_from) <= 45), -- network of a maker whom nobody knows
    duplicate_of uuid, -- booking of the same customer and time, made by somebody else perhaps
    link_version int NOT NULL DEFAULT 1, -- of the link that the customer has; a higher one ends it
    cancelled_at timestamptz,
    cancelled_by uuid,
    cancel_reason text CHECK (char_length(cancel_reason) BETWEEN 1 AND 500),
    refund_percent int CHECK (refund_percent BETWEEN 0 AND 100),
    version int NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    created_by uuid,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    deleted_by uuid,
    deleted_reason text CHECK (char_length(deleted_reason) BETWEEN 10 AND 500),
    CONSTRAINT bookings_ends CHECK (ends_at = starts_at + make_interval(mins => duration_minutes)),
    CONSTRAINT bookings_cancelled_whole
        CHECK ((state = 'cancelled') = (cancelled_at IS NOT NULL AND refund_percent IS NOT NULL)),
    CONSTRAINT bookings_deleted_whole CHECK ((deleted_at IS NULL) = (deleted_reason IS NULL))
);
CREATE UNIQUE INDEX bookings_customer_start_unique ON booking.bookings (customer_id, starts_at)
    WHERE state IN ('pending', 'confirmed', 'seated') AND deleted_at IS NULL AND duplicate_of IS NULL;

CREATE FUNCTION booking.booking_state_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM booking.state_moves m
                   WHERE m.from_state = OLD.state AND m.to_state = NEW.state) THEN
        PERFORM bus.fail('state_conflict', format('A booking that is %s cannot become %s.',
                         replace(OLD.state, '_', '-'), replace(NEW.state, '_', '-')));
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER state_guard BEFORE UPDATE ON booking.bookings FOR EACH ROW
    WHEN (OLD.state IS DISTINCT FROM NEW.state) EXECUTE FUNCTION booking.booking_state_guard();

-- What was asked for beside the meal; the prices are in the quote.
CREATE TABLE booking.booking_addons (
    booking_id uuid NOT NULL REFERENCES booking.bookings (id) ON DELETE CASCADE,
    code text NOT NULL CHECK (char_length(code) <= 40),
    quantity int NOT NULL CHECK (quantity BETWEEN 0 AND 1000), -- 0: the usual one
    PRIMARY KEY (booking_id, code)
);

-- For staff only.
CREATE TABLE booking.booking_notes (
    id uuid PRIMARY KEY,
    booking_id uuid NOT NULL REFERENCES booking.bookings (id) ON DELETE CASCADE,
    author uuid,
    text booking.sealed NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX booking_notes_booking ON booking.booking_notes (booking_id, created_at, id);

-- Append-only: what happened to a booking.
CREATE TABLE booking.booking_history (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    booking_id uuid NOT NULL REFERENCES booking.bookings (id) ON DELETE CASCADE,
    at timestamptz NOT NULL,
    action text NOT NULL,
    actor uuid,
    role text,
    changes jsonb NOT NULL, -- {field: {from, to}}
    reason text
);
CREATE INDEX booking_history_booking ON booking.booking_history (booking_id, id);

-- The share that is given back when somebody cancels that long before the start, or longer.
CREATE TABLE booking.cancel_policy (
    notice_hours int PRIMARY KEY CHECK (notice_hours >= 0),
    refund_percent int NOT NULL CHECK (refund_percent BETWEEN 0 AND 100)
);
INSERT INTO booking.cancel_policy (notice_hours, refund_percent) VALUES
    (168, 100), (72, 50), (0, 0);

-- --- holds -------------------------------------------------------------------------------------

-- A time that is kept for somebody who is about to book it.
CREATE TABLE booking.holds (
    id uuid PRIMARY KEY,
    state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'bound', 'released', 'expired')),
    station_id uuid NOT NULL REFERENCES booking.stations (id),
    chef_id uuid NOT NULL REFERENCES booking.chefs (id),
    event_date date NOT NULL,
    event_time time NOT NULL,
    duration_minutes int NOT NULL CHECK (duration_minutes BETWEEN 60 AND 480),
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    venue_zip text NOT NULL CHECK (venue_zip ~ '^[0-9]{5}$'),
    holder text, -- account or address while it is active, so that nobody holds the whole calendar
    expires_at timestamptz NOT NULL,
    booking_id uuid REFERENCES booking.bookings (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT holds_bound CHECK ((state = 'bound') = (booking_id IS NOT NULL)),
    CONSTRAINT holds_holder CHECK ((state = 'active') = (holder IS NOT NULL))
);
CREATE INDEX holds_active ON booking.holds (station_id, expires_at) WHERE state = 'active';
CREATE INDEX holds_holder ON booking.holds (holder) WHERE state = 'active';
CREATE INDEX holds_booking ON booking.holds (booking_id) WHERE booking_id IS NOT NULL;

-- --- who and what is busy when -----------------------------------------------------------------

-- A row for each resource of each booking and hold. The span has the way there, setting up, the
-- event, packing up and the way back. Rows that no longer block tell who was assigned.
CREATE TABLE booking.resource_spans (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    resource_id uuid NOT NULL,
    kind text NOT NULL CHECK (kind IN ('chef', 'assistant', 'equipment')),
    span tstzrange NOT NULL
        CHECK (NOT isempty(span) AND NOT lower_inf(span) AND NOT upper_inf(span)),
    day date NOT NULL,      -- of the event, at the venue
    expires_at timestamptz, -- of a hold: from then on it is as if it did not block
    booking_id uuid REFERENCES booking.bookings (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    hold_id uuid REFERENCES booking.holds (id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED,
    blocking boolean NOT NULL DEFAULT true,
    CONSTRAINT resource_spans_owner
        CHECK ((booking_id IS NULL) = (expires_at IS NOT NULL) AND num_nonnulls(booking_id, hold_id) > 0),
    CONSTRAINT resource_spans_free
        EXCLUDE USING gist (resource_id WITH =, span WITH &&) INCLUDE (expires_at, day, kind)
        WHERE (blocking)
);
CREATE INDEX resource_spans_booking ON booking.resource_spans (booking_id);
CREATE INDEX resource_spans_hold ON booking.resource_spans (hold_id) WHERE hold_id IS NOT NULL;
CREATE INDEX resource_spans_day ON booking.resource_spans (resource_id, day) WHERE blocking;
CREATE INDEX resource_spans_assistant ON booking.resource_spans (resource_id, day, booking_id)
    WHERE kind = 'assistant';

-- What a chef helps with, whoever is its chef, from a day on; also what was cancelled.
CREATE FUNCTION booking.assisted(chef uuid, from_day date DEFAULT '-infinity') RETURNS SETOF uuid
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT s.booking_id FROM booking.resource_spans s
    WHERE s.resource_id = chef AND s.kind = 'assistant' AND s.day >= from_day;
END;

-- --- waitlist and feeds ------------------------------------------------------------------------

CREATE TABLE booking.waitlist (
    id uuid PRIMARY KEY,
    state text NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'notified', 'removed')),
    station_id uuid NOT NULL CONSTRAINT waitlist_station_known REFERENCES booking.stations (id),
    event_date date NOT NULL,
    from_time time NOT NULL,
    until_time time NOT NULL, -- of the latest start
    duration_minutes int NOT NULL CHECK (duration_minutes BETWEEN 60 AND 480),
    guest_count int NOT NULL CHECK (guest_count BETWEEN 1 AND 50),
    user_id uuid,
    made_from text CHECK (char_length(made_from) <= 45), -- network of who has not signed in
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    email text NOT NULL CHECK (char_length(email) <= 254),
    phone text CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
    notified_at timestamptz,
    free_at timestamptz, -- the start that became free
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT waitlist_window CHECK (from_time <= until_time),
    CONSTRAINT waitlist_notified CHECK ((state = 'notified') <= (notified_at IS NOT NULL))
);
-- Who waits already states his wish anew; who knows somebody's address does not get to see his.
CREATE UNIQUE INDEX waitlist_once
    ON booking.waitlist (station_id, event_date, lower(email), coalesce(user_id::text, made_from, ''))
    WHERE state = 'waiting';
CREATE INDEX waitlist_day ON booking.waitlist (state, event_date, id);
CREATE INDEX waitlist_station_day ON booking.waitlist (station_id, state, event_date, id);
CREATE INDEX waitlist_user ON booking.waitlist (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX waitlist_email ON booking.waitlist (lower(email));

-- A calendar's subscription to a chef's events; the link is signed and names this row.
CREATE TABLE booking.calendar_feeds (
    id uuid PRIMARY KEY,
    chef_id uuid NOT NULL REFERENCES booking.chefs (id) ON DELETE CASCADE,
    created_by uuid,
    created_at timestamptz NOT NULL,
    revoked_at timestamptz
);
CREATE INDEX calendar_feeds_chef ON booking.calendar_feeds (chef_id, id);

-- --- what the service may do -------------------------------------------------------------------

GRANT SELECT ON booking.states, booking.state_moves, booking.cancel_policy TO mh_booking;
GRANT SELECT, INSERT, UPDATE ON booking.equipment, booking.holds,
    booking.calendar_feeds TO mh_booking;
GRANT SELECT, INSERT, UPDATE, DELETE ON booking.bookings, booking.booking_addons,
    booking.resource_spans, booking.waitlist TO mh_booking;
GRANT SELECT, INSERT ON booking.booking_notes, booking.booking_history TO mh_booking;

COMMIT;
