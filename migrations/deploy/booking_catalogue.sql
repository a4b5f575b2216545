-- Deploy booking_catalogue: what the business sells, where, by whom and to whom.
BEGIN;

CREATE SCHEMA IF NOT EXISTS booking;
GRANT USAGE ON SCHEMA booking TO mh_booking;

-- --- helpers -----------------------------------------------------------------------------------

-- May the caller of this context see a row of that owner and station? Inlined into its caller.
CREATE FUNCTION booking.in_scope(ctx jsonb, owner uuid, station uuid) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE ctx ->> 'scope'
    WHEN 'all' THEN true
    WHEN 'station' THEN coalesce(ctx -> 'stations' ? station::text, false)
    WHEN 'own' THEN coalesce(owner = (ctx ->> 'user')::uuid, false)
    ELSE false
END;

-- Text as people search it: lower case, without accents. Immutable because the dictionary is named.
CREATE FUNCTION booking.fold(t text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN lower(public.unaccent('public.unaccent'::regdictionary, t));

CREATE FUNCTION booking.digits(t text) RETURNS text
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN regexp_replace(t, '[^0-9]', '', 'g');

CREATE FUNCTION booking.is_time_zone(t text) RETURNS boolean
LANGUAGE sql STABLE STRICT
RETURN EXISTS (SELECT FROM pg_catalog.pg_timezone_names WHERE name = t);

-- Minutes since Monday 00:00 of a weekly window; one that ends at or before its start ends next day.
CREATE FUNCTION booking.week_span(weekday int, from_time time, until_time time) RETURNS int4range
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN int4range(
    (weekday - 1) * 1440 + (extract(epoch FROM from_time) / 60)::int,
    (weekday - 1) * 1440 + (extract(epoch FROM until_time) / 60)::int
        + CASE WHEN until_time <= from_time THEN 1440 ELSE 0 END);

-- What people say of their health and the like, sealed by the service: its key ring has the keys.
-- Several texts are joined by line ends. Not plain text by mistake.
CREATE DOMAIN booking.sealed AS text
    CHECK (VALUE ~ '^(e1(\.[A-Za-z0-9_-]+){3}(\n|$))+$' AND char_length(VALUE) <= 100000);

-- For what is told of a change, where neither plain nor sealed text belongs.
CREATE FUNCTION booking.masked(j jsonb, name text) RETURNS jsonb
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN j ->> name IS NULL THEN j ELSE j || jsonb_build_object(name, '***') END;

-- --- the catalogue's version -------------------------------------------------------------------
-- Bumped by whatever changes the catalogue, so that each process knows when its copy is old.

CREATE TABLE booking.catalogue_state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    version bigint NOT NULL DEFAULT 1
);
INSERT INTO booking.catalogue_state DEFAULT VALUES;

CREATE FUNCTION booking.catalogue_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    UPDATE booking.catalogue_state SET version = version + 1;
    RETURN NULL;
END
$$;

-- --- places ------------------------------------------------------------------------------------
-- Positions are integers in units of 1e-5 degrees.

CREATE TABLE booking.zip_areas (
    zip text PRIMARY KEY CHECK (zip ~ '^[0-9]{5}$'),
    city text NOT NULL,
    county text NOT NULL,
    state text NOT NULL CHECK (state ~ '^[A-Z]{2}$'),
    lat_e5 int NOT NULL CHECK (lat_e5 BETWEEN -9000000 AND 9000000),
    lon_e5 int NOT NULL CHECK (lon_e5 BETWEEN -18000000 AND 18000000)
);

CREATE TABLE booking.stations (
    id uuid PRIMARY KEY,
    code text NOT NULL CONSTRAINT stations_code_unique UNIQUE
        CHECK (code ~ '^[a-z0-9_-]{1,40}$'),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    time_zone text NOT NULL CONSTRAINT stations_time_zone_known
        CHECK (booking.is_time_zone(time_zone)),
    phone text,
    email text,
    address text NOT NULL DEFAULT '',
    city text NOT NULL DEFAULT '',
    state text NOT NULL DEFAULT '',
    zip text NOT NULL CONSTRAINT stations_zip_known REFERENCES booking.zip_areas (zip),
    lat_e5 int NOT NULL CHECK (lat_e5 BETWEEN -9000000 AND 9000000),
    lon_e5 int NOT NULL CHECK (lon_e5 BETWEEN -18000000 AND 18000000),
    radius_miles int NOT NULL DEFAULT 100 CHECK (radius_miles BETWEEN 1 AND 500),
    travel_mph int NOT NULL DEFAULT 35 CHECK (travel_mph BETWEEN 5 AND 80),
    capacity int NOT NULL DEFAULT 10 CHECK (capacity BETWEEN 1 AND 1000), -- events at once
    setup_minutes int NOT NULL DEFAULT 30 CHECK (setup_minutes BETWEEN 0 AND 240),
    teardown_minutes int NOT NULL DEFAULT 30 CHECK (teardown_minutes BETWEEN 0 AND 240),
    lead_time_hours int NOT NULL DEFAULT 48 CHECK (lead_time_hours BETWEEN 0 AND 720),
    first_start time NOT NULL DEFAULT '11:00',
    last_start time NOT NULL DEFAULT '23:00',
    active boolean NOT NULL DEFAULT true,
    version int NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT stations_start_hours
        CHECK (first_start >= '11:00' AND last_start <= '23:00' AND first_start <= last_start)
);

-- --- customers ---------------------------------------------------------------------------------

CREATE TABLE booking.customers (
    id uuid PRIMARY KEY,
    user_id uuid CONSTRAINT customers_user_unique UNIQUE, -- identity's account
    station_id uuid CONSTRAINT customers_station_known REFERENCES booking.stations (id),
    name text NOT NULL CHECK (char_length(name) <= 100),
    email text COLLATE "C" CHECK (char_length(email) <= 254),
    verified_email text COLLATE "C", -- that the account has proved to be its own, in lower case
    phone text COLLATE "C" CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
    address_line1 text CHECK (char_length(address_line1) <= 200),
    address_line2 text CHECK (char_length(address_line2) <= 200),
    city text CHECK (char_length(city) <= 100),
    state text CHECK (state ~ '^[A-Z]{2}$'),
    zip text CHECK (zip ~ '^[0-9]{5}(-[0-9]{4})?$'),
    dietary_notes booking.sealed,
    version int NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    deleted_by uuid,
    deleted_reason text CHECK (char_length(deleted_reason) BETWEEN 10 AND 500),
    merged_into uuid REFERENCES booking.customers (id), -- the same person
    purged_at timestamptz, -- the person is forgotten
    -- What the search reads: names in order, and every word with a space before it.
    name_key text COLLATE "C" GENERATED ALWAYS AS (booking.fold(name)) STORED,
    search text COLLATE "C" GENERATED ALWAYS AS (' ' || booking.fold(name)
        || ' ' || coalesce(lower(email), '') || ' ' || coalesce(booking.digits(phone), '')) STORED,
    -- An account may come before its owner has said anything; a contact may not.
    CONSTRAINT customers_reachable
        CHECK (user_id IS NOT NULL OR (name <> '' AND (email IS NOT NULL OR phone IS NOT NULL))),
    CONSTRAINT customers_deleted_whole
        CHECK ((deleted_at IS NULL) = (deleted_reason IS NULL)),
    CONSTRAINT customers_verified CHECK (verified_email IS NULL OR user_id IS NOT NULL),
    CONSTRAINT customers_merged CHECK (merged_into IS NULL OR deleted_at IS NOT NULL),
    CONSTRAINT customers_purged CHECK (purged_at IS NULL OR deleted_at IS NOT NULL)
);
-- Contacts that staff keep are unique by address; an account's owner may state any, and learns nothing.
CREATE UNIQUE INDEX customers_email_unique ON booking.customers (lower(email))
    WHERE deleted_at IS NULL AND user_id IS NULL;
CREATE UNIQUE INDEX customers_verified_email ON booking.customers (verified_email)
    WHERE verified_email IS NOT NULL;
CREATE INDEX customers_email ON booking.customers (lower(email)) WHERE deleted_at IS NULL;
CREATE INDEX customers_phone ON booking.customers (phone) WHERE deleted_at IS NULL;
CREATE INDEX customers_station ON booking.customers (station_id, id) WHERE deleted_at IS NULL;
CREATE INDEX customers_name ON booking.customers (name_key, id) WHERE deleted_at IS NULL;
CREATE INDEX customers_station_name ON booking.customers (station_id, name_key, id) WHERE deleted_at IS NULL;
-- Of some stations or, without them, of all. An array, so that one scan of the index does for several.
CREATE INDEX customers_search ON booking.customers USING gin ((ARRAY[station_id]), search public.gin_trgm_ops)
    WITH (gin_pending_list_limit = 256) WHERE deleted_at IS NULL; -- kB that every search reads through
CREATE INDEX customers_deleted ON booking.customers (id) WHERE deleted_at IS NOT NULL;

-- --- chefs -------------------------------------------------------------------------------------

CREATE TABLE booking.chefs (
    id uuid PRIMARY KEY,
    user_id uuid CONSTRAINT chefs_user_unique UNIQUE, -- identity's account
    station_id uuid NOT NULL CONSTRAINT chefs_station_known REFERENCES booking.stations (id),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    email text CHECK (char_length(email) <= 254),
    phone text CHECK (phone ~ '^\+[1-9][0-9]{6,14}$'),
    bio text NOT NULL DEFAULT '' CHECK (char_length(bio) <= 2000),
    skills text[] NOT NULL DEFAULT '{}' CHECK (cardinality(skills) <= 20),
    languages text[] NOT NULL DEFAULT '{}' CHECK (cardinality(languages) <= 20),
    max_events_per_day int NOT NULL DEFAULT 2 CHECK (max_events_per_day BETWEEN 1 AND 6),
    home_zip text CONSTRAINT chefs_home_zip_known REFERENCES booking.zip_areas (zip),
    active boolean NOT NULL DEFAULT true,
    version int NOT NULL DEFAULT 1,
    availability_version int NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE INDEX chefs_station ON booking.chefs (station_id, id);
CREATE INDEX chefs_name ON booking.chefs (name, id);

-- The usual week, in the station's local time.
CREATE TABLE booking.chef_availability (
    chef_id uuid NOT NULL REFERENCES booking.chefs (id) ON DELETE CASCADE,
    weekday int NOT NULL CHECK (weekday BETWEEN 1 AND 7), -- 1 is Monday
    from_time time NOT NULL,
    until_time time NOT NULL, -- at or before from_time: on the next day
    span int4range NOT NULL GENERATED ALWAYS AS (booking.week_span(weekday, from_time, until_time)) STORED,
    PRIMARY KEY (chef_id, weekday, from_time),
    CONSTRAINT chef_availability_overlap EXCLUDE USING gist (chef_id WITH =, span WITH &&)
);

-- Days that differ from the usual week.
CREATE TABLE booking.chef_exceptions (
    id uuid PRIMARY KEY,
    chef_id uuid NOT NULL REFERENCES booking.chefs (id) ON DELETE CASCADE,
    dates daterange NOT NULL CHECK (NOT isempty(dates) AND NOT lower_inf(dates) AND NOT upper_inf(dates))
        CONSTRAINT chef_exceptions_length CHECK (upper(dates) - lower(dates) <= 366),
    kind text NOT NULL CHECK (kind IN ('available', 'unavailable', 'time_off')),
    from_time time, -- of an available day; without: all of it
    until_time time,
    reason text NOT NULL DEFAULT '' CHECK (char_length(reason) <= 500),
    created_at timestamptz NOT NULL,
    created_by uuid,
    CONSTRAINT chef_exceptions_hours
        CHECK ((from_time IS NULL) = (until_time IS NULL) AND (from_time IS NULL OR kind = 'available')),
    CONSTRAINT chef_exceptions_overlap EXCLUDE USING gist (chef_id WITH =, dates WITH &&)
);

-- When a chef works on a day: local time ranges. An exception replaces the usual week.
CREATE FUNCTION booking.chef_windows(chef uuid, day date) RETURNS SETOF tsrange
LANGUAGE sql STABLE PARALLEL SAFE
BEGIN ATOMIC
    SELECT tsrange(day + e.from_time, day + e.until_time
                   + CASE WHEN e.until_time <= e.from_time THEN interval '1 day' ELSE interval '0' END)
    FROM (SELECT coalesce(x.from_time, '00:00') AS from_time, coalesce(x.until_time, '00:00') AS until_time
          FROM booking.chef_exceptions x
          WHERE x.chef_id = chef AND x.dates @> day AND x.kind = 'available') e
    UNION ALL
    SELECT tsrange(day + a.from_time, day + a.until_time
                   + CASE WHEN a.until_time <= a.from_time THEN interval '1 day' ELSE interval '0' END)
    FROM booking.chef_availability a
    WHERE a.chef_id = chef AND a.weekday = extract(isodow FROM day)
      AND NOT EXISTS (SELECT FROM booking.chef_exceptions x WHERE x.chef_id = chef AND x.dates @> day);
END;

-- --- menu --------------------------------------------------------------------------------------

-- Dishes (the price is what a guest's portion costs more than the usual) and add-ons.
CREATE TABLE booking.menu_items (
    id uuid PRIMARY KEY,
    code text NOT NULL CONSTRAINT menu_items_code_unique UNIQUE
        CHECK (code ~ '^[a-z0-9_-]{1,40}$'),
    kind text NOT NULL CHECK (kind IN ('dish', 'addon')),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    description text NOT NULL DEFAULT '' CHECK (char_length(description) <= 1000),
    category text NOT NULL CHECK (char_length(category) BETWEEN 1 AND 40),
    unit text NOT NULL CHECK (unit IN ('per_event', 'per_guest', 'each')),
    price_cents bigint NOT NULL CHECK (price_cents BETWEEN 0 AND 1000000),
    max_quantity int NOT NULL DEFAULT 50 CHECK (max_quantity BETWEEN 1 AND 1000),
    dietary_tags text[] NOT NULL DEFAULT '{}' CHECK (cardinality(dietary_tags) <= 20),
    position int NOT NULL DEFAULT 100 CHECK (position BETWEEN 0 AND 10000),
    active boolean NOT NULL DEFAULT true,
    version int NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

-- --- prices ------------------------------------------------------------------------------------

-- What a price list consists of; the quote knows these codes by name.
CREATE TABLE booking.price_codes (
    code text PRIMARY KEY,
    label text NOT NULL,
    unit text NOT NULL CHECK (unit IN ('cents', 'miles', 'basis_points')),
    min_value bigint NOT NULL CHECK (min_value >= 0),
    max_value bigint NOT NULL,
    default_value bigint NOT NULL,
    position int NOT NULL UNIQUE,
    CHECK (default_value BETWEEN min_value AND max_value),
    UNIQUE (code, min_value, max_value)
);
INSERT INTO booking.price_codes
    (position, code, label, unit, min_value, max_value, default_value) VALUES
    (1, 'adult_price', 'Adult', 'cents', 1, 100000, 5500),
    (2, 'child_price', 'Child', 'cents', 0, 100000, 3000),
    (3, 'minimum_spend', 'Minimum of food and add-ons', 'cents', 0, 1000000, 55000),
    (4, 'travel_free_miles', 'Miles without travel fee', 'miles', 0, 500, 30),
    (5, 'travel_per_mile', 'Travel fee of each further mile', 'cents', 0, 10000, 200),
    (6, 'road_factor', 'Road miles for miles as the crow flies', 'basis_points', 10000, 30000, 12000),
    (7, 'deposit', 'Deposit', 'cents', 0, 1000000, 10000),
    (8, 'deposit_share', 'Deposit as a share of the total', 'basis_points', 0, 10000, 0);

-- A value from a day on, everywhere or at one station; until the next row's day. NULL ends a
-- station's own value. The bounds are the code's, kept equal by the foreign key.
CREATE TABLE booking.price_rules (
    id uuid PRIMARY KEY,
    code text NOT NULL,
    station_id uuid CONSTRAINT price_rules_station_known REFERENCES booking.stations (id),
    effective_from date NOT NULL,
    value bigint,
    min_value bigint NOT NULL,
    max_value bigint NOT NULL,
    version int NOT NULL DEFAULT 1,
    updated_at timestamptz NOT NULL,
    CONSTRAINT price_rules_code_known FOREIGN KEY (code, min_value, max_value)
        REFERENCES booking.price_codes (code, min_value, max_value) ON UPDATE CASCADE,
    CONSTRAINT price_rules_bounds CHECK (value BETWEEN min_value AND max_value),
    CONSTRAINT price_rules_general CHECK (value IS NOT NULL OR station_id IS NOT NULL),
    CONSTRAINT price_rules_day UNIQUE NULLS NOT DISTINCT (code, station_id, effective_from)
);

CREATE TABLE booking.price_peaks (
    id uuid PRIMARY KEY,
    label text NOT NULL CHECK (char_length(label) BETWEEN 1 AND 100),
    station_id uuid CONSTRAINT price_peaks_station_known REFERENCES booking.stations (id),
    weekdays int[] NOT NULL DEFAULT '{}'
        CHECK (weekdays <@ '{1,2,3,4,5,6,7}' AND cardinality(weekdays) <= 7), -- 1 is Monday
    first_day date,
    last_day date,
    surcharge_bp bigint NOT NULL CHECK (surcharge_bp BETWEEN 0 AND 10000),
    active boolean NOT NULL DEFAULT true,
    version int NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CONSTRAINT price_peaks_days CHECK ((first_day IS NULL) = (last_day IS NULL) AND first_day <= last_day),
    CONSTRAINT price_peaks_some CHECK (cardinality(weekdays) > 0 OR first_day IS NOT NULL)
);

-- Append-only: who changed which price when, from what to what, and why.
CREATE TABLE booking.price_change_history (
    id bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY,
    changed_at timestamptz NOT NULL,
    changed_by uuid,
    entity text NOT NULL CHECK (entity IN ('rule', 'peak', 'item')),
    code text NOT NULL, -- of the rule or item; id of the peak
    station_id uuid,
    old jsonb,
    new jsonb,
    reason text NOT NULL CHECK (char_length(reason) BETWEEN 10 AND 500)
);
CREATE INDEX price_change_history_code ON booking.price_change_history (code, id);

DO $$
DECLARE t text;
BEGIN
    FOREACH t IN ARRAY '{zip_areas,stations,menu_items,price_codes,price_rules,price_peaks}'::text[] LOOP
        EXECUTE format('CREATE TRIGGER catalogue_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE
            ON booking.%I FOR EACH STATEMENT EXECUTE FUNCTION booking.catalogue_changed()', t);
    END LOOP;
END
$$;

-- --- what the service may do -------------------------------------------------------------------

GRANT SELECT ON booking.catalogue_state, booking.zip_areas, booking.price_codes TO mh_booking;
GRANT SELECT, INSERT, UPDATE ON booking.stations, booking.customers, booking.chefs,
    booking.menu_items, booking.price_rules, booking.price_peaks TO mh_booking;
GRANT SELECT, INSERT, DELETE ON booking.chef_availability, booking.chef_exceptions TO mh_booking;
GRANT DELETE ON booking.price_rules TO mh_booking;
GRANT SELECT, INSERT ON booking.price_change_history TO mh_booking;

COMMIT;
