-- read: how many jobs and events wait where
SELECT bus.queues($1::jsonb) AS body
