-- write: takes the chef's time, makes the booking, tells of it; the rules are in booking.book()
SELECT body, etag, location
FROM booking.book($1::jsonb,
    $2::jsonb || jsonb_build_object('source', $5::text, 'duration_minutes', $6::int,
                                    'venue_zip', left($2::jsonb ->> 'venue_zip', 5)),
    $3::jsonb, $4::uuid)
