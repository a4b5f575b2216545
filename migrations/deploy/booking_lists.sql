-- Deploy hibachi:booking_lists to pg
-- requires: booking_book
--
-- Lists of bookings. A page costs the same at any depth: it is read from the index that serves its
-- filters best, in the page's order, from the cursor on; what else is asked is looked at row by row.
BEGIN;

CREATE INDEX bookings_start ON booking.bookings (starts_at, id);
CREATE INDEX bookings_state_start ON booking.bookings (state, starts_at, id);
CREATE INDEX bookings_station_start ON booking.bookings (station_id, starts_at, id);
CREATE INDEX bookings_station_state_start ON booking.bookings (station_id, state, starts_at, id);
CREATE INDEX bookings_chef_start ON booking.bookings (chef_id, starts_at, id);
CREATE INDEX bookings_customer_start ON booking.bookings (customer_id, starts_at, id);
CREATE INDEX bookings_created ON booking.bookings (created_at, id);
CREATE INDEX bookings_state_created ON booking.bookings (state, created_at, id);
CREATE INDEX bookings_station_created ON booking.bookings (station_id, created_at, id);
CREATE INDEX bookings_station_state_created ON booking.bookings (station_id, state, created_at, id);
CREATE INDEX bookings_chef_created ON booking.bookings (chef_id, created_at, id);
CREATE INDEX bookings_deleted ON booking.bookings (deleted_at) WHERE deleted_at IS NOT NULL;

-- --- the filters -------------------------------------------------------------------------------

-- Does a booking belong into a list with these filters? Inlined into its caller. Whose bookings the scope
-- `own` covers is for the caller to say.
CREATE FUNCTION booking.booking_listed(ctx jsonb, f jsonb, b booking.bookings) RETURNS boolean
LANGUAGE sql STABLE PARALLEL SAFE
RETURN (ctx ->> 'scope' IN ('all', 'own')
        OR (ctx ->> 'scope' = 'station' AND ctx -> 'stations' ? (b).station_id::text))
    AND (f ->> 'status' IS NULL OR (b).state = f ->> 'status')
    AND (f ->> 'station_id' IS NULL OR (b).station_id = (f ->> 'station_id')::uuid)
    AND (f ->> 'chef_id' IS NULL OR (b).chef_id = (f ->> 'chef_id')::uuid)
    AND (f ->> 'customer_id' IS NULL OR (b).customer_id = (f ->> 'customer_id')::uuid)
    AND (f ->> 'from' IS NULL OR (b).event_date >= (f ->> 'from')::date)
    AND (f ->> 'to' IS NULL OR ((b).event_date <= (f ->> 'to')::date
         AND (b).starts_at < ((f ->> 'to')::date + 2)::timestamp AT TIME ZONE 'UTC'))
    AND (f ->> 'q' IS NULL OR (b).number ^@ upper(f ->> 'q'))
    AND ((b).deleted_at IS NOT NULL) = (f ->> 'deleted' IS NOT DISTINCT FROM 'true');

-- No event of that day or later starts before this, wherever it is. For indexes, which have the start; as
-- one bound with a cursor, since of two an index scan may take the worse one.
CREATE FUNCTION booking.listed_from(f jsonb) RETURNS timestamptz
LANGUAGE sql STABLE PARALLEL SAFE
RETURN coalesce(((f ->> 'from')::date - 1)::timestamp AT TIME ZONE 'UTC', '-infinity');

-- --- the ways in -------------------------------------------------------------------------------

-- Which bookings to look at: those of these customers or chefs, and the ones assisted, or of these
-- stations, or these; null is all. `few` says that they are so few that they can be put in order
-- afterwards, as what one chef assists always is.
CREATE TYPE booking.ways AS (customers uuid[], chefs uuid[], assisted uuid[], stations uuid[], ids uuid[],
                             few boolean);

CREATE FUNCTION booking.list_ways(ctx jsonb, f jsonb) RETURNS booking.ways
LANGUAGE plpgsql STABLE AS $$
DECLARE
    w booking.ways;
    q text COLLATE "C" := upper(f ->> 'q');
BEGIN
    IF ctx ->> 'scope' = 'own' THEN
        w.customers := ARRAY(SELECT c.id FROM booking.customers c WHERE c.user_id = (ctx ->> 'user')::uuid);
        w.chefs := ARRAY(SELECT c.id FROM booking.chefs c WHERE c.user_id = (ctx ->> 'user')::uuid);
        w.assisted := ARRAY(SELECT booking.assisted(c) FROM unnest(w.chefs) c);
    ELSE
        w.customers := CASE WHEN f ? 'customer_id' THEN ARRAY[(f ->> 'customer_id')::uuid] END;
        w.chefs := CASE WHEN f ? 'chef_id' THEN ARRAY[(f ->> 'chef_id')::uuid] END;
    END IF;
    IF f ? 'station_id' THEN
        w.stations := ARRAY[(f ->> 'station_id')::uuid];
    ELSIF ctx ->> 'scope' = 'station' THEN
        w.stations := booking.uuid_array(ctx -> 'stations');
    END IF;
    IF q IS NOT NULL THEN -- of a beginning that says too little, the first ones
        w.ids := ARRAY(SELECT b.id FROM booking.bookings b
                       WHERE b.number >= q AND b.number < q || U&'\FFFD' ORDER BY b.number LIMIT 2000);
    END IF;
    w.few := q IS NOT NULL OR f ->> 'deleted' IS NOT DISTINCT FROM 'true';
    RETURN w;
END $$;

-- All bookings of a list, in no order.
CREATE FUNCTION booking.bookings_seen(ctx jsonb, f jsonb, w booking.ways) RETURNS SETOF booking.bookings
LANGUAGE sql STABLE
BEGIN ATOMIC
    SELECT b.* FROM booking.bookings b
    WHERE booking.booking_listed(ctx, f, b) AND b.starts_at >= booking.listed_from(f)
      AND ((w).ids IS NULL OR b.id = ANY ((w).ids))
      AND ((w).customers IS NULL AND (w).chefs IS NULL
           OR b.customer_id = ANY ((w).customers) OR b.chef_id = ANY ((w).chefs) OR b.id = ANY ((w).assisted));
END;

-- Planned for these filters: those that are not there vanish.
CREATE FUNCTION booking.bookings_few(ctx jsonb, f jsonb, w booking.ways)
RETURNS TABLE (id uuid, starts_at timestamptz, created_at timestamptz)
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_custom_plan AS $$
BEGIN
    RETURN QUERY SELECT b.id, b.starts_at, b.created_at FROM booking.bookings_seen(ctx, f, w) b;
END $$;

CREATE FUNCTION booking.bookings_count(ctx jsonb, f jsonb) RETURNS bigint
LANGUAGE plpgsql STABLE SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    w booking.ways := booking.list_ways(ctx, f);
BEGIN
    RETURN (SELECT count(*) FROM booking.bookings_seen(ctx, f, w));
END $$;

-- --- pages -------------------------------------------------------------------------------------
-- A question a branch: each has its own index. Among all stations the state is part of the order and no plain
-- `=`, so that only the index that begins with it gives that order. With `=`, the one without it looks as cheap
-- if most bookings are in that state, though the first tens of thousands may not be: the newest completed ones
-- are behind all that are to come.

-- By start; `last` is [start, id] of the last one of the page before, or null.
CREATE FUNCTION booking.bookings_by_start(ctx jsonb, f jsonb, last jsonb, max int)
RETURNS TABLE (id uuid, starts_at timestamptz)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    w booking.ways := booking.list_ways(ctx, f);
    after_at timestamptz := greatest((last ->> 0)::timestamptz, booking.listed_from(f));
    after_id uuid := coalesce((last ->> 1)::uuid, '00000000-0000-0000-0000-000000000000');
BEGIN
    IF w.few THEN
        RETURN QUERY
        SELECT b.id, b.starts_at FROM booking.bookings_few(ctx, f, w) b
        WHERE (b.starts_at, b.id) > (after_at, after_id)
        ORDER BY b.starts_at, b.id LIMIT max;
    ELSIF w.customers IS NOT NULL OR w.chefs IS NOT NULL THEN
        RETURN QUERY
        SELECT p.* FROM unnest(w.customers) c (id), LATERAL (
            SELECT b.id, b.starts_at FROM booking.bookings b
            WHERE b.customer_id = c.id AND (b.starts_at, b.id) > (after_at, after_id)
              AND booking.booking_listed(ctx, f, b)
            ORDER BY b.starts_at, b.id LIMIT max) p
        UNION
        SELECT p.* FROM unnest(w.chefs) c (id), LATERAL (
            SELECT b.id, b.starts_at FROM booking.bookings b
            WHERE b.chef_id = c.id AND (b.starts_at, b.id) > (after_at, after_id)
              AND booking.booking_listed(ctx, f, b)
            ORDER BY b.starts_at, b.id LIMIT max) p
        UNION
        SELECT b.id, b.starts_at FROM booking.bookings b
        WHERE b.id = ANY (w.assisted) AND (b.starts_at, b.id) > (after_at, after_id)
          AND booking.booking_listed(ctx, f, b)
        ORDER BY 2, 1 LIMIT max;
    ELSIF w.stations IS NOT NULL AND f ? 'status' THEN
        RETURN QUERY
        SELECT p.* FROM unnest(w.stations) s (id), LATERAL (
            SELECT b.id, b.starts_at FROM booking.bookings b
            WHERE b.station_id = s.id AND b.state = f ->> 'status'
              AND (b.starts_at, b.id) > (after_at, after_id) AND booking.booking_listed(ctx, f, b)
            ORDER BY b.starts_at, b.id LIMIT max) p
        ORDER BY 2, 1 LIMIT max;
    ELSIF w.stations IS NOT NULL THEN
        RETURN QUERY
        SELECT p.* FROM unnest(w.stations) s (id), LATERAL (
            SELECT b.id, b.starts_at FROM booking.bookings b
            WHERE b.station_id = s.id AND (b.starts_at, b.id) > (after_at, after_id)
              AND booking.booking_listed(ctx, f, b)
            ORDER BY b.starts_at, b.id LIMIT max) p
        ORDER BY 2, 1 LIMIT max;
    ELSIF f ? 'status' THEN
        RETURN QUERY
        SELECT b.id, b.starts_at FROM booking.bookings b
        WHERE b.state <= f ->> 'status' AND (b.state, b.starts_at, b.id) > (f ->> 'status', after_at, after_id)
          AND booking.booking_listed(ctx, f - 'status', b)
        ORDER BY b.state, b.starts_at, b.id LIMIT max;
    ELSE
        RETURN QUERY
        SELECT b.id, b.starts_at FROM booking.bookings b
        WHERE (b.starts_at, b.id) > (after_at, after_id) AND booking.booking_listed(ctx, f, b)
        ORDER BY b.starts_at, b.id LIMIT max;
    END IF;
END $$;

-- Newest first; `last` is [created, id]. Of some days' events it takes all and puts them in order; of many
-- days' the newest ones are looked through until there are enough.
CREATE FUNCTION booking.bookings_newest(ctx jsonb, f jsonb, last jsonb, max int)
RETURNS TABLE (id uuid, created_at timestamptz)
LANGUAGE plpgsql STABLE AS $$
DECLARE
    w booking.ways := booking.list_ways(ctx, f);
    before_at timestamptz := coalesce((last ->> 0)::timestamptz, 'infinity');
    before_id uuid := coalesce((last ->> 1)::uuid, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
BEGIN
    IF w.few OR (f ->> 'to')::date - (f ->> 'from')::date <= 31 THEN
        RETURN QUERY
        SELECT b.id, b.created_at FROM booking.bookings_few(ctx, f, w) b
        WHERE (b.created_at, b.id) < (before_at, before_id)
        ORDER BY b.created_at DESC, b.id DESC LIMIT max;
    ELSIF w.customers IS NOT NULL OR w.chefs IS NOT NULL THEN
        RETURN QUERY
        SELECT p.* FROM unnest(w.customers) c (id), LATERAL (
            SELECT b.id, b.created_at FROM booking.bookings b
            WHERE b.customer_id = c.id AND (b.created_at, b.id) < (before_at, before_id)
              AND booking.booking_listed(ctx, f, b)
            ORDER BY b.created_at DESC, b.id DESC LIMIT max) p
        UNION
        SELECT p.* FROM unnest(w.chefs) c (id), LATERAL (
            SELECT b.id, b.created_at FROM booking.bookings b
            WHERE b.chef_id = c.id AND (b.created_at, b.id) < (before_at, before_id)
              AND booking.booking_listed(ctx, f, b)
            ORDER BY b.created_at DESC, b.id DESC LIMIT max) p
        UNION
        SELECT b.id, b.created_at FROM booking.bookings b
        WHERE b.id = ANY (w.assisted) AND (b.created_at, b.id) < (before_at, before_id)
          AND booking.booking_listed(ctx, f, b)
        ORDER BY 2 DESC, 1 DESC LIMIT max;
    ELSIF w.stations IS NOT NULL AND f ? 'status' THEN
        RETURN QUERY
        SELECT p.* FROM unnest(w.stations) s (id), LATERAL (
            SELECT b.id, b.created_at FROM booking.bookings b
            WHERE b.station_id = s.id AND b.state = f ->> 'status'
              AND (b.created_at, b.id) < (before_at, before_id) AND booking.booking_listed(ctx, f, b)
            ORDER BY b.created_at DESC, b.id DESC LIMIT max) p
        ORDER BY 2 DESC, 1 DESC LIMIT max;
    ELSIF w.stations IS NOT NULL THEN
        RETURN QUERY
        SELECT p.* FROM unnest(w.stations) s (id), LATERAL (
            SELECT b.id, b.created_at FROM booking.bookings b
            WHERE b.station_id = s.id AND (b.created_at, b.id) < (before_at, before_id)
              AND booking.booking_listed(ctx, f, b)
            ORDER BY b.created_at DESC, b.id DESC LIMIT max) p
        ORDER BY 2 DESC, 1 DESC LIMIT max;
    ELSIF f ? 'status' THEN
        RETURN QUERY
        SELECT b.id, b.created_at FROM booking.bookings b
        WHERE b.state >= f ->> 'status' AND (b.state, b.created_at, b.id) < (f ->> 'status', before_at, before_id)
          AND booking.booking_listed(ctx, f - 'status', b)
        ORDER BY b.state DESC, b.created_at DESC, b.id DESC LIMIT max;
    ELSE
        RETURN QUERY
        SELECT b.id, b.created_at FROM booking.bookings b
        WHERE (b.created_at, b.id) < (before_at, before_id) AND booking.booking_listed(ctx, f, b)
        ORDER BY b.created_at DESC, b.id DESC LIMIT max;
    END IF;
END $$;

COMMIT;
