-- write: somebody wanted to book and could not; whoever follows up reads it from the event log
SELECT bus.emit($1::jsonb, 'booking.failed', 'booking',
    ($2::jsonb - '{quote,hold_token,special_requests}'::text[])
    || jsonb_build_object('code', $3::text, 'station_id', $4::uuid, 'user_id', $1::jsonb ->> 'user'))
