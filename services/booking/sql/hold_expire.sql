-- write: the job that ends a hold whose time is over
SELECT booking.hold_expire($1::jsonb, ($2::jsonb ->> 'hold_id')::uuid)
