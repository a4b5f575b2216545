-- write: takes due jobs under a lease; one row a job, or one without when there is none
SELECT j->>'id' AS id, j->>'fence' AS fence, j->>'attempt' AS attempt, j->>'kind' AS kind,
       j->'payload' AS payload, b->>'next_ms' AS next_ms
FROM bus.job_claim($1::jsonb, $2::jsonb, $3) AS b
LEFT JOIN LATERAL jsonb_array_elements(b->'jobs') AS j ON true
