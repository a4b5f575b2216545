-- write: texts that were sealed anew; what changed meanwhile stays. Queues the next batch
-- $2 [{id, was, now}], $3 {part, after}, $4 the last id of a batch that was full, or null
SELECT booking.sealed_store($1::jsonb, $2::jsonb, $3::jsonb, $4::uuid) AS sealed
