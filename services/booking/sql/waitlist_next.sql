-- write: the job that tells the next one, when a time is still free that somebody was told of
SELECT booking.waitlist_tell($1::jsonb, ($2::jsonb ->> 'station_id')::uuid, ($2::jsonb ->> 'event_date')::date)
