-- write: the job failed: again in $5 milliseconds, or parked when null
SELECT bus.job_fail($1::jsonb, $2::bigint, $3::bigint, $4, $5::bigint) AS held
