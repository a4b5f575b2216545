-- Revert hibachi:bus_schema from pg
BEGIN;

DROP FUNCTION bus.schema, bus.schema_contract;
DROP TABLE bus.schema_needs;

COMMIT;
