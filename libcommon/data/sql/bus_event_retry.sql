-- write: gives a parked event to its consumer once more, for an operator
SELECT '{}' AS body WHERE bus.parked_event_retry($1::jsonb, $2, $3::uuid)
