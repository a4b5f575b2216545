-- Revert hibachi:bus_tasks from pg
BEGIN;

DROP FUNCTION bus.queues, bus.task_cancel, bus.task_retry, bus.task_take, bus.task_get,
    bus.task_list, bus.task_json, bus.json_masked, bus.text_masked;

COMMIT;
