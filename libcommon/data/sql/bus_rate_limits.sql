-- read: the limits that administrators have set for single operations
SELECT bus.rate_limits_all($1::jsonb) AS body
