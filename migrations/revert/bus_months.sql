-- Revert hibachi:bus_months from pg
BEGIN;

CREATE OR REPLACE FUNCTION bus.maintain(ctx jsonb) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('bus.maintain', 0)) THEN
        RETURN false;
    END IF;
    PERFORM bus.partitions_ensure(ctx);
    DELETE FROM bus.revocations r WHERE r.at < (ctx->>'now')::timestamptz - interval '1 day';
    FOR batch IN 1..20 LOOP
        EXIT WHEN bus.idempotency_purge(ctx) < 10000;
    END LOOP;
    PERFORM bus.events_forget(ctx);
    RETURN true;
END $$;

CREATE OR REPLACE FUNCTION bus.partitions_ensure(ctx jsonb) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    this_month timestamptz := date_trunc('month', (ctx->>'now')::timestamptz, 'UTC');
BEGIN
    PERFORM pg_advisory_xact_lock(hashtextextended('bus.partitions_ensure', 0));
    FOR ahead IN 0..3 LOOP
        PERFORM bus.partition_add(log, (this_month AT TIME ZONE 'UTC'
                                        + make_interval(months => ahead)) AT TIME ZONE 'UTC')
        FROM unnest('{events,audit_log}'::text[]) AS log;
    END LOOP;
END $$;

DROP FUNCTION bus.log_upkeep, bus.months_over, bus.months_ahead, bus.months_lacking, bus.months_waiting;
DROP TABLE bus.retention;

COMMIT;
