-- read: jobs in state $2 (null: any) before the id $3 (null: newest), at most $4, for an operator
SELECT body, next FROM bus.jobs_list($1::jsonb, $2, $3::bigint, $4::int)
