-- write: keeps a time for somebody who is about to book it
SELECT body
FROM booking.hold_create($1::jsonb,
    $2::jsonb || jsonb_build_object('duration_minutes', $3::int, 'venue_zip', left($2::jsonb ->> 'venue_zip', 5)),
    $4::uuid, $5::int, $6::uuid, $7, $8, $9::jsonb)
