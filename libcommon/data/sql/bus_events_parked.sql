-- read: the events that consumers refused, for an operator
SELECT bus.parked_events_list($1::jsonb) AS body
