-- Verify hibachi:bus on pg
BEGIN;

SELECT txid, seq, at, id, type, source, subject, data, request_id, traceparent
FROM bus.events WHERE false;
SELECT at, id, service, actor, role, action, entity, entity_id, before, after, reason, ip,
       user_agent, request_id
FROM bus.audit_log WHERE false;
SELECT consumer, txid, seq, moved_at FROM bus.cursors WHERE false;
SELECT consumer, event_id, event, why, parked_at, retry FROM bus.parked_events WHERE false;

DO $$
DECLARE
    ctx jsonb := '{"now": "2026-03-01T09:00:00Z"}';
    f regproc;
BEGIN
    ASSERT (SELECT count(*) >= 10 FROM pg_inherits
            WHERE inhparent IN ('bus.events'::regclass, 'bus.audit_log'::regclass)),
        'four months and a default each';
    ASSERT bus.emit(ctx, 'verify.done', 'x', '{}') IS NOT NULL, 'an event is taken';
    PERFORM bus.audit(ctx, 'verify', 'bus', 'x', NULL, NULL);
    FOR f IN SELECT p.oid FROM pg_proc p WHERE p.pronamespace = 'bus'::regnamespace LOOP
        ASSERT NOT has_function_privilege('public', f, 'EXECUTE'), f || ' is not for everybody';
    END LOOP;
    ASSERT NOT has_table_privilege('mh_booking', 'bus.events', 'SELECT,INSERT,UPDATE,DELETE')
           AND NOT has_table_privilege('mh_booking', 'bus.audit_log', 'SELECT,INSERT,UPDATE,DELETE')
           AND NOT has_table_privilege('mh_identity', 'bus.audit_log', 'INSERT,UPDATE,DELETE'),
        'services reach the logs through functions';
END $$;

ROLLBACK;
