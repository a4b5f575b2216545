-- write: takes due jobs under a lease
SELECT bus.job_claim($1::jsonb, $2::jsonb, $3) AS body
