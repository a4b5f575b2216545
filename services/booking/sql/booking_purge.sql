-- write: the job that removes what was deleted 30 days ago
SELECT booking.booking_purge($1::jsonb, ($2::jsonb ->> 'booking_id')::uuid)
