-- Deploy hibachi:bus_schema to pg
-- requires: bus
--
-- Which programs this schema is for. A program knows so many changes of the plan, which only grows; the
-- schema has to have them all, and may ask for programs that know more: a migration that contracts says so,
-- once every program that runs is new enough.
BEGIN;

CREATE TABLE bus.schema_needs (
    change text PRIMARY KEY, -- of the plan: programs have to know it
    needs  int  NOT NULL     -- its number there
);

-- For a migration that takes away what older programs use: from here on programs have to know `change`.
CREATE FUNCTION bus.schema_contract(change text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    INSERT INTO bus.schema_needs (change, needs)
    SELECT schema_contract.change, count(*)
    FROM sqitch.changes c JOIN sqitch.changes k ON k.project = c.project
    WHERE c.project = 'hibachi' AND k.change = schema_contract.change AND c.committed_at <= k.committed_at
    HAVING count(*) > 0;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'there is no change %', schema_contract.change;
    END IF;
END $$;

-- {has: so many changes, or null where Sqitch did not make them; needs: programs have to know so many}
CREATE FUNCTION bus.schema() RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    has int;
BEGIN
    IF to_regclass('sqitch.changes') IS NOT NULL THEN
        SELECT count(*) INTO has FROM sqitch.changes c WHERE c.project = 'hibachi';
    END IF;
    RETURN jsonb_build_object('has', has, 'needs', (SELECT coalesce(max(n.needs), 0) FROM bus.schema_needs n));
END $$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA bus FROM PUBLIC;
GRANT EXECUTE ON FUNCTION bus.schema TO mh_service;

COMMIT;
