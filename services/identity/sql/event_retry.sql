-- write: gives a parked event to its consumer once more
SELECT NULL AS body WHERE bus.parked_event_retry($1::jsonb, $2, $3::uuid)
