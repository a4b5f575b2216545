-- Verify hibachi:bus_jobs on pg
BEGIN;

DO $$
DECLARE
    ctx jsonb := '{"now": "2026-03-01T09:00:00Z"}';
    id bigint := bus.job(ctx, 'verify.job', '{}', NULL, 'same');
BEGIN
    ASSERT bus.job(ctx, 'verify.job', '{}', NULL, 'same') = id, 'unique keys join';
    ASSERT NOT bus.job_finish(ctx, id, 1), 'only the holder finishes';
    ASSERT has_function_privilege('mh_service', 'bus.job_claim(jsonb, jsonb, text)', 'EXECUTE'),
        'services may claim';
    ASSERT NOT has_table_privilege('mh_service', 'bus.jobs', 'SELECT,INSERT,UPDATE,DELETE'),
        'through functions only';
END $$;

ROLLBACK;
