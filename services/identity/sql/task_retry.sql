-- write: queues a parked job once more
SELECT t.body FROM bus.task_retry($1::jsonb, $2::bigint, $3) AS t (body) WHERE t.body IS NOT NULL
