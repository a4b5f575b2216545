-- read: one job with its payload, masked
SELECT t.body FROM bus.task_get($1::jsonb, $2::bigint) AS t (body) WHERE t.body IS NOT NULL
