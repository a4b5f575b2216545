-- Verify hibachi:bus_exports on pg
BEGIN;

DO $$
DECLARE
    ctx jsonb := '{"now": "2026-03-01T09:00:00Z"}';
    id uuid := '0198a000-0000-7000-8000-0000000000c1';
    job jsonb := jsonb_build_object('export_id', id);
BEGIN
    INSERT INTO bus.export_services (service) VALUES (bus.service());
    PERFORM bus.export_open(ctx, id, id, 'key');
    ASSERT bus.service() = ANY (bus.export_missing(id)), 'who has to answer is missing';
    ASSERT bus.export_part_add(ctx, job, 'one', '[1]'), 'a part is added';
    ASSERT NOT bus.export_part_add(ctx, job, 'again', NULL), 'once';
    ASSERT bus.export_part_add(ctx, job || '{"n": 2}', 'two', NULL);
    ASSERT bus.service() <> ALL (bus.export_missing(id)), 'the last one is the last';
    ASSERT (SELECT array_agg(p.box ORDER BY p.n) FROM bus.export_page(id, 1, 100) p) = '{one,two}';
    ASSERT (SELECT array_agg(p.box || p.pages) FROM bus.export_page(id, 2, 3) p) = '{two2}';
    PERFORM bus.export_end(id);
    ASSERT NOT bus.export_part_add(ctx, job || '{"n": 3}', 'late', NULL), 'what has ended takes none';
    ASSERT bus.person_masked('{"name": "Jo", "email": null, "state": "CA"}')
           = '{"name": "***", "email": null, "state": "CA"}';
    ASSERT NOT has_function_privilege('mh_booking', 'bus.export_page(uuid, int, int)', 'EXECUTE'),
        'only identity reads';
END $$;

ROLLBACK;
