-- write: lengthens a lease while the job runs
SELECT bus.job_renew($1::jsonb, $2::bigint, $3::bigint, $4::int) AS held
