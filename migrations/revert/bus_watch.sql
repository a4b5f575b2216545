-- Revert hibachi:bus_watch from pg
BEGIN;

DROP FUNCTION bus.maintain, bus.watch, bus.revoke, bus.feature_set, bus.bump;
DROP TABLE bus.revocations, bus.features, bus.versions;

COMMIT;
