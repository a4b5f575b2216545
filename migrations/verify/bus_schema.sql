-- Verify hibachi:bus_schema on pg
BEGIN;

DO $$
BEGIN
    ASSERT (bus.schema()->>'has')::int >= 2, 'the changes are counted';
    PERFORM bus.schema_contract('extensions');
    ASSERT (bus.schema()->>'needs')::int >= 2, 'and have a number';
    BEGIN
        PERFORM bus.schema_contract('nothing of the kind');
        ASSERT false, 'a change that is none is refused';
    EXCEPTION WHEN raise_exception THEN
        NULL;
    END;
END $$;

ROLLBACK;
