-- write: cancels, with the share that is given back
SELECT body, etag
FROM booking.booking_cancel($1::jsonb, $2::uuid, $3::int, $4::jsonb ->> 'reason',
                            ($4::jsonb ->> 'refund_percent')::int)
