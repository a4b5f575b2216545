-- write: queues a parked job once more, for an operator
SELECT '{}' AS body WHERE bus.job_retry($1::jsonb, $2::bigint)
