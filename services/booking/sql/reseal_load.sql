-- read: texts that are not sealed with the newest key, some at a time, one table after the other
-- $2 id of that key, $3 {part, after}, $4 how many
SELECT o.id, o.purpose, o.sealed FROM booking.sealed_old($1::jsonb, $2, $3::jsonb, $4::int) o
