-- write: a note for staff
SELECT body FROM booking.note_add($1::jsonb, $2::uuid, $3::jsonb ->> 'text')
