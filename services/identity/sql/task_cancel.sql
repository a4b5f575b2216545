-- write: takes a job away that does not run
SELECT t.body FROM bus.task_cancel($1::jsonb, $2::bigint, $3) AS t (body) WHERE t.body IS NOT NULL
