-- read: an operation and the limit that was set for it; when there is none of that name, all names
SELECT l.body, l.body->>'version' AS etag,
       CASE WHEN l.body IS NULL
            THEN (SELECT jsonb_agg(DISTINCT o.name) FROM bus.operations o) END AS operations
  FROM bus.rate_limit_json($2) AS l (body) WHERE $1::jsonb IS NOT NULL
