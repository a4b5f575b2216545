-- Verify hibachi:bus_idempotency on pg
BEGIN;

DO $$
DECLARE
    ctx jsonb := '{"now": "2026-03-01T09:00:00Z", "key": "k", "fingerprint": "f"}';
BEGIN
    ASSERT bus.reply_claim(ctx), 'a new key is claimed';
    ASSERT bus.reply_store(ctx, 201, 'text') = 'text', 'the reply passes through';
    ASSERT (SELECT status = 201 AND body = 'text' FROM bus.reply_stored(ctx)), 'and is kept';
    ASSERT NOT has_table_privilege('mh_service', 'bus.idempotency', 'SELECT,INSERT,UPDATE,DELETE'),
        'through functions only';
END $$;

ROLLBACK;
