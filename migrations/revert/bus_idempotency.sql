-- Revert hibachi:bus_idempotency from pg
BEGIN;

DROP FUNCTION bus.idempotency_purge, bus.reply_stored, bus.reply_store, bus.reply_claim,
    bus.idempotency_caller;
DROP TABLE bus.idempotency;

COMMIT;
