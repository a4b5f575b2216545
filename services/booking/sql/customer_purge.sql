-- write: the person is forgotten, if still deleted
SELECT booking.customer_purge($1::jsonb, ($2::jsonb ->> 'customer_id')::uuid) AS purged
