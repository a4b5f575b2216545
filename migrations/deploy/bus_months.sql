-- Deploy hibachi:bus_months to pg
-- requires: bus_watch
--
-- The months of the logs: those to come are made ahead, those that passed while nobody did are made up for, and
-- old ones are dropped. Without upkeep nothing fails: rows go to the default partition, and move later.
BEGIN;

-- So many whole months are kept; a log without a row is kept for ever.
CREATE TABLE bus.retention (
    log    text PRIMARY KEY CHECK (log IN ('events', 'audit_log')),
    months int  NOT NULL CHECK (months >= 1)
);
INSERT INTO bus.retention (log, months) VALUES ('events', 13);

-- Months of which rows are in the default partition, oldest first, and how many; `most` rows are counted.
CREATE FUNCTION bus.months_waiting(log text, most bigint) RETURNS TABLE (month timestamp, n bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    RETURN QUERY EXECUTE format(
        $q$SELECT date_trunc('month', w.at AT TIME ZONE 'UTC'), count(*)
           FROM (SELECT d.at FROM bus.%I d LIMIT $1) w GROUP BY 1 ORDER BY 1 LIMIT 24$q$, log || '_default')
    USING most;
END $$;

-- Months that lack their partition: this one, the next three, and those that rows wait for. More than `most` rows are
-- not moved: that would take longer than a service has for a statement.
CREATE FUNCTION bus.months_lacking(ctx jsonb, log text, most bigint) RETURNS TABLE (month timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp AS $$
    WITH waiting AS MATERIALIZED (
        SELECT w.* FROM bus.months_waiting(months_lacking.log, months_lacking.most + 1) w)
    SELECT m.month AT TIME ZONE 'UTC'
    FROM (SELECT date_trunc('month', (ctx->>'now')::timestamptz AT TIME ZONE 'UTC')
                 + make_interval(months => ahead) AS month
          FROM generate_series(0, 3) AS ahead
          UNION SELECT w.month FROM waiting w) m
    WHERE to_regclass(format('bus.%I', months_lacking.log || to_char(m.month, '_YYYY_MM'))) IS NULL
      AND (SELECT coalesce(sum(w.n), 0) FROM waiting w) <= months_lacking.most
    ORDER BY m.month;
$$;

-- How many months after this one have their partitions, in both logs, without a gap: 0 to 3; -1: this one has none.
CREATE FUNCTION bus.months_ahead(ctx jsonb) RETURNS int
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT coalesce(min(m.n) FILTER (WHERE NOT m.there), 4)::int - 1
    FROM (SELECT n, bool_and(to_regclass(format('bus.%I', log || to_char(
                 date_trunc('month', (ctx->>'now')::timestamptz AT TIME ZONE 'UTC') + make_interval(months => n),
                 '_YYYY_MM'))) IS NOT NULL) AS there
          FROM generate_series(0, 3) AS n, unnest('{events,audit_log}'::text[]) AS log
          GROUP BY n) m;
$$;

-- Months of a log that are over and older than what is kept; of events only what every consumer has read.
CREATE FUNCTION bus.months_over(ctx jsonb, log text) RETURNS TABLE (name text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    unread boolean;
BEGIN
    FOR months_over.name IN
        SELECT c.relname FROM bus.retention r
        JOIN pg_inherits i ON i.inhparent = to_regclass(format('bus.%I', r.log))
        JOIN pg_class c ON c.oid = i.inhrelid AND c.relname ~ '_[0-9]{4}_[0-9]{2}$'
        WHERE r.log = months_over.log
          AND to_date(right(c.relname, 7), 'YYYY_MM') + make_interval(months => r.months + 1)
              <= (ctx->>'now')::timestamptz AT TIME ZONE 'UTC'
        ORDER BY c.relname
    LOOP
        unread := false;
        IF months_over.log = 'events' THEN
            EXECUTE format('SELECT EXISTS (SELECT FROM bus.cursors c WHERE EXISTS (
                            SELECT FROM bus.%I e WHERE (e.txid, e.seq) > (c.txid, c.seq)))', months_over.name)
            INTO unread;
        END IF;
        IF NOT unread THEN
            RETURN NEXT;
        END IF;
    END LOOP;
END $$;

-- The months of one log. Returns whether there was anything to do.
--
-- Everybody is kept out meanwhile, which is once a month and short. Who reads could else have a plan without the new
-- partition, and miss the rows that move there. We wait for a second at most; and hold locks of one log alone, since
-- who writes has some of both: two logs are two transactions.
CREATE FUNCTION bus.log_upkeep(ctx jsonb, log text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp SET lock_timeout = '1s' AS $$
DECLARE
    -- The owner has the time for any number of rows.
    most CONSTANT bigint := CASE WHEN session_user = current_user THEN 1000000000 ELSE 20000 END;
    month record;
BEGIN
    IF NOT EXISTS (SELECT FROM bus.months_lacking(ctx, log_upkeep.log, most))
       AND NOT EXISTS (SELECT FROM bus.months_over(ctx, log_upkeep.log)) THEN
        RETURN false;
    END IF;
    EXECUTE format('LOCK TABLE bus.%I IN ACCESS EXCLUSIVE MODE', log_upkeep.log);
    FOR month IN SELECT * FROM bus.months_lacking(ctx, log_upkeep.log, most) LOOP
        PERFORM bus.partition_add(log_upkeep.log, month.month);
    END LOOP;
    FOR month IN SELECT * FROM bus.months_over(ctx, log_upkeep.log) LOOP
        EXECUTE format('DROP TABLE bus.%I', month.name);
    END LOOP;
    RETURN true;
END $$;

CREATE OR REPLACE FUNCTION bus.partitions_ensure(ctx jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('bus.partitions_ensure', 0));
    PERFORM bus.log_upkeep(ctx, log) FROM unnest('{events,audit_log}'::text[]) AS log;
END $$;

-- Every process calls this hourly; one does it. True: there may be more to do.
CREATE OR REPLACE FUNCTION bus.maintain(ctx jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('bus.maintain', 0)) THEN
        RETURN false;
    END IF;
    DELETE FROM bus.revocations r WHERE r.at < (ctx->>'now')::timestamptz - interval '1 day';
    -- More than were written in the hour, and never so many that it takes long.
    FOR batch IN 1..20 LOOP
        EXIT WHEN bus.idempotency_purge(ctx) < 10000;
    END LOOP;
    PERFORM bus.events_forget(ctx);
    IF bus.log_upkeep(ctx, 'events') THEN
        RETURN true;
    END IF;
    RETURN bus.log_upkeep(ctx, 'audit_log');
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA bus FROM PUBLIC;
GRANT EXECUTE ON FUNCTION bus.months_ahead TO mh_service;

COMMIT;
