-- Revert hibachi:identity from pg
--
-- pg_trgm stays: others may use it.
BEGIN;

DROP SCHEMA identity CASCADE;

COMMIT;
