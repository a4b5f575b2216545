-- write: hands a consumer its next events and moves its cursor, in one transaction
SELECT b->'events' AS events, b->>'more' AS more, b->>'held' AS held, b->>'parked' AS parked
FROM bus.consume($1::jsonb, $2, string_to_array($3, ' '), $4, $5::int, $6::boolean) AS b
