-- write: sets the limit of an operation, or with null takes it away; as rate_limit_get
-- $2 operation, $3 limit, $4 entity tag that was read, $5 reason
SELECT l.body, l.body->>'version' AS etag,
       CASE WHEN l.body IS NULL
            THEN (SELECT jsonb_agg(DISTINCT o.name) FROM bus.operations o) END AS operations
  FROM bus.rate_limit_set($1::jsonb, $2, $3::jsonb, $4, $5) AS l (body)
