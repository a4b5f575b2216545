-- Verify hibachi:bus_months on pg
BEGIN;

DO $$
DECLARE
    ctx jsonb := '{"now": "2131-05-31T23:59:59Z"}';
    later jsonb := '{"now": "2132-06-30T23:59:59Z"}';
    event uuid := bus.emit(ctx, 'verify.months', 'x', '{}');
BEGIN
    ASSERT bus.months_ahead(ctx) = -1, 'no month is there';
    PERFORM bus.partitions_ensure(later);
    ASSERT bus.months_ahead(later) = 3, 'three are made ahead';
    ASSERT (SELECT count(*) = 1 FROM bus.events_2131_05 e WHERE e.id = event), 'and the one of an old row';
    DELETE FROM bus.cursors;
    ASSERT NOT EXISTS (SELECT FROM bus.months_over(later, 'events') m
                       WHERE m.name = 'events_2131_05'), 'kept for 13 whole months';
    ASSERT EXISTS (SELECT FROM bus.months_over('{"now": "2132-07-01T00:00:00Z"}', 'events') m
                   WHERE m.name = 'events_2131_05'), 'and no longer';
END $$;

ROLLBACK;
