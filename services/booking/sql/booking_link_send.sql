-- write: sends the customer the link to his booking again
SELECT body FROM booking.link_send($1::jsonb, $2::uuid, $3::jsonb)
