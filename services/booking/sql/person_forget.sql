-- write: the person of an account that is gone for good is forgotten, when his last event is over
SELECT booking.person_forget($1::jsonb, ($2::jsonb ->> 'user_id')::uuid)
