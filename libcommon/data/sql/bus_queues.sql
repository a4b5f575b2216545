-- read: how many jobs and events wait where, for an operator
SELECT bus.queues($1::jsonb) AS body
