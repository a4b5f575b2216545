-- write: changes details of a booking; $4 is the patch, $5 its new price or null
SELECT body, etag
FROM booking.booking_update($1::jsonb, $2::uuid, $3::int,
    $4::jsonb || CASE WHEN $4::jsonb ? 'venue_zip'
                      THEN jsonb_build_object('venue_zip', left($4::jsonb ->> 'venue_zip', 5))
                      ELSE '{}' END,
    $5::jsonb)
