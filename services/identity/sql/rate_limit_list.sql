-- read: the operations of all services, and the limits that were set for them
-- $2 service, $3 only those with or without a limit, $4 cursor, $5 limit
WITH page AS (
    SELECT DISTINCT n.name
      FROM (SELECT o.name FROM bus.operations o WHERE $2::text IS NULL OR o.service = $2
            UNION ALL
            SELECT r.operation FROM bus.rate_limits r WHERE $2::text IS NULL) n
     WHERE ($4::text IS NULL OR n.name > $4)
       AND ($3::boolean IS NULL
            OR $3::boolean = EXISTS (SELECT FROM bus.rate_limits r WHERE r.operation = n.name))
     ORDER BY n.name LIMIT $5::int + 1
), shown AS (
    SELECT p.name FROM page p ORDER BY p.name LIMIT $5::int
)
SELECT coalesce(jsonb_agg(bus.rate_limit_json(s.name) ORDER BY s.name), '[]') AS body,
       CASE WHEN (SELECT count(*) FROM page) > $5::int THEN max(s.name) END AS next
  FROM shown s WHERE $1::jsonb IS NOT NULL
