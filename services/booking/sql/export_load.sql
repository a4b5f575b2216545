-- read: a batch of what is kept of a person; $2 {user_id, after}, $3 how many
SELECT i.item, i.place AS after
FROM booking.export_items(($2::jsonb ->> 'user_id')::uuid, $2::jsonb -> 'after', $3::int) i
WHERE $1::jsonb IS NOT NULL
