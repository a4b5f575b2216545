-- write: the job is done, if it is still ours
SELECT bus.job_finish($1::jsonb, $2::bigint, $3::bigint) AS held
