-- write: a batch of what the service keeps of a person; queues the next one, or says that this was all
-- $2 the job's payload, $3 the box, $4 where the next one begins or null
SELECT bus.export_part_add($1::jsonb, $2::jsonb, $3, $4::jsonb)
