-- Verify hibachi:bus_tasks on pg
BEGIN;

DO $$
DECLARE
    ctx jsonb := '{"now": "2026-03-01T09:00:00Z"}';
    task bigint := bus.job(ctx, 'verify.job', '{"kind": "a_word", "name": "Jo", "n": 7, "of":
        ["0198a000-0000-7000-8000-0000000000c1", {"at": "2026-03-01T09:00:00Z", "to": "x"}]}');
BEGIN
    ASSERT bus.task_get(ctx, task)->'payload' = '{"kind": "a_word", "name": "***", "n": 7, "of":
        ["0198a000-0000-7000-8000-0000000000c1", {"at": "2026-03-01T09:00:00Z", "to": "***"}]}',
        'payloads are masked';
    ASSERT bus.text_masked('to jo.li@example.com, +1 (408) 555-0123: 550')
           = 'to ***@example.com, ***: 550', 'and so are errors';
    ASSERT (SELECT body->0->>'kind' = 'verify.job' FROM bus.task_list(ctx, 'queued', NULL, 1)),
        'jobs are listed';
    UPDATE bus.jobs j SET state = 'parked' WHERE j.id = task;
    ASSERT bus.task_retry(ctx, task, 'verify')->>'state' = 'queued', 'a parked one is queued again';
    ASSERT bus.task_cancel(ctx, task, 'verify')->>'kind' = 'verify.job', 'and can be taken away';
    ASSERT bus.task_get(ctx, task) IS NULL, 'it is gone';
    ASSERT NOT has_function_privilege('mh_booking', 'bus.task_retry(jsonb, bigint, text)',
                                      'EXECUTE'), 'by identity alone';
END $$;

ROLLBACK;
