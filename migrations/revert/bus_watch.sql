-- Revert hibachi:bus_watch from pg
BEGIN;

DROP FUNCTION bus.maintain, bus.events_forget, bus.watch, bus.revoke, bus.feature_set, bus.bump;
DROP INDEX bus.events_personal;
DROP TABLE bus.revocations, bus.features, bus.versions;

COMMIT;
