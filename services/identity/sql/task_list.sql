-- read: jobs, newest first
-- $2 state, $3 cursor, $4 limit
SELECT body, next FROM bus.task_list($1::jsonb, $2, $3::bigint, $4::int)
