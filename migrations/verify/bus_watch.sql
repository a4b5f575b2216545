-- Verify hibachi:bus_watch on pg
BEGIN;

DO $$
DECLARE
    ctx jsonb := '{"now": "2026-03-01T09:00:00Z"}';
    seen jsonb;
BEGIN
    PERFORM bus.bump(ctx, 'verify');
    PERFORM bus.feature_set(ctx, 'FEATURE_VERIFY', false, 'verify');
    PERFORM bus.revoke(ctx, '00000000-0000-4000-8000-000000000000', NULL, 1);
    seen := bus.watch(ctx, '2026-03-01T09:00:30Z');
    ASSERT (seen->'versions') ? 'verify' AND (seen->'features_off') ? 'FEATURE_VERIFY'
           AND jsonb_array_length(seen->'revocations') >= 1, 'a process sees all three';
    ASSERT has_function_privilege('mh_identity', 'bus.revoke(jsonb, uuid, uuid, int)', 'EXECUTE')
           AND NOT has_function_privilege('mh_booking', 'bus.revoke(jsonb, uuid, uuid, int)', 'EXECUTE'),
        'identity alone revokes';
END $$;

ROLLBACK;
